"""The HTTP/1.1 client: accepted and refused responses, connection reuse, limits."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agora.domains.mcp_upstreams.client.addresses import AddressRefused, EgressPolicy
from agora.net import http_client as module
from agora.net.http_client import ConnectionLost, HttpClient, send_single_request
from tests.hostile_upstream import Heard, listening, whole
from tests.polling import run_loop_turns, wait_until

PLAIN = ssl.create_default_context()
Run = Callable[[Awaitable[Any]], Any]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Run a coroutine in either kind of loop: transports differ, and servers run in uvloop."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:

        async def bounded(work: Awaitable[Any]) -> Any:
            async with asyncio.timeout(60):
                return await work

        yield lambda work: runner.run(bounded(work))


class Server:
    """Answers each request with the next of its answers, and counts connections and requests."""

    def __init__(self, *answers: bytes | Callable[[Heard], Awaitable[None]]) -> None:
        self.answers, self.heard, self.ports = list(answers), list[Heard](), list[int]()

    async def __call__(self, heard: Heard) -> None:
        self.heard.append(heard)
        self.ports.append(heard.writer.get_extra_info("peername")[1])
        answer = self.answers.pop(0)
        if isinstance(answer, bytes):
            await heard.say(answer)
        else:
            await answer(heard)


@asynccontextmanager
async def posting(server: Server, path: str = "/mcp", seconds: float = 5.0, keepalive: float = 4.0) -> Any:
    async with listening(server) as url:
        courier = HttpClient(url.removesuffix("/mcp") + path, EgressPolicy(private=True), seconds, PLAIN, keepalive)
        try:
            yield courier
        finally:
            courier.close()


async def read(courier: HttpClient, body: bytes = b"{}", **headers: str) -> tuple[int, bytes]:
    reply = await courier.post_body({"host": courier.host, **headers}, body)
    try:
        return reply.status, b"".join([part async for part in reply])
    finally:
        reply.close()


async def until_closed(courier: HttpClient) -> None:
    """Wait until no connection is left, neither in use nor pooled."""
    await wait_until(lambda: not courier.is_connected)


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def test_connection_is_reused(run: Run) -> None:
    server = Server(whole(b"one"), CHUNKED + b"3\r\ntwo\r\n0\r\n\r\n", whole(b""), whole(b"four"))

    async def work() -> None:
        async with posting(server, "/a%20b") as courier:
            found = [await read(courier, b"body", x_own="1") for _ in range(4)]
            assert found == [(200, b"one"), (200, b"two"), (200, b""), (200, b"four")]
        assert len(set(server.ports)) == 1
        assert {heard.head for heard in server.heard} == {"POST /a%20b HTTP/1.1"}
        assert (server.heard[0].body, server.heard[0].headers["x_own"]) == (b"body", "1")

    run(work())


def test_concurrent_requests_use_separate_connections(run: Run) -> None:
    server = Server(*[whole(b"x" * 100_000)] * 20)

    async def work() -> None:
        async with posting(server) as courier:
            found = await asyncio.gather(*(read(courier, b"y" * 300_000) for _ in range(10)))
            assert {len(body) for _, body in found} == {100_000}
            await asyncio.gather(*(read(courier) for _ in range(10)))
        assert len(set(server.ports)) == 10

    run(work())


@pytest.mark.parametrize(
    "answer",
    [
        whole(b"x", connection="close"),
        b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\ny",
    ],
)
def test_closed_connection_is_not_reused(run: Run, answer: bytes) -> None:
    server = Server(answer, whole(b"2"))

    async def work() -> None:
        async with posting(server) as courier:
            assert await read(courier) == (200, b"x")
            await asyncio.sleep(0)
            assert await read(courier) == (200, b"2")
        assert len(set(server.ports)) == 2

    run(work())


def test_unsolicited_data_closes_the_connection(run: Run) -> None:
    said = asyncio.Event()

    async def chatty(heard: Heard) -> None:
        await heard.say(whole(b"1"))
        await said.wait()
        await heard.say(whole(b"not for you"))

    server = Server(chatty, whole(b"2"))

    async def work() -> None:
        async with posting(server) as courier:
            assert await read(courier) == (200, b"1")
            said.set()
            await until_closed(courier)
            assert await read(courier) == (200, b"2")

    run(work())


def test_request_is_repeated_if_the_server_closed_an_idle_connection(run: Run) -> None:
    async def once(heard: Heard) -> None:
        await heard.say(whole(b"1"))
        heard.writer.close()

    server = Server(once, whole(b"2"))

    async def work() -> None:
        async with posting(server) as courier:
            assert await read(courier) == (200, b"1")
            await until_closed(courier)
            assert await read(courier) == (200, b"2")

    run(work())


def test_idle_connection_is_closed(run: Run) -> None:
    async def work() -> None:
        async with posting(Server(whole(b"1")), keepalive=0.01) as courier:
            await read(courier)
            await until_closed(courier)

    run(work())


def test_informational_responses_are_skipped(run: Run) -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"

    async def work() -> None:
        async with posting(Server(early + whole(b"1"), whole(b"2"))) as courier:
            assert await read(courier) == (200, b"1")
            assert await read(courier) == (200, b"2")

    run(work())


def test_body_may_end_with_the_connection(run: Run) -> None:
    async def closing(heard: Heard) -> None:
        await heard.say(b"HTTP/1.1 200 OK\r\n\r\n", b"to the ", b"end")
        heard.writer.close()

    async def work() -> None:
        async with posting(Server(closing)) as courier:
            assert await read(courier) == (200, b"to the end")

    run(work())


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhal",
        CHUNKED + b"5\r\nhal",
        CHUNKED + b"zz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x-a: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x-a: y\r\n" * 20_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
    ],
)
def test_invalid_responses_are_refused(run: Run, answer: bytes) -> None:
    async def broken(heard: Heard) -> None:
        await heard.say(answer)
        heard.writer.close()

    async def work() -> None:
        # An exception that escapes a transport callback reaches only this handler, which logs a traceback.
        escaped: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: escaped.append(context))
        async with posting(Server(broken)) as courier:
            with pytest.raises(ConnectionLost):
                await read(courier)
            await until_closed(courier)
        assert not escaped

    run(work())


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 ",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nx-a: ",
        CHUNKED + b"1;",
        CHUNKED + b"0\r\nx-a: ",
    ],
    ids=["reason", "name", "value", "chunk extension", "trailer"],
)
def test_response_without_end_outside_its_body_is_refused(run: Run, start: bytes) -> None:
    """The parser would collect it without a limit, and copy all of it for each further piece."""
    size, written = 60_000_000, 0

    async def endless(heard: Heard) -> None:
        nonlocal written
        await heard.say(start)
        while written < size:
            await heard.say(b"y" * 100_000)
            written += 100_000
        heard.writer.close()

    async def work() -> None:
        async with posting(Server(endless)) as courier:
            with pytest.raises(ConnectionLost, match="larger than 65536 bytes"):
                await read(courier)
            await until_closed(courier)
        assert written < size // 2  # the rest was in the buffers of both sockets

    run(work())


def test_long_body_may_have_small_chunks(run: Run) -> None:
    async def work() -> None:
        async with posting(Server(CHUNKED + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n")) as courier:
            assert await read(courier) == (200, b"x" * 100_000)

    run(work())


def test_reading_applies_backpressure(run: Run) -> None:
    written = 0

    async def flood(heard: Heard) -> None:
        nonlocal written
        await heard.say(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        while written < 100_000_000:
            await heard.say(b"x" * 1_000_000)
            written += 1_000_000

    async def work() -> None:
        async with posting(Server(flood)) as courier:
            reply = await courier.post_body({"host": courier.host}, b"")
            before = -1
            while written != before:
                before = written
                await run_loop_turns(1000)
            assert written < 50_000_000
            size = 0
            async for part in reply:
                size += len(part)
            assert size == 100_000_000
            reply.close()

    run(work())


def test_disconnection_reaches_the_server(run: Run) -> None:
    begun, left = asyncio.Event(), asyncio.Event()

    async def until_it_is_gone(heard: Heard) -> None:
        begun.set()
        while not heard.writer.transport.is_closing():
            heard.writer.write(b" ")
            await asyncio.sleep(0)
        left.set()

    async def work() -> None:
        async with posting(Server(until_it_is_gone)) as courier:
            calling = asyncio.create_task(courier.post_body({"host": courier.host}, b""))
            await begun.wait()
            calling.cancel()
            await left.wait()
            await until_closed(courier)

    run(work())


def test_refused_connection_is_reported(run: Run) -> None:
    async def work() -> None:
        nobody = HttpClient("http://127.0.0.1:1/", EgressPolicy(private=True), 5, PLAIN)
        with pytest.raises(OSError, match="onnect"):
            await nobody.post_body({}, b"")

    run(work())


def test_connecting_times_out(run: Run) -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async def work() -> None:
        door = EgressPolicy(private=False, resolver=never)
        slow = HttpClient("http://mcp.example.com/", door, 0.01, PLAIN)
        with pytest.raises(OSError, match=r"no connection within 0\.01 s"):
            await slow.post_body({}, b"")

    run(work())


def test_egress_policy_is_consulted(run: Run) -> None:
    async def private(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async def work() -> None:
        door = EgressPolicy(private=False, resolver=private)
        with pytest.raises(AddressRefused):
            await HttpClient("http://mcp.example.com/", door, 5, PLAIN).post_body({}, b"")

    run(work())


def certificate(directory: Path, name: str) -> Path:
    """Create a key and a self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now, now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    key_text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = directory / f"{name}.pem"
    path.write_bytes(key_text + made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return path


class Here(EgressPolicy):
    """Resolves every name to this machine."""

    async def resolve_allowed_address(self, host: str, port: int) -> str:
        return "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "trusted", "good"),
    [("mcp.example.com", True, True), ("mcp.example.com", False, False), ("other.example.com", True, False)],
)
def test_certificate_is_verified_by_name_not_address(
    run: Run, tmp_path: Path, host: str, trusted: bool, good: bool
) -> None:
    path = certificate(tmp_path, "mcp.example.com")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)

    context = ssl.create_default_context()
    if trusted:
        context.load_verify_locations(path)

    async def work() -> None:
        async with listening(Server(whole(b"sealed"), whole(b"again")), tls) as url:
            address = url.replace("http://127.0.0.1", f"https://{host}")
            courier = HttpClient(address, Here(private=False), 5, context)
            if good:
                assert [await read(courier), await read(courier)] == [(200, b"sealed"), (200, b"again")]
            else:
                with pytest.raises(OSError, match=r"(?i)certificate"):
                    await courier.post_body({}, b"")
            courier.close()

    run(work())


@pytest.mark.parametrize("headers", [{"x": "a\r\nb: c"}, {"x\r\ny": "a"}, {"x y": "a"}, {"": "a"}, {"x": "a\x00"}])
def test_header_injection_is_refused(run: Run, headers: dict[str, str]) -> None:
    server = Server()

    async def work() -> None:
        async with posting(server) as courier:
            with pytest.raises(ValueError, match="header"):
                await courier.post_body(headers, b"")
        assert not server.heard

    run(work())


def test_connection_is_released_once(run: Run) -> None:
    """If a connection closed twice were pooled twice, two requests would share it."""
    server = Server(*[whole(b"one")] * 3)

    async def work() -> None:
        async with posting(server) as courier:
            reply = await courier.request("GET", "/other?x=1", {"host": courier.host})
            assert [part async for part in reply] == [b"one"]
            reply.close()
            reply.close()
            first, second = await asyncio.gather(courier.post_body({}, b"{}"), courier.post_body({}, b"{}"))
            for each in (first, second):
                assert [part async for part in each] == [b"one"]
                each.close()
        assert server.heard[0].head == "GET /other?x=1 HTTP/1.1"
        assert len(set(server.ports)) == 2

    run(work())


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://x.example", "/"),
        ("https://x.example/a b?c=d e#f", "/a%20b?c=d%20e"),
        ("https://x.example/%2Fa?b=%20", "/%2Fa?b=%20"),
        ("https://x.example/ä\r\nx: y", "/%C3%A4x:%20y"),
    ],
)
def test_request_target_is_derived_from_the_url(url: str, target: str) -> None:
    assert module.build_request_target(url) == target


def test_urls_without_a_host_are_refused() -> None:
    for url in ("http:///x", "/x", "http://x:99999/"):
        with pytest.raises(ValueError, match=r"host|ort"):
            HttpClient(url, EgressPolicy(private=True), 5, PLAIN)


def test_one_off_request_is_bounded_and_closes_its_connection(run: Run) -> None:
    server = Server(whole(b"[1]"), whole(b"x" * 11), whole(b"12"))

    async def work() -> None:
        policy = EgressPolicy(private=True)
        async with listening(server) as url:
            assert await send_single_request("GET", url, policy, {"x-a": "b"}, seconds=5, max_bytes=10) == (200, b"[1]")
            with pytest.raises(ValueError, match="over 10 bytes"):
                await send_single_request("GET", url, policy, seconds=5, max_bytes=10)
            assert await send_single_request("POST", url, policy, body=b"{}", seconds=5, max_bytes=10) == (200, b"12")

    run(work())
    assert len(set(server.ports)) == 3
    first, _, posted = server.heard
    assert (first.headers["x-a"], first.headers["user-agent"]) == ("b", "agora")
    assert "content-length" not in first.headers, "a simple program takes it for the length of a body"
    assert (posted.headers["content-length"], posted.body) == ("2", b"{}")
