"""The Agent Communication Protocol over WebSocket: messages in both directions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from agora.protocols.agentify import socket as sockets
from agora.server.app import App
from tests.harness import ManualClock, Running, make_settings, running
from tests.polling import eventually
from tests.unit.protocols.agentify.conftest import APP, CALCULATOR, Pair, register
from tests.unit.protocols.agentify.test_agentify_http import (
    INFORM,
    ORCHESTRATOR,
    REQUEST,
    core,
    fill_waiting_calls,
)


class Peer:
    """One end of a socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, message: Any) -> None:
        await self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def get(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), 60))
        return found


@asynccontextmanager
async def opened(url: str, token: str | None = None, **options: Any) -> AsyncIterator[Peer]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with connect(url, additional_headers=headers, **options) as socket:
        yield Peer(socket)


async def test_request_is_answered(pair: Pair) -> None:
    async with opened(pair.ws_url, pair.tokens[APP]) as app, opened(pair.ws_url, pair.tokens[CALCULATOR]) as other:
        await app.send(REQUEST)
        seen = await other.get()
        assert core(seen) == REQUEST
        await other.send(INFORM)
        answer = await app.get()
        assert core(answer) == INFORM
        assert answer["correlation"]["reply_to"] == seen["id"]


async def test_frame_is_not_parsed_before_the_turn_of_its_sender(pair: Pair, server: Running) -> None:
    async with opened(pair.ws_url, pair.tokens[APP]) as app, opened(pair.ws_url, pair.tokens[CALCULATOR]) as other:
        await fill_waiting_calls(server, pair.tokens[APP])
        await app.send("[" * 9_999)
        assert (await app.get())["intent"] == "overloaded"
        await other.send("[")
        assert (await other.get())["intent"] == "malformed_request", "others are not held up"


async def test_handshake_with_too_many_parameters_is_refused(pair: Pair) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with opened(f"{pair.ws_url}?{'&'.join(f'p{n}=1' for n in range(21))}", pair.tokens[APP]):
            pass
    assert refused.value.response.status_code == 422


async def test_first_message_may_carry_the_credential(pair: Pair) -> None:
    async with opened(pair.ws_url) as app, opened(f"{pair.ws_url}?access_token={pair.tokens[CALCULATOR]}") as other:
        await app.send(REQUEST | {"security": {"token": pair.tokens[APP]}})
        seen = await other.get()
        assert pair.tokens[APP] not in json.dumps(seen)
        await other.send(INFORM)
        assert core(await app.get()) == INFORM


async def test_local_operator_may_send_for_its_agents(pair: Pair) -> None:
    async with opened(pair.ws_url) as app, opened(f"{pair.ws_url}?agent={CALCULATOR}") as other:
        await app.send(REQUEST)
        assert core(await other.get()) == REQUEST
        await other.send(INFORM)
        assert core(await app.get()) == INFORM


async def test_waiting_messages_arrive_first_and_once(pair: Pair) -> None:
    for number in range(3):
        await pair.app.post(
            "/agent/message", json=INFORM | {"sender": APP, "to": [CALCULATOR], "payload": {"n": number}}
        )
    async with opened(pair.ws_url, pair.tokens[CALCULATOR]) as other:
        assert [(await other.get())["payload"]["n"] for _ in range(3)] == [0, 1, 2]
        await pair.app.post("/agent/message", json=INFORM | {"sender": APP, "to": [CALCULATOR], "payload": {"n": 3}})
        assert (await other.get())["payload"] == {"n": 3}
    pending = "/agents/Calculation/pending"
    await eventually(lambda: pair.calculator.get(pending), lambda answer: not answer.json()["messages"])
    unread = (await pair.calculator.get("/agora/messaging/receive", params={"unread": True})).json()
    assert [message["status"] for message in unread["messages"]] == ["delivered"] * 4


async def test_messages_of_a_broken_connection_are_redelivered(pair: Pair) -> None:
    await pair.app.post("/agent/message", json=INFORM | {"sender": APP, "to": [CALCULATOR], "id": "precious"})
    async with opened(pair.ws_url, pair.tokens[CALCULATOR]) as first:
        assert (await first.get())["id"] == "precious"
        first.socket.transport.abort()
        with pytest.raises(websockets.ConnectionClosedError):
            await first.socket.recv()
    async with opened(f"{pair.ws_url}?receipts=true", pair.tokens[CALCULATOR]) as second:
        assert (await second.get())["id"] == "precious"
        await second.send(INFORM | {"to": [ORCHESTRATOR], "intent": "hello"})
        assert (await second.get())["intent"] == "accepted"
    # The end of a connection confirms what it carried, a moment after the client has closed it.
    await eventually(
        lambda: pair.calculator.get("/agents/Calculation/pending"), lambda page: not page.json()["messages"]
    )
    async with opened(pair.ws_url, pair.tokens[CALCULATOR]) as third:
        await pair.app.post("/agent/message", json=INFORM | {"sender": APP, "to": [CALCULATOR], "id": "next"})
        assert (await third.get())["id"] == "next"


async def test_frame_sent_before_a_message_arrived_does_not_confirm_it(pair: Pair) -> None:
    """Frames that wait while others are handled were sent before the messages that are pushed meanwhile."""
    async with opened(pair.ws_url, pair.tokens[APP]) as app:
        for number in range(40):
            await app.send(INFORM | {"sender": APP, "payload": {"n": number}})
        assert [(await app.get())["payload"]["n"] for _ in range(40)] == list(range(40))
        app.socket.transport.abort()
        with pytest.raises(websockets.ConnectionClosedError):
            await app.socket.recv()
    pending = (await pair.app.get("/agents/App/pending?limit=100")).json()["messages"]
    assert [message["payload"]["n"] for message in pending] == list(range(40))


async def test_unanswered_request_is_reported_to_both_parties(pair: Pair, server: Running) -> None:
    async with opened(pair.ws_url, pair.tokens[APP]) as app, opened(pair.ws_url, pair.tokens[CALCULATOR]) as other:
        await app.send(REQUEST | {"id": "mine", "expected": {"timeout": 1}})
        assert (await other.get())["id"] == "mine"
        for peer in (app, other):
            failure = await peer.get()
            assert (failure["type"], failure["intent"], failure["sender"]) == ("failure", "timeout", APP)
            assert failure["payload"]["original_message_id"] == "mine"


async def test_errors_are_answered_and_the_socket_stays_open(pair: Pair) -> None:
    async with opened(pair.ws_url, pair.tokens[APP]) as app:
        for wrong in ("{", b"\x00\x01", "[]", json.dumps(REQUEST | {"type": "shout"}), "[" * 9000):
            await app.send(wrong)
            assert (await app.get())["type"] == "failure"
        await app.send(REQUEST | {"id": "x", "sender": CALCULATOR})
        refused = await app.get()
        assert (refused["type"], refused["correlation"]["reply_to"]) == ("refuse", "x")
        await app.send(REQUEST | {"security": {"token": "nonsense"}})  # the handshake's credential counts
        find = {
            "type": "discover",
            "to": [ORCHESTRATOR],
            "intent": "find_agent",
            "payload": {"capability": "calculation"},
        }
        await app.send(find)
        assert (await app.get())["intent"] == "agent_found"


async def test_receipts_and_calls_work(pair: Pair) -> None:
    async with opened(f"{pair.ws_url}?receipts=true", pair.tokens[APP]) as app:
        await app.send(REQUEST | {"id": "r"})
        receipt = await app.get()
        assert (receipt["type"], receipt["intent"], receipt["correlation"]["reply_to"]) == ("confirm", "accepted", "r")
        call = {"type": "request", "to": [ORCHESTRATOR], "id": "c", "intent": "agora.agent.get"}
        await app.send(call | {"payload": {"agent_id": "Calculation"}})
        result = await app.get()
        assert (result["type"], result["correlation"]["reply_to"]) == ("inform", "c")
        assert result["payload"]["alias"] == CALCULATOR


async def test_message_larger_than_the_limit_in_bytes_is_refused(pair: Pair) -> None:
    async with opened(f"{pair.ws_url}?receipts=true", pair.tokens[APP]) as app:
        large = INFORM | {"sender": APP, "to": [CALCULATOR], "payload": {"text": "ä" * 600_000}}
        await app.send(json.dumps(large, ensure_ascii=False))
        refused = await app.get()
        assert refused["type"] == "failure"
        assert "larger than 1048576 bytes" in json.dumps(refused)


async def test_socket_belongs_to_one_agent(pair: Pair) -> None:
    async with opened(pair.ws_url) as app:
        await app.send(INFORM | {"sender": APP, "to": [CALCULATOR], "security": {"token": pair.tokens[APP]}})
        await app.send(INFORM | {"security": {"token": pair.tokens[CALCULATOR]}})
        assert (await app.get())["type"] == "refuse"
    async with opened(f"{pair.ws_url}?agent=Calculation", pair.tokens[APP]) as other:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(other.socket.recv(), 60)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403


async def test_broadcasts_and_marketplace_messages_arrive_as_envelopes(pair: Pair) -> None:
    await pair.app.post("/agora/messaging/send", json={"to_agent": "broadcast", "content": "early"})
    async with opened(pair.ws_url, pair.tokens[CALCULATOR]) as other:
        assert (await other.get())["payload"] == {"text": "early"}
        await pair.app.post("/agora/messaging/send", json={"to_agent": "broadcast", "content": "late"})
        late = await other.get()
        assert (late["payload"], late["to"], late["sender"]) == ({"text": "late"}, ["broadcast"], "App")
        assert late["agora"]["message_type"] == "info"


async def test_invalid_credential_is_refused_at_the_handshake(pair: Pair) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with opened(pair.ws_url, "agt_nonsense"):
            pass
    assert refused.value.response.status_code == 401


async def test_strangers_must_authenticate(tmp_path: Any, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "INTRODUCTION_SECONDS", 0.05)
    async with running(App(make_settings(tmp_path), clock=clock)) as server:
        url = server.url.replace("http", "ws") + "/agent/ws"
        async with connect(url, additional_headers={"X-Forwarded-For": "10.0.0.1"}) as socket:
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(socket.recv(), 60)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_first_frame_sent_at_once_does_not_bind_the_agent_twice(server: Running, pair: Pair) -> None:
    frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    # Both frames are there before the handshake is answered.
    for number in (1, 2):
        text = json.dumps(INFORM | {"to": [CALCULATOR], "payload": {"number": number}})
        frames.put_nowait({"type": "websocket.receive", "text": text})
    scope = {
        "type": "websocket",
        "path": "/agent/ws",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {pair.tokens[CALCULATOR]}".encode())],
        "subprotocols": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "ws",
    }
    received = [{"type": "websocket.connect"}]

    async def receive() -> dict[str, Any]:
        return received.pop() if received else await frames.get()

    async def send(frame: Any) -> None:
        sent.put_nowait(frame)

    socket = asyncio.create_task(server.app.agent_sockets(scope, receive, send))
    assert (await sent.get())["type"] == "websocket.accept"
    frame_texts = [json.loads((await sent.get())["text"]) for _ in range(2)]
    # The last message of all arrives after a repetition of any other.
    frames.put_nowait(
        {"type": "websocket.receive", "text": json.dumps(INFORM | {"to": [CALCULATOR], "payload": {"number": 3}})}
    )
    frame_texts.append(json.loads((await sent.get())["text"]))
    frames.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await socket
    assert [each["payload"]["number"] for each in frame_texts] == [1, 2, 3]


async def test_revoked_agent_is_disconnected(pair: Pair) -> None:
    leaver, token = await register(pair.url, "Leaver")
    async with leaver, opened(pair.ws_url, token) as socket:
        await socket.send(
            {"type": "request", "to": [ORCHESTRATOR], "intent": "agora.agent.get", "payload": {"agent_id": "App"}}
        )
        assert (await socket.get())["type"] == "inform"
        await leaver.delete("/agents/Leaver")
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(socket.socket.recv(), 60)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
