"""Connections to real upstreams: listing, calls, progress, cancellation, failures, and reconnection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.domains.mcp_upstreams.client import client_connections
from agora.domains.mcp_upstreams.client.pool import CONNECTION, ConnectionPool
from agora.domains.mcp_upstreams.port import Endpoint
from agora_sdk.errors import DeadlineExceeded, Overloaded, RateLimited, UpstreamFailed, UpstreamUnavailable
from tests.mcp_upstream import Far, serving, tool
from tests.polling import eventually, wait_until
from tests.unit.domains.mcp_upstreams.conftest import make


async def call(pool: ConnectionPool, endpoint: Endpoint, name: str, /, seconds: float = 60, **arguments: Any) -> Any:
    return await pool.send_request(endpoint, "tools/call", {"name": name, "arguments": arguments}, seconds, None)


async def until(pool: ConnectionPool, state: str) -> None:
    """Wait for a state of the connection, which changes with an event, or with time."""
    await wait_until(lambda: pool.get_condition("default", "ups_1").state == state)


async def test_all_items_are_listed(pool: ConnectionPool, endpoint: Endpoint, far: Far) -> None:
    listing = await pool.read_listing(endpoint)
    found = {(item.kind, item.name) for item in listing.items}
    assert {("tool", name) for name in far.tools} <= found, "all pages"
    assert {("resource", "far://note"), ("template", "far://notes/{id}"), ("prompt", "greet")} <= found
    assert (listing.server_name, listing.server_version, listing.instructions) == ("far", "2.1", "Ask for an echo.")
    assert (listing.protocol_version == "2026-07-28") is far.modern
    assert not [item for item in listing.items if item.reason]


async def test_one_connection_serves_many_calls(pool: ConnectionPool, endpoint: Endpoint, far: Far) -> None:
    answers = await asyncio.gather(*(call(pool, endpoint, "echo", text=str(n)) for n in range(20)))
    assert [answer["content"][0]["text"] for answer in answers] == [str(n) for n in range(20)]
    handshakes = [headers for headers in far.headers if headers.get("mcp-method") == "server/discover"]
    assert len(handshakes) == 1


async def test_structured_content_is_unchanged(pool: ConnectionPool, endpoint: Endpoint) -> None:
    answer = await call(pool, endpoint, "shape")
    assert answer["structuredContent"] == {"n": 1.5, "list": [1, None, {"ä": "ö"}], "text": "x" * 10}
    assert answer["_meta"]["k"] == "v"


@pytest.fixture
def unimported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocol's SDK is imported by the first call, as in a freshly started server."""
    monkeypatch.setattr(CONNECTION, "_target", None)


@pytest.mark.usefixtures("unimported")
async def test_the_first_calls_of_a_subject_share_one_connection(pool: ConnectionPool, far: Far, url: str) -> None:
    endpoint, request = make(url=url, oauth_mode="user"), {"name": "echo", "arguments": {"text": "x"}}
    await asyncio.gather(*(pool.send_request(endpoint, "tools/call", request, 60, None, "agt_1") for _ in range(20)))
    assert len([headers for headers in far.headers if headers.get("mcp-method") == "server/discover"]) == 1


@pytest.mark.usefixtures("unimported")
async def test_the_first_subjects_do_not_exceed_the_limit(
    pool: ConnectionPool, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(client_connections.MAX_CONNECTIONS, "http", 3)
    endpoint, request = make(url=url, oauth_mode="user"), {"name": "echo", "arguments": {"text": "x"}}
    calls = (pool.send_request(endpoint, "tools/call", request, 60, None, f"agt_{n}") for n in range(10))
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(answer, RateLimited) for answer in answers) == 7
    assert sum(isinstance(answer, dict) for answer in answers) == 3


async def test_failed_tool_returns_an_error(pool: ConnectionPool, endpoint: Endpoint) -> None:
    assert (await call(pool, endpoint, "fail"))["isError"] is True
    with pytest.raises(UpstreamFailed, match="far says: not today") as caught:
        await call(pool, endpoint, "refuse")
    assert caught.value.upstream_code == -32050
    assert "outcome" not in caught.value.extra


async def test_progress_is_relayed(pool: ConnectionPool, endpoint: Endpoint) -> None:
    heard: list[Any] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    await pool.send_request(endpoint, "tools/call", {"name": "count", "arguments": {}}, 60, hear)
    assert heard == [(1, 3, "at 1"), (2, 3, "at 2"), (3, 3, "at 3")]


async def test_cancellation_reaches_the_tool(pool: ConnectionPool, endpoint: Endpoint, far: Far) -> None:
    calling = asyncio.create_task(call(pool, endpoint, "slow"))
    await far.began.wait()
    calling.cancel()
    await far.cancelled.wait()
    assert (await call(pool, endpoint, "echo", text="there"))["content"][0]["text"] == "there"


async def test_call_times_out(pool: ConnectionPool, endpoint: Endpoint, far: Far) -> None:
    await call(pool, endpoint, "echo", text="connected")
    with pytest.raises(DeadlineExceeded) as caught:
        await call(pool, endpoint, "slow", seconds=1)
    assert caught.value.outcome == "unknown"
    await far.cancelled.wait()


async def test_number_of_concurrent_calls_is_bounded(pool: ConnectionPool, url: str, far: Far) -> None:
    endpoint = make(url=url, concurrency=1)
    await call(pool, endpoint, "echo", text="connected")
    first = asyncio.create_task(call(pool, endpoint, "slow"))
    await far.began.wait()
    with pytest.raises(Overloaded, match="busy with 1 call"):
        await call(pool, endpoint, "echo", seconds=0.05, text="now")
    waiting = asyncio.create_task(call(pool, endpoint, "echo", text="later"))
    far.go.set()
    assert (await waiting)["content"][0]["text"] == "later"
    assert (await first)["content"][0]["text"] == "done"
    assert pool.get_condition("default", "ups_1").calls == 0


async def test_change_is_detected(pool: ConnectionPool, endpoint: Endpoint, far: Far) -> None:
    await pool.read_listing(endpoint)
    assert pool.list_outdated("default") == []
    if far.modern:
        await far.bus.listened_to.wait()
    else:
        await wait_until(lambda: "GET" in far.methods)

    async def change() -> Any:
        await far.change(tool("new"))
        return pool.list_outdated("default")

    await eventually(change, bool)
    assert "new" in {item.name for item in (await pool.read_listing(endpoint)).items}


async def test_connection_recovers_after_a_restart(pool: ConnectionPool, far: Far) -> None:
    async with serving(far.app()) as url:
        port = int(url.split(":")[2].split("/")[0])
        endpoint = make(url=url)
        await call(pool, endpoint, "echo", text="before")
    async with serving(far.app(), port):
        answer = await call(pool, endpoint, "echo", text="after")
        assert answer["content"][0]["text"] == "after", "a session that was forgotten is begun anew, unseen"


async def test_connection_is_retried_during_an_outage(pool: ConnectionPool, far: Far) -> None:
    async with serving(far.app()) as url:
        port = int(url.split(":")[2].split("/")[0])
        endpoint = make(url=url)
        await call(pool, endpoint, "echo", text="before")
    with pytest.raises(UpstreamUnavailable) as caught:
        await call(pool, endpoint, "echo", text="away")
    assert "outcome" not in caught.value.extra, "it was certainly not done"
    await until(pool, "unavailable")
    assert "cannot be reached" in (pool.get_condition("default", "ups_1").error or "")
    async with serving(far.app(), port):
        await until(pool, "connected")
        assert pool.list_outdated("default") == ["ups_1"], "what it offers now is asked"
        await call(pool, endpoint, "echo", text="after")
    assert [arguments["text"] for _, arguments in far.asked] == ["before", "after"]


async def test_broken_connection_has_an_unknown_outcome(pool: ConnectionPool, far: Far) -> None:
    async with serving(far.app()) as url:
        endpoint = make(url=url)
        calling = asyncio.create_task(call(pool, endpoint, "slow"))
        await far.began.wait()
    with pytest.raises(UpstreamFailed) as caught:
        await calling
    assert caught.value.outcome == "unknown"


async def test_circuit_breaker_opens_and_closes(pool: ConnectionPool, endpoint: Endpoint, far: Far) -> None:
    await call(pool, endpoint, "echo", text="fine")
    far.status = 500
    for _ in range(5):
        with pytest.raises(UpstreamFailed, match="HTTP 500"):
            await call(pool, endpoint, "echo", text="broken")
    asked = len(far.headers)
    with pytest.raises(UpstreamUnavailable, match="5 consecutive calls failed"):
        await call(pool, endpoint, "echo", text="not sent")
    assert len(far.headers) == asked
    far.status = 0
    await until(pool, "connected")
    await call(pool, endpoint, "echo", text="fine again")


async def test_credentials_are_sent_and_their_absence_reported(pool: ConnectionPool, url: str, far: Far) -> None:
    far.token = "s3cret"
    with pytest.raises(UpstreamUnavailable, match="HTTP 401"):
        await call(pool, make(url=url), "echo", text="no")
    sealed = pool.seal_secrets({"Authorization": "Bearer s3cret"}, "ups_1")
    assert sealed is not None
    assert b"s3cret" not in sealed
    good = make(url=url, secrets=sealed, revision=2)
    assert (await call(pool, good, "echo", text="yes"))["content"][0]["text"] == "yes"
    with pytest.raises(UpstreamUnavailable, match="signing key"):
        await call(pool, make(url=url, secrets=sealed, upstream_id="ups_2"), "echo", text="not for another")


async def test_probe_leaves_no_connection(pool: ConnectionPool, endpoint: Endpoint) -> None:
    listing = await pool.probe_listing(endpoint)
    assert listing.server_name == "far"
    assert pool.get_condition("default", "ups_1").state == "idle"


async def test_connections_of_removed_upstreams_are_closed(pool: ConnectionPool, endpoint: Endpoint) -> None:
    pool.set_endpoints("default", [endpoint])
    await pool.open_missing_connections()
    await until(pool, "connected")
    pool.set_endpoints("other", [])
    assert pool.get_condition("default", "ups_1").state == "connected"
    pool.set_endpoints("default", [])
    assert pool.get_condition("default", "ups_1").state == "idle"
