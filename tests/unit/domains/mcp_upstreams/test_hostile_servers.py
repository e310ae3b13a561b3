"""Misbehaving upstreams over HTTP; other callers are unaffected."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from agora.domains.mcp_upstreams.client import throttle as pace
from agora.domains.mcp_upstreams.client.concurrency_limiter import ConcurrencyLimiter
from agora.domains.mcp_upstreams.client.pool import ConnectionPool
from agora.domains.mcp_upstreams.jobs import ListingLimiter
from agora.domains.mcp_upstreams.port import Endpoint
from agora.net import egress_policy as internet
from agora.net.sealing import Sealer
from agora_sdk.errors import AgoraError, DeadlineExceeded, Overloaded, UpstreamFailed
from tests.hostile_upstream import Heard, Rogue, events, message, whole
from tests.polling import wait_until
from tests.unit.domains.mcp_upstreams.conftest import QUICK, make
from tests.unit.domains.mcp_upstreams.test_upstream_connections import call

LISTED = {"ttlMs": 0, "cacheScope": "private"}


@pytest.fixture
def rogue() -> Rogue:
    return Rogue()


@pytest.fixture
async def endpoint(rogue: Rogue) -> AsyncIterator[Endpoint]:
    async with rogue.listening() as url:
        yield make(url=url)


def page(heard: Heard, tools: Any, **more: Any) -> bytes:
    return whole(json.dumps(message(heard, {"tools": tools, **LISTED, **more})).encode())


def define(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object"}, **more}


# -- listings ----------------------------------------------------------------------------------


async def test_oversized_page_is_truncated(pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue) -> None:
    rogue.tools = [define(f"t{number}") for number in range(60_000)]
    listing = await pool.read_listing(endpoint)
    assert len(listing.items) == 1001
    assert "59000 or more were left out" in (listing.items[-1].reason or "")


async def test_endless_pages_are_bounded(pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue) -> None:
    numbers = itertools.count()

    async def endless(heard: Heard) -> None:
        number = next(numbers)
        tools = [define(f"t{number}_{each}") for each in range(50)]
        await heard.say(page(heard, tools, nextCursor=str(number)))

    rogue.answers["tools/list"] = endless
    listing = await pool.read_listing(endpoint)
    assert len(listing.items) == 1001
    assert len(rogue.called("tools/list")) == 20


async def test_endless_empty_pages_are_bounded(pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue) -> None:
    numbers = itertools.count()
    rogue.answers["tools/list"] = lambda heard: heard.say(page(heard, [], nextCursor=str(next(numbers))))
    listing = await pool.read_listing(endpoint)
    assert [item.name for item in listing.items] == ["(more)"]
    assert len(rogue.called("tools/list")) == 100


@pytest.mark.parametrize(
    "tools", [7, "tools", {"a": 1}, None, [None, 7, "x", [], {}], [define("a", annotations=7), define("b")]]
)
async def test_malformed_listings_are_reported(
    pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue, tools: Any
) -> None:
    rogue.tools = tools
    if not isinstance(tools, list):
        with pytest.raises(UpstreamFailed, match="not valid MCP"):
            await pool.read_listing(endpoint)
        return
    listing = await pool.read_listing(endpoint)
    assert [item.name for item in listing.items if item.reason is None] in ([], ["b"])


async def test_listing_times_out(pool: ConnectionPool, rogue: Rogue) -> None:
    async def drip(heard: Heard) -> None:
        await heard.say(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4000000\r\n\r\n")
        while True:
            await heard.say(b" ")
            await asyncio.sleep(0)

    rogue.answers["tools/list"] = drip
    async with rogue.listening() as url:
        endpoint = make(url=url, timeout=1)  # of listings; calls have a timeout of their own
        await call(pool, endpoint, "do")  # connected, so that the short time is that of the listing
        with pytest.raises(DeadlineExceeded):
            await pool.read_listing(endpoint)
        assert (await call(pool, endpoint, "do"))["content"], "the connection is as good as it was"


# -- results -----------------------------------------------------------------------------------

BLOB = 100_000_000
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


async def _flood(heard: Heard, head: bytes, part: bytes) -> None:
    await heard.say(head)
    for _ in range(BLOB // len(part)):
        await heard.say(part)


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (HEAD + b"content-length: %d\r\n\r\n" % BLOB, b"x" * 65_536),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
        (HEAD.replace(b"application/json", b"text/event-stream") + b"\r\n", b"data: " + b"x" * 65_536),
        (HEAD.replace(b"application/json", b"text/event-stream") + b"\r\ndata: ", b"x" * 65_536),
        (HEAD + b"content-length: %d\r\n\r\n[" % BLOB, b"[]," * 20_000),
    ],
)
async def test_oversized_blob_is_not_buffered(
    pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue, head: bytes, part: bytes
) -> None:
    rogue.answers["tools/call"] = lambda heard: _flood(heard, head, part)
    with pytest.raises(UpstreamFailed) as caught:
        await call(pool, endpoint, "do", seconds=20)
    assert caught.value.outcome == "unknown"
    del rogue.answers["tools/call"]
    assert (await call(pool, endpoint, "do"))["content"]


@pytest.mark.parametrize("part", [b"[]", b"{}"])
async def test_response_with_too_many_values_is_refused(
    pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue, part: bytes
) -> None:
    inner = b",".join([part] * 1_000_000)
    body = b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[],"structuredContent":[%b]}}' % inner
    rogue.answers["tools/call"] = lambda heard: heard.say(whole(body))
    with pytest.raises(UpstreamFailed, match="more than 300000 objects and lists"):
        await call(pool, endpoint, "do")


async def test_response_of_maximum_size_is_accepted(pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue) -> None:
    text = "ü" * 3_000_000
    answer: dict[str, Any] = {"content": [{"type": "text", "text": text}]}
    for form in (lambda heard: whole(json.dumps(message(heard, answer), ensure_ascii=False).encode()), None):
        rogue.answers["tools/call"] = lambda heard, form=form: heard.say(
            form(heard)
            if form
            else events(message(heard, answer | {"content": [{"type": "text", "text": "x" * 7_000_000}]}))
        )
        assert len((await call(pool, endpoint, "do"))["content"][0]["text"]) in (3_000_000, 7_000_000)


async def test_deeply_nested_response_is_refused(pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    rogue.answers["tools/call"] = lambda heard: heard.say(whole(body))
    with pytest.raises(UpstreamFailed, match="cannot be read"):
        await call(pool, endpoint, "do")


@pytest.mark.parametrize("after", [b"", b"HTTP/1.1 200 OK\r\n", HEAD + b"content-length: 9\r\n\r\n", HEAD + b"\r\n"])
async def test_call_times_out(pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue, after: bytes) -> None:
    async def hang(heard: Heard) -> None:
        await heard.say(after)
        await asyncio.Event().wait()

    await call(pool, endpoint, "do")  # connected, so that the short time is that of the second call
    rogue.answers["tools/call"] = hang
    with pytest.raises(DeadlineExceeded) as caught:
        await call(pool, endpoint, "do", seconds=0.5)
    assert caught.value.outcome == "unknown"
    del rogue.answers["tools/call"]
    assert (await call(pool, endpoint, "do"))["content"]


async def test_error_text_of_an_upstream_is_truncated(pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue) -> None:
    error = {"code": -32000, "message": "x" * 1_000_000}
    rogue.answers["tools/call"] = lambda heard: heard.say(
        whole(json.dumps({"jsonrpc": "2.0", "id": heard.json["id"], "error": error}).encode())
    )
    with pytest.raises(UpstreamFailed) as caught:
        await call(pool, endpoint, "do")
    assert len(caught.value.detail) < 1000


# -- floods ------------------------------------------------------------------------------------


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record waiting times without waiting."""
    waited: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await real(0)

    monkeypatch.setattr(pace.asyncio, "sleep", sleep)
    return waited


async def test_flood_of_progress_is_throttled(
    pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue, slow: list[float]
) -> None:
    async def flood(heard: Heard) -> None:
        said = {"progressToken": heard.json["params"]["_meta"]["progressToken"], "progress": 1}
        one = {"jsonrpc": "2.0", "method": "notifications/progress", "params": said}
        await heard.say(events(end=False))
        await heard.say(*[events(*[one] * 100, begin=False, end=False)] * 100)
        await heard.say(events(message(heard, {"content": []}), begin=False))

    heard: list[float] = []

    async def hear(done: float, total: float | None, words: str | None) -> None:
        heard.append(done)

    rogue.answers["tools/call"] = flood
    await pool.send_request(endpoint, "tools/call", {"name": "do", "arguments": {}}, 20, hear)
    assert len(heard) == 10_000
    assert sum(slow) > 0.8 * (10_000 - 1000) / 200, "200 a second"


def test_constantly_changing_upstream_is_listed_once_a_minute() -> None:
    now = 1000.0
    restraint, asked = ListingLimiter(lambda: now), 0
    for _ in range(3600):
        now += 1
        asked += restraint.try_acquire(("default", "ups_1"))
        restraint.retain_upstreams("other", set())
    assert 60 <= asked <= 66
    assert restraint.try_acquire(("default", "ups_2"))


# -- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["server/discover", "tools/list", "tools/call"])
async def test_redirect_to_another_origin_is_not_followed(
    pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue, status: int, method: str
) -> None:
    other = Rogue()
    async with other.listening() as url:
        moved = whole(b"", f"{status} Moved", location=url)
        rogue.answers[method] = lambda heard: heard.say(moved)
        asked = pool.read_listing(endpoint) if method == "tools/list" else call(pool, endpoint, "do", seconds=2)
        with pytest.raises(AgoraError):
            await asked
    assert len(rogue.called(method)) >= 1
    assert other.heard == []


async def test_endless_redirects_are_refused(pool: ConnectionPool, endpoint: Endpoint, rogue: Rogue) -> None:
    numbers = itertools.count()
    rogue.answers["tools/call"] = lambda heard: heard.say(whole(b"", "307 Moved", location=f"/mcp?{next(numbers)}"))
    with pytest.raises(AgoraError):
        await call(pool, endpoint, "do")
    assert len(rogue.called("tools/call")) < 40


async def test_dns_rebinding_is_prevented(rogue: Rogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 represents a public address here, 127.0.0.2 a private one."""
    monkeypatch.setattr(internet, "is_public_address", lambda address: address == "127.0.0.1")
    answers: list[Sequence[str]] = []

    async def resolver(host: str, port: int) -> Sequence[str]:
        answers.append(["127.0.0.1"] if not answers else ["127.0.0.2"])
        return answers[-1]

    pool = ConnectionPool(Sealer(b"k" * 32), tuning=QUICK, resolver=resolver)
    async with rogue.listening() as url:
        endpoint = make(url=url.replace("127.0.0.1", "mcp.example.com"), private=False)
        assert (await call(pool, endpoint, "do"))["content"]
        assert (await pool.read_listing(endpoint)).items
        assert len(answers) == 1, "one answer for all: what was checked is what is connected to"
    detail = ""
    async with asyncio.timeout(60):
        while "not a public address" not in detail:  # the server has ended, so its name is resolved again
            with pytest.raises(AgoraError) as caught:
                await call(pool, endpoint, "do")
            detail = caught.value.detail
    await pool.close()


# -- concurrency -------------------------------------------------------------------------------


async def test_calls_of_one_caller_do_not_occupy_an_upstream() -> None:
    turns, done = ConcurrencyLimiter("far", 4), asyncio.Event()

    async def hold(caller: str) -> None:
        async with turns.acquire_slot(caller, 60):
            await done.wait()

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(hold("greedy"))
        await wait_until(lambda: turns.running == 3)
        async with turns.acquire_slot("modest", 1):
            assert turns.running == 4
        with pytest.raises(Overloaded, match="busy with 3 calls"):
            async with turns.acquire_slot("greedy", 0.01):
                pass
        done.set()
    assert (turns.running, turns.active_callers) == (0, 0)


async def test_calls_of_a_serial_upstream_run_one_at_a_time() -> None:
    turns = ConcurrencyLimiter("far", 1)
    async with turns.acquire_slot("a", 1):
        with pytest.raises(Overloaded):
            async with turns.acquire_slot("b", 0.01):
                pass
    async with turns.acquire_slot("b", 1):
        assert turns.running == 1


async def test_queue_of_an_upstream_is_bounded() -> None:
    turns, done = ConcurrencyLimiter("far", 4), asyncio.Event()

    async def hold(caller: str) -> None:
        async with turns.acquire_slot(caller, 60):
            await done.wait()

    async with asyncio.TaskGroup() as group:
        for _ in range(3 * 17):
            group.create_task(hold("greedy"))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="wait for far already"):
            async with turns.acquire_slot("greedy", 60):
                pass
        group.create_task(hold("modest"))
        await wait_until(lambda: turns.running == 4)
        done.set()
    assert turns.active_callers == 0


async def test_cancelled_waiter_leaves_the_queue() -> None:
    turns = ConcurrencyLimiter("far", 1)
    async with turns.acquire_slot("a", 1):
        waiting = asyncio.create_task(_hold(turns, "b"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert (turns.queued, turns.active_callers) == (0, 0)
    async with turns.acquire_slot("c", 0.1):
        pass


async def _hold(turns: ConcurrencyLimiter, caller: str) -> None:
    async with turns.acquire_slot(caller, 60):
        pass
