"""MCP sessions of the older protocol generation across replicas: a client keeps its session on whichever server it
reaches."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from agora.protocols.mcp import event_ids as places
from agora.server.app import App
from tests.conformance.engines import PostgresEngine, RunsOn
from tests.conformance.server.test_replicas import SECRETS
from tests.harness import Running, admin_token, make_settings, running
from tests.polling import wait_until
from tests.unit.protocols.mcp.conftest import register
from tests.unit.protocols.mcp.mcp_clients import LEGACY, Wire, answer

RUNS_ON = RunsOn.POSTGRES

Message = tuple[str, Any]


class Pair:
    """Two servers on one database, and a client connection to each."""

    def __init__(self, servers: tuple[Running, Running], wires: tuple[Wire, Wire]) -> None:
        self.servers = self.a, self.b = servers
        self.wires = self.at_a, self.at_b = wires

    async def agent(self, name: str) -> tuple[Wire, Wire]:
        """Return an agent's wires."""
        own = await register(self.at_a, name)
        return own, replace(self.at_b, token=own.token, session="")

    async def shake_hands(self, first: Wire, second: Wire) -> None:
        """Open a session at one server, for use at both."""
        await first.shake_hands()
        second.session = first.session


@pytest.fixture
async def pair(postgres: PostgresEngine, tmp_path: Path) -> AsyncIterator[Pair]:
    directories = tmp_path / "a", tmp_path / "b"
    first = App(make_settings(directories[0]), store=postgres.store())
    async with running(first) as a:
        directories[1].mkdir()
        for name in SECRETS:
            (directories[1] / name).write_bytes((directories[0] / name).read_bytes())
        second = App(make_settings(directories[1]), store=postgres.store())
        async with (
            running(second) as b,
            httpx.AsyncClient(base_url=a.url, timeout=60) as to_a,
            httpx.AsyncClient(base_url=b.url, timeout=60) as to_b,
        ):
            await wait_until(lambda: all(len(server.app.replicas.others) == 1 for server in (a, b)))
            yield Pair((a, b), (Wire(to_a), Wire(to_b)))


@asynccontextmanager
async def standing(wire: Wire, server: Running, **headers: str) -> AsyncIterator[AsyncIterator[Message]]:
    """Open the session's GET stream: ids and messages, None for those that only advance the position."""
    own = {"mcp-session-id": wire.session, "mcp-protocol-version": LEGACY, "accept": "text/event-stream"}
    await wait_until(lambda: not len(server.app.feed))  # the previous one has ended
    async with wire.http.stream("GET", "/mcp", headers=wire.headers(own | headers)) as response:
        assert response.status_code == 200, await response.aread()
        await wait_until(lambda: len(server.app.feed) == 1)
        yield _messages(response)


async def _messages(response: httpx.Response) -> AsyncIterator[Message]:
    id = ""
    async for line in response.aiter_lines():
        if line.startswith("id:"):
            id = line.removeprefix("id:").strip()
        elif line.startswith("data:"):
            text = line.removeprefix("data:").strip()
            yield id, json.loads(text) if text else None


async def updated(messages: AsyncIterator[Message]) -> tuple[str, str]:
    """Return id and URI of the next notification about a resource."""
    async with asyncio.timeout(60):
        while True:
            id, message = await anext(messages)
            if message is not None and message["method"] == "notifications/resources/updated":
                return id, message["params"]["uri"]


async def change(wire: Wire, name: str, description: str) -> None:
    response = await wire.http.post(
        "/agora/agent/update", json={"agent_id": name, "description": description}, headers=wire.headers({})
    )
    assert response.is_success, response.text


async def test_session_is_valid_on_either_server(pair: Pair) -> None:
    (ada, ada_b), (mallory, mallory_b) = await pair.agent("Ada"), await pair.agent("Mallory")
    await pair.shake_hands(ada, ada_b)
    quick = answer(await ada_b.legacy("tools/call", {"name": "agora.agent.list"}))
    assert {agent["agent_name"] for agent in quick["result"]["structuredContent"]["agents"]} == {"Ada", "Mallory"}
    response = await ada_b.legacy("ping")
    assert response.headers["mcp-session-id"] == ada.session
    waiting = {"name": "agora.messaging.receive", "arguments": {"wait": 30}, "_meta": {"progressToken": 7}}
    call = asyncio.create_task(ada_b.legacy("tools/call", waiting))  # by the SDK, which requires initialization
    await wait_until(lambda: bool(pair.b.app.feed.waiting_calls))
    sent = {"to_agent": "Ada", "content": "hello"}
    assert (await mallory.http.post("/agora/messaging/send", json=sent, headers=mallory.headers({}))).is_success
    response = await call
    assert response.headers["mcp-session-id"] == ada.session
    assert answer(response)["result"]["structuredContent"]["messages"][0]["content"] == "hello"
    for wire in (mallory, mallory_b, pair.at_a, pair.at_b):  # it belongs to no other caller
        wire.session = ada.session
        assert (await wire.legacy("tools/list")).status_code == 404
        headers = wire.headers({"mcp-session-id": wire.session, "accept": "text/event-stream"})
        assert (await wire.http.get("/mcp", headers=headers)).status_code == 404
        assert (await wire.http.delete("/mcp", headers=headers)).status_code == 404
    assert (await ada.legacy("tools/list")).status_code == 200
    made = await pair.at_a.http.post("/agora/tenant/create", json={"tenant_id": "acme", "name": "Acme"})
    assert made.is_success, made.text
    await pair.shake_hands(*pair.wires)
    elsewhere = {"x_agora_tenant": "acme", "authorization": f"Bearer {admin_token(pair.a.app.settings)}"}
    assert (await pair.at_b.legacy("tools/list")).status_code == 200
    assert (await pair.at_b.legacy("tools/list", **elsewhere)).status_code == 404  # nor to another tenant


async def test_handshake_may_end_on_another_server(pair: Pair) -> None:
    """A load balancer sends each request to any server."""
    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    response = await pair.at_a.post(pair.at_a.request("initialize", params))
    pair.at_a.session = pair.at_b.session = response.headers["mcp-session-id"]
    told = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    response = await pair.at_b.post(told, {"mcp-session-id": pair.at_b.session})
    assert response.status_code == 202
    await register(pair.at_b, "Bob")
    subscribed = await pair.at_b.legacy("resources/subscribe", {"uri": "agora://agents/Bob"})
    assert answer(subscribed)["result"] == {}
    async with standing(pair.at_a, pair.a) as messages:  # which does not know that the handshake ended
        await change(pair.at_b, "Bob", "new")
        assert (await updated(messages))[1] == "agora://agents/Bob"


async def test_ended_session_is_ended_everywhere(pair: Pair) -> None:
    await pair.shake_hands(*pair.wires)
    assert (await pair.at_b.legacy("tools/list")).status_code == 200
    async with standing(pair.at_a, pair.a) as messages:
        headers = pair.at_b.headers({"mcp-session-id": pair.at_b.session})
        assert (await pair.at_b.http.delete("/mcp", headers=headers)).status_code == 200
        async with asyncio.timeout(60):
            assert [message async for _, message in messages if message] == []
    await wait_until(lambda: not len(pair.a.app.mcp.sessions) and not len(pair.b.app.mcp.sessions))
    for wire in pair.wires:
        assert (await wire.legacy("tools/list")).status_code == 404
        assert (await wire.legacy("resources/subscribe", {"uri": "agora://catalogue"})).status_code == 404
        assert (await wire.http.delete("/mcp", headers=headers)).status_code == 404


async def test_stream_resumes_on_another_server_without_a_gap(pair: Pair) -> None:
    await register(pair.at_a, "Ada")
    await register(pair.at_a, "Bob")
    await pair.shake_hands(*pair.wires)
    uris = ["agora://agents/Ada", "agora://agents/Bob"]
    assert (await pair.at_a.legacy("resources/subscribe", {"uri": uris[0]})).is_success
    async with standing(pair.at_b, pair.b) as messages:
        place, message = await anext(messages)
        assert message is None, "a resume position before the first message"
        await change(pair.at_a, "Ada", "one")
        last, uri = await updated(messages)
        assert uri == uris[0]
        assert (await pair.at_a.legacy("resources/subscribe", {"uri": uris[1]})).is_success
        await change(pair.at_a, "Bob", "two")
        assert (await updated(messages))[1] == uris[1]  # sent by another server
    await change(pair.at_b, "Ada", "three")
    for after in (place, last):
        async with standing(pair.at_a, pair.a, **{"last-event-id": after}) as messages:
            found = {(await updated(messages))[1] for _ in uris}
            assert found == set(uris)
    unsubscribed = await pair.at_b.legacy("resources/unsubscribe", {"uri": uris[0]})
    assert answer(unsubscribed)["result"] == {}
    async with standing(pair.at_a, pair.a, **{"last-event-id": last}) as messages:
        await change(pair.at_b, "Bob", "four")
        assert {(await updated(messages))[1] for _ in range(2)} == {uris[1]}


async def test_requests_bound_to_another_server_are_refused(pair: Pair) -> None:
    """Notifications and questions of a call stay on the server that runs it; no client is left waiting."""
    await pair.shake_hands(*pair.wires)
    for request in (17, "seventeen"):
        body = pair.at_a.request("tools/call", {"name": "agora.event.stream", "arguments": {"wait": 0.01}})
        headers = {"mcp-protocol-version": LEGACY, "mcp-session-id": pair.at_a.session}
        response = await pair.at_a.post(body | {"id": request}, headers)
        (first, *_) = [line for line in response.text.splitlines() if line.startswith("id:")]
        resume = {"last-event-id": first.removeprefix("id:").strip(), "accept": "text/event-stream"}
        async with pair.at_a.http.stream("GET", "/mcp", headers=pair.at_a.headers(headers | resume)) as again:
            _, sent = await anext(_messages(again))  # on the same server they are sent again
        assert sent["id"] == request
        lost = await pair.at_b.http.get("/mcp", headers=pair.at_b.headers(headers | resume))
        found = answer(lost)
        assert (found["id"], found["error"]["data"]["code"]) == (request, "gone")
        assert "idempotency key" in found["error"]["data"]["fix"]
    for given in (
        "nonsense",
        "1-",
        places.build_replayable_event_id("ab", 1),
        places.build_call_event_id("ab", 1, {"a": 1}),
        "9" * 300,
    ):
        resume = {"last-event-id": given, "accept": "text/event-stream"}
        assert (await pair.at_b.http.get("/mcp", headers=pair.at_b.headers(headers | resume))).status_code == 422
    for content in ({"result": {"action": "accept"}}, {"error": {"code": -1, "message": "no"}}):
        response = await pair.at_b.post({"jsonrpc": "2.0", "id": 1, **content}, headers)
        # a server with part of the session leaves the answer to the SDK; one without has asked nothing
        assert response.status_code == 409
        assert "no pending request" in response.json()["detail"]


async def test_call_is_cancelled_from_another_server(pair: Pair) -> None:
    """A claim without a waiter takes no task."""
    ada, ada_b = await pair.agent("Ada")
    await pair.shake_hands(ada, ada_b)
    headers = {"mcp-protocol-version": LEGACY, "mcp-session-id": ada.session}
    claim = ada.request("tools/call", {"name": "agora.task.claim", "arguments": {"wait": 50}})
    waiting = asyncio.create_task(ada.post(claim | {"id": "claim"}, headers))
    await wait_until(lambda: bool(pair.a.app.feed.waiting_calls))
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled"}
    for odd in ({}, {"requestId": None}, {"requestId": True}, {"requestId": "x" * 999}, {"requestId": "other"}, []):
        assert (await ada_b.post(cancelled | {"params": odd}, headers)).status_code == 202
    assert not waiting.done()
    assert (await ada_b.post(cancelled | {"params": {"requestId": "claim"}}, headers)).status_code == 202
    async with asyncio.timeout(60):
        assert answer(await waiting)["error"]["code"] == -32800
    task = {"task_type": "x", "payload": {}, "assignee": "Ada"}
    assert (await pair.at_a.http.post("/agora/task/assign", json=task)).is_success
    found = answer(await ada_b.legacy("tools/call", {"name": "agora.task.claim"}))
    assert len(found["result"]["structuredContent"]["tasks"]) == 1


class Balancer(httpx2.AsyncBaseTransport):
    """Sends each request to the next server."""

    def __init__(self, *servers: Running) -> None:
        self._inner = httpx2.AsyncHTTPTransport()
        self._next = itertools.cycle([int(server.url.rsplit(":", 1)[1]) for server in servers])

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(port=next(self._next))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.mark.filterwarnings("ignore:resources/")
async def test_official_client_works_through_a_load_balancer(pair: Pair) -> None:
    bob, _ = await pair.agent("Bob")
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def hear(message: Any) -> None:
        await heard.put(type(message).__name__)

    async def on_progress(done: float, total: float | None, message: str | None) -> None: ...

    async with (
        asyncio.timeout(90),
        httpx2.AsyncClient(transport=Balancer(pair.a, pair.b), timeout=60) as http,
        Client(
            streamable_http_client(f"{pair.a.url}/mcp?view=full", http_client=http),
            mode="legacy",
            cache=None,
            message_handler=hear,
        ) as client,
    ):
        await wait_until(lambda: len(pair.a.app.feed) + len(pair.b.app.feed) == 1)
        await client.session.subscribe_resource("agora://agents/Bob")
        for _ in range(3):
            assert len((await client.list_tools()).tools) > 100
            waiting = {"wait": 0.1}
            await client.session.call_tool("agora.event.stream", waiting, progress_callback=on_progress)
        await change(bob, "Bob", "new")
        while "ResourceUpdatedNotification" not in await heard.get():
            pass
    await wait_until(lambda: not len(pair.a.app.mcp.sessions) + len(pair.b.app.mcp.sessions))  # its session has ended
