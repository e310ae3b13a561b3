"""Sessions of the older MCP generation on one server: costs, lifetime, and lossless notifications."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sized
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp_types import JSONRPCResponse

from agora.core.call import Caller
from agora.core.jobs import JobContext
from agora.domains.admin import retention_queries as upkeep
from agora.domains.admin.retention import RetentionController
from agora.domains.client_sessions import queries as client_sessions
from agora.domains.client_sessions import sessions as rules
from agora.protocols.mcp.replay_store import ReplayStore
from agora.protocols.mcp.sessions import CURRENT_SESSION, Sessions
from agora.server.app import App
from agora.store.port import Query, Reader, Tx
from tests.failing_stores import failing_store
from tests.harness import ManualClock, Running, make_settings, running
from tests.polling import wait_until
from tests.unit.protocols.mcp.conftest import register
from tests.unit.protocols.mcp.mcp_clients import LEGACY, Wire, answer

HOURS = 3600


@asynccontextmanager
async def standing(wire: Wire, server: Running, **headers: str) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """Open the session's GET stream: ids and messages, None for those that only advance the position."""
    own = {"mcp-session-id": wire.session, "mcp-protocol-version": LEGACY, "accept": "text/event-stream"}
    async with wire.http.stream("GET", "/mcp", headers=wire.headers(own | headers)) as response:
        assert response.status_code == 200, await response.aread()
        yield _messages(response)


async def _messages(response: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    id = ""
    async for line in response.aiter_lines():
        if line.startswith("id:"):
            id = line.removeprefix("id:").strip()
        elif line.startswith("data:"):
            text = line.removeprefix("data:").strip()
            yield id, json.loads(text) if text else None


async def take(messages: AsyncIterator[tuple[str, Any]], count: int) -> list[tuple[str, Any]]:
    async with asyncio.timeout(60):
        return [await anext(messages) for _ in range(count)]


def methods(messages: list[tuple[str, Any]]) -> set[str]:
    return {message["method"].removeprefix("notifications/") for _, message in messages}


async def rows(app: App, table: str) -> int:
    query = Query(f"select count(*) as number from {table} where tenant_id = :tenant", int)

    async def count(reader: Reader) -> int:
        return await reader.one(query) or 0

    return await app.store.read("default", count)


async def sessions_of_sdk(app: App) -> Sized:
    """Return the SDK's own table of sessions, which has no public name."""
    instances: Sized = (await app.mcp.get_or_load_sdk())._manager._server_instances
    return instances


async def test_request_in_a_session_causes_no_additional_write(wire: Wire, server: Running) -> None:
    await wire.shake_hands()
    for _ in range(3):
        await wire.legacy("tools/list")
        await wire.legacy("tools/call", {"name": "agora.agent.list"})
        await wire.legacy("completion/complete", {"ref": {"type": "ref/prompt", "name": "supervise"}, "argument": {}})
    async with standing(wire, server) as messages:
        await take(messages, 1)
    assert (
        failing_store(server.app).labels.count("mcp.session") == 2
    )  # writes of the handshake; watches are read when the stream begins


async def test_session_survives_a_server_restart(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    async with running(App(settings)) as server, httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        wire = Wire(http)
        await register(wire, "Bob")
        await wire.shake_hands()
        assert (await wire.legacy("resources/subscribe", {"uri": "agora://agents/Bob"})).is_success
        async with standing(wire, server) as messages:
            ((place, nothing),) = await take(messages, 1)
            assert nothing is None
    async with running(App(settings)) as server, httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        back = Wire(http, session=wire.session)
        change = {"agent_id": "Bob", "description": "new"}
        assert "result" in answer(await back.legacy("tools/call", {"name": "agora.agent.update", "arguments": change}))
        async with standing(back, server, **{"last-event-id": place}) as messages:
            (_, (_, told)) = await take(messages, 2)
            assert told["params"]["uri"] == "agora://agents/Bob"


async def test_unused_session_expires_after_a_day(wire: Wire, server: Running, clock: ManualClock) -> None:
    app = server.app
    await wire.shake_hands()
    clock.advance(13 * HOURS)
    assert (await wire.legacy("ping")).is_success  # which postpones its expiry
    clock.advance(23 * HOURS)
    for session in app.mcp.sessions:
        await app.mcp.forget_session(session)
    assert (await wire.legacy("ping")).is_success
    clock.advance(25 * HOURS)
    context = JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, clock)
    for session in app.mcp.sessions:
        await app.mcp.forget_session(session)
    assert (await wire.legacy("ping")).status_code == 404
    assert await rows(app, "client_sessions") == 1
    await RetentionController(context).reconcile("default")
    assert await rows(app, "client_sessions") == 0


async def test_session_with_an_open_stream_does_not_expire(wire: Wire, server: Running, clock: ManualClock) -> None:
    await wire.shake_hands()
    async with standing(wire, server) as messages:
        await take(messages, 1)
        for _ in range(3):
            clock.advance(20 * HOURS)
            await server.app.mcp.session_store.prolong_used_sessions()
    assert (await wire.legacy("ping")).is_success


async def test_number_of_watched_resources_is_bounded(
    wire: Wire, server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_SUBSCRIPTIONS", 2)
    await wire.shake_hands()
    for uri in ("agora://a", "agora://b", "agora://b"):
        assert "result" in answer(await wire.legacy("resources/subscribe", {"uri": uri}))
    refused = answer(await wire.legacy("resources/subscribe", {"uri": "agora://c"}))
    assert refused["error"]["code"] == -32602
    assert "Unsubscribe" in refused["error"]["data"]["fix"]
    assert "result" in answer(await wire.legacy("resources/unsubscribe", {"uri": "agora://a"}))
    for uri in ("agora://" + "x" * 3000, "agora://\0", "agora://\n"):
        assert answer(await wire.legacy("resources/subscribe", {"uri": uri}))["error"]["code"] == -32602
    assert "result" in answer(await wire.legacy("resources/subscribe", {"uri": "agora://c"}))
    assert await rows(server.app, "client_watches") == 2
    headers = wire.headers({"mcp-session-id": wire.session})
    assert (await wire.http.delete("/mcp", headers=headers)).is_success
    assert await rows(server.app, "client_watches") == await rows(server.app, "client_sessions") == 0


async def test_oldest_sessions_beyond_the_limit_are_deleted(
    wire: Wire, server: Running, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_SESSIONS", 2)
    bob = await register(wire, "Bob")
    await bob.shake_hands()
    wires = []
    for _ in range(4):
        wires.append(Wire(wire.http))
        await wires[-1].shake_hands()
        clock.advance(1)
    assert [(await each.legacy("ping")).status_code for each in wires] == [404, 404, 200, 200]
    assert (await bob.legacy("ping")).is_success  # sessions of other callers are counted separately
    assert await rows(server.app, "client_sessions") == 3
    sdk_sessions = await sessions_of_sdk(server.app)
    await wait_until(lambda: len(sdk_sessions) == 3)


async def test_clients_without_a_handshake_count_against_the_limit_of_sessions(
    wire: Wire, server: Running, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_SESSIONS", 2)
    bob = await register(wire, "Bob")
    for number in range(4):
        client = {"io.modelcontextprotocol/clientInfo": {"name": f"client {number}", "version": "1"}}
        call = {"name": "agora_toolsets_enable", "arguments": {"toolsets": ["memory"]}, "_meta": client}
        answered = await bob.modern("tools/call", call)
        assert not answered.json()["result"].get("isError"), answered.text
        clock.advance(1)
    assert await rows(server.app, "client_sessions") == 2


@pytest.mark.parametrize("params", [{}, {"protocolVersion": LEGACY}, {"protocolVersion": 7, "capabilities": []}])
async def test_failed_handshake_leaves_no_session(wire: Wire, server: Running, params: dict[str, Any]) -> None:
    refused = answer(await wire.post(wire.request("initialize", params)))
    assert "error" in refused
    sdk_sessions = await sessions_of_sdk(server.app)
    await wait_until(lambda: not sdk_sessions)
    assert len(server.app.mcp.sessions) == 0
    assert await rows(server.app, "client_sessions") == await rows(server.app, "events") == 0


async def test_oversized_client_info_is_accepted(wire: Wire, server: Running) -> None:
    """Only part of what a client reports about itself is stored."""
    info = {"name": "n" * 50_000, "version": "1", "icons": [{"src": "data:image/png;base64," + "A" * 100_000}]}
    params = {
        "protocolVersion": LEGACY,
        "capabilities": {"experimental": {"x": {"y": "z" * 50_000}}},
        "clientInfo": info,
    }
    response = await wire.post(wire.request("initialize", params))
    wire.session = response.headers["mcp-session-id"]
    (session,) = server.app.mcp.sessions
    assert len(json.dumps(session.client)) < 1000
    await server.app.mcp.forget_session(session)
    assert "result" in answer(await wire.legacy("resources/subscribe", {"uri": "agora://catalogue"}))


async def test_messages_for_a_reconnecting_client_are_limited_in_bytes() -> None:
    """Results of calls may have a megabyte each."""
    caller = Caller("default", "agent_1", "agent", "A", frozenset())
    session = Sessions().create_session(caller, {"protocolVersion": LEGACY})
    entered = CURRENT_SESSION.set(session)
    try:
        store = ReplayStore()
        for number in range(20):
            result = {"content": [{"type": "text", "text": "x" * 1_000_000}]}
            await store.store_event("1", JSONRPCResponse(jsonrpc="2.0", id=number, result=result))
        kept = [message.id for _, _, message in session.replayable_messages]
        assert kept == [16, 17, 18, 19]
        for number in range(200):
            await store.store_event("1", JSONRPCResponse(jsonrpc="2.0", id=number, result={}))
        assert len(session.replayable_messages) == 100
    finally:
        CURRENT_SESSION.reset(entered)


async def test_client_that_missed_too_much_is_notified_of_everything(wire: Wire, server: Running) -> None:
    await register(wire, "Bob")
    await wire.shake_hands()
    assert (await wire.legacy("resources/subscribe", {"uri": "agora://agents/Bob"})).is_success

    async def prune(tx: Tx) -> None:
        await tx.execute(upkeep.delete_old_events, before=2**62, limit=1000)

    await register(wire, "Ada")
    await server.app.store.write("default", prune)
    for after in ("0-ab.1", f"{10**17}-ab.1"):
        async with standing(wire, server, **{"last-event-id": after}) as messages:
            told = [message for message in await take(messages, 5) if message[1]]
        everything = {"resources/updated", "tools/list_changed", "resources/list_changed", "prompts/list_changed"}
        assert methods(told) == everything


async def test_reconnecting_client_replaces_a_dead_connection(wire: Wire, server: Running) -> None:
    """The server may not learn of a lost connection for a long time."""
    await wire.shake_hands()
    async with standing(wire, server) as dead:
        ((place, _),) = await take(dead, 1)
        own = {"mcp-session-id": wire.session, "accept": "text/event-stream"}
        assert (await wire.http.get("/mcp", headers=wire.headers(own))).status_code == 409  # but not without a position
        async with standing(wire, server, **{"last-event-id": place}) as messages:
            await take(messages, 1)
            async with asyncio.timeout(60):
                assert [message async for message in dead] == []
            await register(wire, "Bob")
            assert "tools/list_changed" in methods(await take(messages, 1))


async def test_older_client_gets_only_supported_messages(wire: Wire, server: Running) -> None:
    await wire.shake_hands("2025-06-18")
    own = {"mcp-session-id": wire.session, "mcp-protocol-version": "2025-06-18", "accept": "text/event-stream"}
    async with wire.http.stream("GET", "/mcp", headers=wire.headers(own)) as response:
        await wait_until(lambda: len(server.app.feed) == 1)
        await register(wire, "Bob")
        ((id, told),) = await take(_messages(response), 1)
    assert told["method"].startswith("notifications/")
    assert told["params"]["_meta"]["agora/position"] == int(id.partition("-")[0])


async def test_client_that_does_not_read_is_disconnected(wire: Wire, server: Running) -> None:
    bob = (await wire.http.post("/agents/register", json={"agent_name": "Bob"})).json()["agent_id"]
    await wire.shake_hands()
    (session,) = server.app.mcp.sessions

    async def watch(tx: Tx) -> None:
        for number in range(500):
            uri = f"agora://agents/{bob}/{number}" + "x" * 1900
            await tx.execute(client_sessions.insert_watch, session=session.key, uri=uri, named=uri)

    await server.app.store.write("default", watch)
    feed = server.app.feed
    feed.buffer_limit = 4096
    port = int(server.url.rsplit(":", 1)[1])
    lines = ["GET /mcp HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept: text/event-stream"]
    lines += [f"Mcp-Session-Id: {wire.session}", f"MCP-Protocol-Version: {LEGACY}", "", ""]
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", port))
        deaf.sendall("\r\n".join(lines).encode())
        await wait_until(lambda: len(feed) == 1)
        for number in range(2000):
            change = {"agent_id": "Bob", "description": f"{number}"}
            assert (await wire.http.post("/agora/agent/update", json=change)).is_success
            if feed.live["cut_off"]:
                break
        await wait_until(lambda: not session.running_requests and session.get_stream is None)
    assert (await wire.legacy("ping")).is_success  # the session continues
