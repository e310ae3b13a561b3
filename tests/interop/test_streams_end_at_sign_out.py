"""Streams of every protocol end with a reason when the token that opened them expires or its holder signs out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc.aio
import httpx
import pytest
from a2a.types import a2a_pb2, a2a_pb2_grpc
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from agora.server.app import App
from tests.harness import ManualClock, Running, free_port, make_settings, running
from tests.oidc.issuer import Issuer, issuing
from tests.polling import wait_until
from tests.unit.protocols.a2a.raw_requests import said
from tests.unit.protocols.mcp.mcp_clients import MODERN, Wire, envelope

SECONDS = 60
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
End = Callable[[], Awaitable[None]]


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as issuer:
        yield issuer


@pytest.fixture
async def server(tmp_path: Path, clock: ManualClock, issuer: Issuer) -> AsyncIterator[Running]:
    provider = {"oidc_issuers": issuer.url, "oidc_client_id": "agora"}
    settings = make_settings(tmp_path / "data", a2a_grpc_port=free_port(), **provider)
    async with running(App(settings, clock=clock)) as server:
        async with httpx.AsyncClient(base_url=server.url) as http:  # a slow agent
            (await http.post("/agents/register", json={"agent_name": "Worker"})).raise_for_status()
        yield server


# -- per protocol: read a stream to its end; returns the last message as text -----------------------


async def lines(response: httpx.Response, end: End) -> str:
    """Read server-sent events to the last one, after the first has arrived."""
    found, begun = [], False
    async for line in response.aiter_lines():
        if line.startswith(("data:", "id:", ":")) and not begun:
            begun = True
            await end()
        if line.startswith("data:"):
            found.append(line[5:])
    return found[-1]


async def sse(server: Running, token: str, end: End) -> str:
    headers = {"authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=SECONDS) as http,
        http.stream("GET", "/events", headers=headers) as response,
    ):
        last = await lines(response, end)
    assert json.loads(last)["code"] == 4401
    return last


async def websocket(server: Running, token: str, end: End) -> str:
    async with connect(server.ws_url, additional_headers={"authorization": f"Bearer {token}"}) as socket:
        await socket.recv()
        await socket.send(json.dumps({"id": 1, "operation": "agora.event.stream", "arguments": {}}))
        assert json.loads(await socket.recv())["id"] == 1
        await end()
        found: list[Any] = []
        with pytest.raises(ConnectionClosed) as closed:
            await until_it_ends(socket, found)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    (of_the_call,) = [each["error"] for each in found if each.get("id") == 1 and "error" in each]
    assert of_the_call["code"] == "unauthenticated"
    return closed.value.rcvd.reason + json.dumps(found)


async def until_it_ends(socket: ClientConnection, found: list[Any]) -> None:
    while True:
        found.append(json.loads(await socket.recv()))


async def listening(server: Running, token: str, end: End) -> str:
    """Open an MCP stream, 2026-07-28."""
    async with httpx.AsyncClient(base_url=server.url, timeout=SECONDS) as http:
        wire = Wire(http, token)
        asked = {"notifications": {"toolsListChanged": True}, "_meta": envelope()}
        headers = wire.headers({"mcp-protocol-version": MODERN, "mcp-method": "subscriptions/listen"})
        request = wire.request("subscriptions/listen", asked)
        async with http.stream("POST", "/mcp", json=request, headers=headers) as response:
            last = await lines(response, end)
    assert json.loads(last)["error"]["code"] == -32001
    return last


async def standing(server: Running, token: str, end: End) -> str:
    """Open an MCP stream of the older generation: it may contain only what the session watches; reconnecting is
    detected."""
    async with httpx.AsyncClient(base_url=server.url, timeout=SECONDS) as http:
        wire = Wire(http, token)
        await wire.shake_hands()
        headers = wire.headers({"mcp-session-id": wire.session, "accept": "text/event-stream"})
        async with http.stream("GET", "/mcp", headers=headers) as response:
            assert response.status_code == 200
            await wait_until(server.app.feed.list_streams)
            await end()
            async for _ in response.aiter_bytes():
                pass
        again = await http.get("/mcp", headers=headers)
        assert again.status_code == 401
        assert 'error="invalid_token"' in again.headers["www-authenticate"]
        return again.text


async def a2a(server: Running, token: str, end: End) -> str:
    """Open a stream of A2A over JSON-RPC."""
    headers = {"authorization": f"Bearer {token}", "a2a-version": "1.0"}
    request = {"jsonrpc": "2.0", "id": 1, "method": "SendStreamingMessage", "params": {"message": said("hello")}}
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=SECONDS) as http,
        http.stream("POST", "/a2a/Worker", json=request, headers=headers) as response,
    ):
        last = await lines(response, end)
    assert json.loads(last)["error"]["code"] == -32041
    return last


async def a2a_plain(server: Running, token: str, end: End) -> str:
    """Open a stream of A2A over HTTP+JSON."""
    headers = {"authorization": f"Bearer {token}", "a2a-version": "1.0"}
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=SECONDS) as http,
        http.stream("POST", "/a2a/Worker/message:stream", json={"message": said("hello")}, headers=headers) as response,
    ):
        return await lines(response, end)


async def a2a_grpc(server: Running, token: str, end: End) -> str:
    metadata = (("a2a-version", "1.0"), ("authorization", f"Bearer {token}"))
    message = a2a_pb2.Message(message_id=token[-20:], role=a2a_pb2.ROLE_USER, parts=[a2a_pb2.Part(text="hello")])
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.app.settings.a2a_grpc_port}") as channel:
        stub: Any = a2a_pb2_grpc.A2AServiceStub(channel)
        request = a2a_pb2.SendMessageRequest(message=message, tenant="Worker")
        call = stub.SendStreamingMessage(request, metadata=metadata, timeout=SECONDS)
        await anext(aiter(call))
        await end()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            [found async for found in call]
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    return refused.value.details() or ""


READERS = (sse, websocket, listening, standing, a2a, a2a_plain, a2a_grpc)


@pytest.mark.parametrize("reads", READERS, ids=lambda reads: reads.__name__)
async def test_stream_ends_with_its_token(
    server: Running, clock: ManualClock, issuer: Issuer, reads: Callable[[Running, str, End], Awaitable[str]]
) -> None:
    operator = {"realm_access": {"roles": ["operator"]}}

    async def log_out() -> None:
        word = issuer.token(sid="first", jti="1", events={LOGOUT: {}}, header={"typ": "logout+jwt"}, typ=None)
        async with httpx.AsyncClient(base_url=server.url) as http:
            told = await http.post("/v1/auth/backchannel-logout", data={"logout_token": word})
        assert told.status_code == 200, told.text

    async def run_out() -> None:
        clock.advance(300 + 61)
        await server.app.feed.recheck_streams()  # as every heartbeat does

    async with asyncio.timeout(SECONDS):
        assert "logged out" in await reads(server, issuer.token(sid="first", **operator), log_out)
        assert "expired" in await reads(server, issuer.token(sid="second", **operator), run_out)
    assert not server.app.feed.list_streams()
