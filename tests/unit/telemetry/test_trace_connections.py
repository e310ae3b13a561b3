"""Traces over long-lived connections: WebSockets, and A2A over gRPC."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from a2a.types import a2a_pb2, a2a_pb2_grpc
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from websockets.asyncio.client import connect

from agora.server.app import App
from agora.telemetry.tracing import Tracing
from tests.harness import ManualClock, Running, admin_token, free_port, make_settings, running
from tests.market import Market
from tests.polling import wait_until

TRACE_ID, PARENT_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"
OTHER_ID, OTHER_PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OTHER = f"00-{OTHER_ID}-{OTHER_PARENT}-01"


class Spans:
    """Exported spans, oldest first."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = Tracing(provider)

    def of(self, trace_id: str, name: str) -> list[ReadableSpan]:
        found = self._exporter.get_finished_spans()
        return [span for span in found if f"{span.context.trace_id:032x}" == trace_id and span.name == name]

    async def one(self, trace_id: str, name: str) -> ReadableSpan:
        """Wait for the span of that name: an answer may arrive before its span has ended."""
        await wait_until(lambda: bool(self.of(trace_id, name)))
        (found,) = self.of(trace_id, name)
        return found


def _parent(span: ReadableSpan) -> str | None:
    return None if span.parent is None else f"{span.parent.span_id:016x}"


def _id(span: ReadableSpan) -> str:
    return f"{span.context.span_id:016x}"


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
async def server(tmp_path: Path, spans: Spans) -> AsyncIterator[Running]:
    settings = make_settings(tmp_path / "traced", builtin_agents=True, a2a_grpc_port=free_port())
    async with running(App(settings, tracing=spans.tracing)) as server:
        yield server


async def _called(socket: Any, **frame: Any) -> Any:
    """Return the answer to a frame, without events."""
    await socket.send(json.dumps({"id": 1, **frame}))
    async with asyncio.timeout(60):
        while (found := json.loads(await socket.recv())).get("id") != 1:
            pass
    return found


async def test_calls_over_a_socket_are_in_the_trace_of_its_handshake(server: Running, spans: Spans) -> None:
    market = Market(server.app, ManualClock())
    bob = await market.agent("Bob")
    async with connect(server.ws_url, additional_headers={"traceparent": TRACEPARENT}) as socket:
        sent = {"to_agent": "Bob", "content": "x"}
        answer = await _called(socket, operation="agora.messaging.send", arguments=sent)
        assert "result" in answer, answer
    handshake, opened = await spans.one(TRACE_ID, "WebSocket"), await spans.one(TRACE_ID, "WebSocket call")
    call, write = await spans.one(TRACE_ID, "agora.messaging.send"), await spans.one(TRACE_ID, "store.write")
    assert _parent(handshake) == _parent(opened) == PARENT_ID
    assert _parent(call) == _id(opened)
    assert _parent(write) == _id(call)
    assert opened.attributes is not None
    assert opened.attributes["agora.protocol"] == "websocket"
    assert str(opened.kind) == "SpanKind.SERVER"
    message = (await market.call(bob, "messaging.receive")).messages[0]
    assert message.metadata == {"traceparent": f"00-{TRACE_ID}-{_id(call)}-01"}


async def test_frame_may_have_its_own_trace(server: Running, spans: Spans) -> None:
    async with connect(server.ws_url, additional_headers={"traceparent": TRACEPARENT}) as socket:
        published = {"event_type": "work.done"}
        own = {"traceparent": OTHER, "tracestate": "vendor=1"}
        await _called(socket, operation="agora.event.publish", arguments=published, **own)
        for odd in ("nonsense", 7, {"a": 1}, OTHER * 9):  # ignored, without an error
            assert "result" in await _called(
                socket, operation="agora.agent.list", arguments={}, traceparent=odd, tracestate=[odd]
            )
        refused = await _called(
            socket, operation="agora.agent.get", arguments={"agent_id": "Nobody"}, traceparent=OTHER
        )
        assert refused["error"]["code"] == "not_found"
    call = await spans.one(OTHER_ID, "agora.event.publish")
    first, second = spans.of(OTHER_ID, "WebSocket call")
    assert _parent(first) == _parent(second) == OTHER_PARENT
    assert _parent(call) == _id(first)
    assert call.context.trace_state.get("vendor") == "1"
    assert second.status.is_ok  # a request without trace context is sampled as configured
    assert len(spans.of(TRACE_ID, "agora.agent.list")) == 4


async def test_messages_over_an_agents_socket_are_in_its_trace(server: Running, spans: Spans) -> None:
    market = Market(server.app, ManualClock())
    registration = await market.call(market.operator, "agent.register", agent_name="Ada")
    url = server.ws_url.replace("/ws", "/agent/ws")
    headers = {"traceparent": TRACEPARENT, "Authorization": f"Bearer {registration.token}"}
    letter = {"type": "request", "sender": "Ada", "intent": "agora.agent.list", "payload": {}}
    async with connect(url, additional_headers=headers) as socket, asyncio.timeout(60):
        await socket.send(json.dumps(letter))
        assert json.loads(await socket.recv())["intent"] == "result"
    call, message = await spans.one(TRACE_ID, "agora.agent.list"), await spans.one(TRACE_ID, "WebSocket message")
    assert (_parent(message), _parent(call)) == (PARENT_ID, _id(message))


async def test_calls_over_grpc_are_in_the_trace_of_their_metadata(server: Running, spans: Spans) -> None:
    settings = server.app.settings
    metadata = (
        ("a2a-version", "1.0"),
        ("authorization", f"Bearer {admin_token(settings)}"),
        ("traceparent", TRACEPARENT),
        ("tracestate", "vendor=1"),
    )
    async with grpc.aio.insecure_channel(f"127.0.0.1:{settings.a2a_grpc_port}") as channel:
        stub = a2a_pb2_grpc.A2AServiceStub(channel)
        listed = await stub.ListTasks(a2a_pb2.ListTasksRequest(), metadata=metadata)
        assert not listed.tasks
        part = a2a_pb2.Part(text="hello")
        message = a2a_pb2.Message(message_id="m", role=a2a_pb2.ROLE_USER, parts=[part])
        request = a2a_pb2.SendMessageRequest(message=message, tenant="Echo Agent")
        async with asyncio.timeout(60):
            items = [item async for item in stub.SendStreamingMessage(request, metadata=metadata)]
        assert items[0].WhichOneof("payload") == "task"
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetTask(a2a_pb2.GetTaskRequest(id="nothing"), metadata=metadata)
    for method, operation in (("ListTasks", "agora.a2a.list"), ("SendStreamingMessage", "agora.a2a.send")):
        outer = await spans.one(TRACE_ID, f"gRPC {method}")
        inner = [span for span in spans.of(TRACE_ID, operation) if _parent(span) == _id(outer)]
        assert _parent(outer) == PARENT_ID
        assert len(inner) == 1, operation
        assert outer.attributes is not None
        assert outer.attributes["agora.protocol"] == "grpc"
        assert outer.context.trace_state.get("vendor") == "1"
    work = await spans.one(TRACE_ID, "resident.task")  # the agent continues the trace of its task
    assert _parent(work) is not None
    assert (await spans.one(TRACE_ID, "gRPC GetTask")).status.is_ok
