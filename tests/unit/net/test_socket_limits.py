"""Limits of a connection: unfinished requests, oversized heads, unread responses."""

from __future__ import annotations

import asyncio
import contextlib
import json
import select
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from agora.net.uvicorn_protocols import MAX_FRAGMENTS, MAX_PIECE_BYTES, HttpProtocol, WebSocketProtocol
from agora.server.app import App
from tests.harness import Running, make_settings, running
from tests.polling import wait_until

HEAD = b"POST /agora/messaging/send HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500\r\n"

CHUNKED_HEAD = (
    b"POST /agora/messaging/send HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Running]:
    """A server that waits one second for a request, and for its response to be read."""
    settings = make_settings(tmp_path, request_timeout=1, unread_timeout=1, heartbeat_interval=0.5)
    async with running(App(settings)) as server:
        yield server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(App(make_settings(tmp_path))) as server:
        yield server


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", HEAD, HEAD + b'\r\n{"to_agent": "A', b"GET /health HTTP/1.1\r\nhost: x\r\n\r\nGET /he"]
)
async def test_unfinished_request_times_out(hasty: Running, sent: bytes) -> None:
    url = httpx.URL(hasty.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 60)
    assert b"HTTP/1.1 408 Request Timeout" in answer
    assert answer.endswith(b"The request did not arrive in time.\n")
    writer.close()
    await writer.wait_closed()


KEPT_ALIVE = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"
UNFINISHED = {
    "small chunks": CHUNKED_HEAD + b"1\r\n \r\n" * 1000,
    "pipelined requests": KEPT_ALIVE * 150 + b"GET /he",
}


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
async def test_unfinished_request_of_a_used_connection_times_out(hasty: Running, sent: bytes) -> None:
    """Its end is parsed in a later turn than its read."""
    url = httpx.URL(hasty.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(KEPT_ALIVE)
    await reader.readuntil(b"}")
    assert len(sent) > MAX_PIECE_BYTES
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 60)
    assert answer.endswith(b"The request did not arrive in time.\n")
    writer.close()
    await writer.wait_closed()


BODY = b'{"to_agent": "Ada", "content": "A question"}'
CHUNKED = CHUNKED_HEAD + b"%x\r\n%b\r\n" % (len(BODY), BODY)


async def test_endless_input_is_refused_early(server: Running) -> None:
    url = httpx.URL(server.url)
    header = b"GET /health HTTP/1.1\r\nhost: localhost\r\nx-a: "
    for begun in (b"GET /", header, CHUNKED + b"0\r\nx-a: ", CHUNKED + b"1;"):
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(begun + 60_000 * b"a")
        await writer.drain()
        writer.write(600_000 * b"a")
        answer = await asyncio.wait_for(reader.read(1000), 60)
        assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 ")), begun
        writer.transport.abort()


async def test_head_size_is_limited(server: Running) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        for fields in (1, 2000):
            few = {f"x-{number}": "a" * (50_000 // fields - 10) for number in range(fields)}
            assert (await client.get("/health", headers=few)).status_code == 200
            many = {f"x-{number}": (70_000 // fields) * "a" for number in range(fields)}
            with contextlib.suppress(httpx.TransportError):  # refused while the client was still sending
                refused = await client.get("/health", headers=many)
                assert (refused.status_code, refused.text) == (431, "The head of a request has at most 65536 bytes.\n")


async def test_trailers_are_not_treated_as_headers(server: Running) -> None:
    url = httpx.URL(server.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(
        CHUNKED + b"0\r\nauthorization: Bearer nothing\r\nidempotency-key: k\r\n\r\n" + b"GET /health HTTP/1.0\r\n\r\n"
    )
    answer = await asyncio.wait_for(reader.read(), 60)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert b'"queued"' in answer
    assert b'"healthy"' in answer
    writer.close()
    await writer.wait_closed()


async def read_rest(reader: asyncio.StreamReader) -> bytes:
    """Read a response after its status line. Returns its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    return await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))


async def test_pipelined_requests_wait_unparsed(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each parsed request takes a thousand times the memory of its few bytes."""
    count, waiting = 1500, 0
    on_message_complete = HttpProtocol.on_message_complete

    def measure_pipeline(self: HttpProtocol) -> None:
        nonlocal waiting
        waiting = max(waiting, len(self.pipeline))
        on_message_complete(self)

    monkeypatch.setattr(HttpProtocol, "on_message_complete", measure_pipeline)
    url, request = httpx.URL(server.url), b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(request * count)
    async with asyncio.timeout(60):
        for _ in range(count):
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
            await read_rest(reader)
    assert waiting <= MAX_PIECE_BYTES // len(request) + 1
    writer.transport.abort()


async def test_pipelined_bodies_arrive_complete(server: Running) -> None:
    url, requests = httpx.URL(server.url), b""
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        token = (await client.post("/agora/agent/register", json={"agent_name": "Ada"})).json()["token"]
    contents = [letter * 300_000 for letter in "abc"]
    for content in contents:
        body = json.dumps({"to_agent": "Ada", "content": content}).encode()
        requests += HEAD.replace(b"500", b"%d" % len(body)) + b"content-type: application/json\r\n\r\n" + body
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(requests)
    async with asyncio.timeout(60):
        for _ in contents:
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
            await read_rest(reader)
    writer.transport.abort()
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        headers = {"Authorization": f"Bearer {token}"}
        messages = (await client.get("/agora/messaging/receive", headers=headers)).json()["messages"]
    assert [message["content"] for message in messages] == contents


async def test_small_chunks_do_not_block_others(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read holds more than 40,000 of them."""
    sent, handled, in_a_turn, seen = 30_000, 0, 0, 0
    on_body = HttpProtocol.on_body

    def count_chunk(self: HttpProtocol, body: bytes) -> None:
        nonlocal handled
        handled += 1
        on_body(self, body)

    monkeypatch.setattr(HttpProtocol, "on_body", count_chunk)
    url = httpx.URL(server.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(CHUNKED_HEAD + b"1\r\n \r\n" * sent + b"0\r\n\r\n")
    async with asyncio.timeout(60):
        while handled < sent:
            await asyncio.sleep(0)
            in_a_turn, seen = max(in_a_turn, handled - seen), handled
        assert (await reader.readline()).startswith(b"HTTP/1.1 4")
    assert in_a_turn <= 3 * MAX_PIECE_BYTES // 6
    writer.transport.abort()


async def test_client_that_does_not_read_is_disconnected(hasty: Running) -> None:
    url = httpx.URL(hasty.url)
    with socket.socket() as idle:
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idle.connect((url.host, url.port))
        idle.sendall(30 * b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n")  # more than the kernel holds
        waiting = select.poll()
        waiting.register(idle, 0)  # reports only the end
        assert await asyncio.to_thread(waiting.poll, 120_000)


@pytest.mark.parametrize("sent", [pytest.param("calls", marks=pytest.mark.long), "pings"])
async def test_websocket_client_that_never_reads_is_disconnected(hasty: Running, sent: str) -> None:
    url = httpx.URL(hasty.url)
    call = b'{"id": "1", "operation": "agora.discovery.list", "arguments": {}}'
    frame = bytes([0x81, 0x80 | len(call)]) + bytes(4) + call
    if sent == "pings":
        frame = 1000 * (bytes([0x89, 0x80 | 125]) + bytes(4 + 125))
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect((url.host, url.port))
        deaf.sendall(
            b"GET /ws HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\r\n"
        )
        deaf.settimeout(120)

        def flood() -> None:
            while True:
                deaf.sendall(frame)

        with pytest.raises(ConnectionError):  # not a TimeoutError: the server ends it
            await asyncio.to_thread(flood)


async def test_invalid_utf_8_closes_a_websocket_without_a_traceback(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect(f"{server.url.replace('http', 'ws')}/ws") as socket:
        await socket.recv()
        await socket.send(b'{"id": "\xff"}', text=True)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1007
    assert not [record for record in caplog.records if record.exc_info]


PONG = bytes([0x8A, 0x80, 0, 0, 0, 0])  # the smallest frame of a client
INVALID_TEXT, CLOSE = bytes([0x81, 0x81, 0, 0, 0, 0, 0xFF]), bytes([0x88, 0x82, 0, 0, 0, 0, 3, 0xE8])
EMPTY_START, EMPTY_FRAGMENT = bytes([0x01, 0x80, 0, 0, 0, 0]), bytes([0x00, 0x80, 0, 0, 0, 0])


async def test_small_websocket_frames_do_not_block_others(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read holds more than 40,000 of them, whose parsing takes more than a second."""
    sent, handled, in_a_turn, seen = 100_000, 0, 0, 0

    def count_pong(self: WebSocketProtocol, frame: object) -> None:
        nonlocal handled
        handled += 1

    monkeypatch.setattr(WebSocketProtocol, "handle_pong", count_pong)
    async with connect(f"{server.url.replace('http', 'ws')}/ws") as socket:
        await socket.recv()
        socket.transport.write(PONG * sent)
        async with asyncio.timeout(60):
            while handled < sent:
                await asyncio.sleep(0)
                in_a_turn, seen = max(in_a_turn, handled - seen), handled
        await socket.ping()  # the socket is still read
    # A loop may read and run the next piece in the same turn.
    assert in_a_turn <= 3 * MAX_PIECE_BYTES // len(PONG)


async def test_large_websocket_message_is_parsed_in_pieces(server: Running) -> None:
    async with connect(f"{server.url.replace('http', 'ws')}/ws") as socket:
        await socket.recv()
        for number in range(3):
            arguments = {"limit": 1, "unknown": "x" * 900_000}
            await socket.send(json.dumps({"id": number, "operation": "agora.discovery.list", "arguments": arguments}))
        answers = [json.loads(await asyncio.wait_for(socket.recv(), 60)) for _ in range(3)]
    assert {answer["id"] for answer in answers} == {0, 1, 2}
    assert {answer["error"]["code"] for answer in answers} == {"invalid_request"}


async def test_fragments_of_a_websocket_message_are_limited(server: Running) -> None:
    """Empty ones are not limited by the size of the message."""
    async with connect(f"{server.url.replace('http', 'ws')}/ws") as socket:
        await socket.recv()
        socket.transport.write(EMPTY_START + EMPTY_FRAGMENT * MAX_FRAGMENTS)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), 60)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1009, "a message has at most 10000 frames")


@pytest.mark.parametrize("message", [EMPTY_START + EMPTY_FRAGMENT * MAX_FRAGMENTS, INVALID_TEXT])
async def test_refused_message_before_a_close_frame_closes_the_connection(
    server: Running, caplog: pytest.LogCaptureFixture, message: bytes
) -> None:
    async with connect(f"{server.url.replace('http', 'ws')}/ws") as socket:
        await socket.recv()
        socket.transport.write(message + CLOSE + PONG * MAX_PIECE_BYTES)
        await asyncio.wait_for(socket.wait_closed(), 20)  # not by the ping timeout
    assert not [record for record in caplog.records if record.exc_info]


async def test_response_may_take_longer_than_the_request_timeout(hasty: Running) -> None:
    async with (
        httpx.AsyncClient(base_url=hasty.url) as client,
        client.stream("GET", "/events", timeout=60) as events,
    ):
        beats = 0
        async for line in events.aiter_lines():
            beats += line.startswith(":") or "heartbeat" in line
            if beats > 4:  # more than two seconds
                break
        assert (await client.get("/health")).status_code == 200
    assert beats > 4


@pytest.mark.parametrize("each", [2])
async def test_streams_of_one_caller_are_bounded(tmp_path: Path, each: int) -> None:
    async with (
        running(App(make_settings(tmp_path, max_streams_each=each))) as server,
        httpx.AsyncClient(base_url=server.url, timeout=60) as client,
    ):
        tokens = [
            (await client.post("/agents/register", json={"agent_name": name})).json()["token"] for name in ("Ada", "Bo")
        ]
        ada, bo = ({"Authorization": f"Bearer {token}"} for token in tokens)
        inbox = "/agora/messaging/receive"
        waiting = asyncio.create_task(client.get(inbox, params={"wait": 30}, headers=ada))
        async with client.stream("GET", "/events", headers=ada) as first:
            assert first.status_code == 200
            await wait_until(lambda: server.app.feed.waiting_calls)
            refused = await client.get("/events", headers=ada)
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert "2 of your streams" in refused.json()["detail"]
            assert (await client.get(inbox, params={"wait": 1}, headers=ada)).status_code == 503
            async with client.stream("GET", "/events", headers=bo) as other:
                assert other.status_code == 200
        await client.post("/agora/messaging/send", json={"to_agent": "Ada", "content": "x"}, headers=bo)
        assert len((await waiting).json()["messages"]) == 1
        async with client.stream("GET", "/events", headers=ada) as again:
            assert again.status_code == 200
