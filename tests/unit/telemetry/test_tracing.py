"""Distributed tracing: one unit of work is one trace, from the request to the store and to remote agents."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agora.server.app import App
from agora.server.logging import JsonFormatter
from agora.settings import ConfigurationError
from agora.telemetry.context import (
    CURRENT_TRACE,
    add_trace_to_metadata,
    build_trace_headers,
    extract_valid_trace_headers,
    open_span,
)
from agora.telemetry.tracing import Tracing
from tests.harness import ManualClock, admin_token, local_client, make_settings, running
from tests.market import Market
from tests.polling import wait_until

TRACE_ID, PARENT_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"


class Spans:
    """Exported spans."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = Tracing(provider)

    @property
    def all(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()

    def of(self, trace_id: str = TRACE_ID) -> list[ReadableSpan]:
        return [span for span in self.all if f"{span.context.trace_id:032x}" == trace_id]

    def one(self, name: str, trace_id: str = TRACE_ID) -> ReadableSpan:
        (found,) = [span for span in self.of(trace_id) if span.name == name]
        return found


def _parent(span: ReadableSpan) -> str | None:
    return None if span.parent is None else f"{span.parent.span_id:016x}"


def _id(span: ReadableSpan) -> str:
    return f"{span.context.span_id:016x}"


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
async def traced(tmp_path: Path, spans: Spans) -> AsyncIterator[App]:
    app = App(make_settings(tmp_path / "traced", builtin_agents=True), tracing=spans.tracing)
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
async def client(traced: App) -> AsyncIterator[httpx.AsyncClient]:
    async with local_client(traced, headers={"traceparent": TRACEPARENT}) as client:
        yield client


async def test_request_is_one_trace_down_to_the_store(client: httpx.AsyncClient, spans: Spans) -> None:
    assert (await client.post("/agora/agent/register", json={"agent_name": "Ada"})).is_success
    request, call = spans.one("HTTP POST"), spans.one("agora.agent.register")
    write = spans.one("store.write")
    assert _parent(request) == PARENT_ID
    assert _parent(call) == _id(request)
    assert _parent(write) == _id(call)
    assert request.attributes is not None
    assert request.attributes["agora.protocol"] == "rest"
    assert request.attributes["http.response.status_code"] in (200, 201)
    assert write.attributes is not None
    assert write.attributes["db.system.name"] == "sqlite"
    assert {span.status.is_ok for span in spans.of()} == {True}


async def test_refusals_and_failures_are_distinguished(client: httpx.AsyncClient, spans: Spans) -> None:
    assert (await client.get("/agents/nobody/status")).status_code == 404
    call = spans.one("agora.agent.status")
    assert call.attributes is not None
    assert call.attributes["error.type"] == "not_found"
    assert spans.one("HTTP GET").status.is_ok  # a request without trace context is sampled as configured


async def test_spans_contain_no_text_of_callers(client: httpx.AsyncClient, spans: Spans) -> None:
    await client.post("/agora/agent/register", json={"agent_name": "Zaphod"})
    sent = {"to_agent": "Zaphod", "content": "the answer is forty-two"}
    await client.post("/agora/messaging/send", json=sent, headers={"Authorization": "Bearer agt_some_secret_here"})
    told = str([(span.name, dict(span.attributes or {}), span.status.description) for span in spans.all])
    for word in ("Zaphod", "forty-two", "secret"):
        assert word not in told
    assert not [event for span in spans.all for event in span.events]  # no exception text either


async def test_messages_and_tasks_carry_the_trace(client: httpx.AsyncClient, traced: App, spans: Spans) -> None:
    market = Market(traced, ManualClock())
    bob = await market.agent("Bob")
    await client.post("/agora/messaging/send", json={"to_agent": "Bob", "content": "x", "metadata": {"mine": 1}})
    await client.post("/agora/task/assign", json={"assignee": "Bob", "task_type": "x", "payload": {}})
    message = (await market.call(bob, "messaging.receive")).messages[0]
    task = (await market.call(bob, "task.claim")).tasks[0]
    sent, assigned = spans.one("agora.messaging.send"), spans.one("agora.task.assign")
    assert message.metadata == {"mine": 1, "traceparent": f"00-{TRACE_ID}-{_id(sent)}-01"}
    assert task.metadata == {"traceparent": f"00-{TRACE_ID}-{_id(assigned)}-01"}


async def test_trace_context_of_the_sender_is_kept(client: httpx.AsyncClient, traced: App) -> None:
    market = Market(traced, ManualClock())
    bob = await market.agent("Bob")
    own = {"traceparent": "00-11111111111111111111111111111111-2222222222222222-00"}
    await client.post("/agora/messaging/send", json={"to_agent": "Bob", "content": "x", "metadata": own})
    assert (await market.call(bob, "messaging.receive")).messages[0].metadata == own


async def test_built_in_agent_continues_the_trace_of_its_task(
    client: httpx.AsyncClient, traced: App, spans: Spans
) -> None:
    await wait_until(lambda: any(place.caller.name.startswith("Calc") for place in traced.agent_host.hosted_agents))
    task = {"assignee": "Calculator Agent", "task_type": "calculate", "payload": {"text": "Calculate 6 * 7"}}
    assert (await client.post("/agora/task/assign", json=task)).is_success
    await wait_until(lambda: any(found.name == "resident.task" for found in spans.of()))
    work, assigned = spans.one("resident.task"), spans.one("agora.task.assign")
    assert _parent(work) == _id(assigned)
    done = spans.one("agora.task.complete")
    assert _parent(done) == _id(work)
    assert done.attributes is not None
    assert done.attributes["agora.protocol"] == "resident"


async def test_remote_agent_is_in_the_same_trace(tmp_path: Path, spans: Spans) -> None:
    """Two servers: a call of one to the other is one trace, through a proxy's task, over HTTP."""
    there = Spans()
    far = App(make_settings(tmp_path / "far", builtin_agents=True), tracing=there.tracing)
    near = App(make_settings(tmp_path / "near", a2a_private_networks=True), tracing=spans.tracing)
    async with running(far) as elsewhere, running(near) as here, httpx.AsyncClient() as client:
        await wait_until(lambda: any(place.caller.name.startswith("Calc") for place in far.agent_host.hosted_agents))
        market = Market(near, ManualClock())
        url = f"{elsewhere.url}/a2a/Calculator%20Agent"
        credential = {"Authorization": f"Bearer {admin_token(far.settings)}"}
        await market.call(market.operator, "a2a.add_remote", name="Faraway", url=url, headers=credential)
        await wait_until(lambda: any(place.caller.name == "Faraway" for place in near.agent_host.hosted_agents))
        message = {"messageId": "m-1", "role": "ROLE_USER", "parts": [{"text": "Calculate 6 * 7"}]}
        rpc = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}}
        headers = {"A2A-Version": "1.0", "traceparent": TRACEPARENT}
        answer = await client.post(f"{here.url}/a2a/Faraway", json=rpc, headers=headers, timeout=60)
        assert "42" in answer.text
        await wait_until(lambda: any(found.name == "resident.task" for found in there.of()))
    sent = [found for found in spans.of() if found.name == "a2a.request"]
    arrived = [found for found in there.of() if found.name.startswith("HTTP ")]
    assert arrived
    assert {_parent(found) for found in arrived} <= {_id(found) for found in sent}
    assert there.one("resident.task")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nonsense",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        f"00-{TRACE_ID}-0000000000000000-01",
        f"ff-{TRACE_ID}-{PARENT_ID}-01",
        TRACEPARENT + "\r\nX-Evil: 1",
        TRACEPARENT.upper(),
        TRACEPARENT * 1000,
        None,
        7,
        ["00"],
    ],
)
async def test_invalid_trace_context_is_ignored(client: httpx.AsyncClient, spans: Spans, value: Any) -> None:
    assert extract_valid_trace_headers({"traceparent": value}) == {}
    with spans.tracing.open_incoming_span("work", "consumer", {"traceparent": value, "tracestate": "a=b"}, {}):
        pass
    assert spans.all[0].parent is None


def test_invalid_trace_state_is_dropped() -> None:
    for state in ("a=" + "x" * 600, "a=\x00", "a=ü", 7):
        assert extract_valid_trace_headers({"traceparent": TRACEPARENT, "tracestate": state}) == {
            "traceparent": TRACEPARENT
        }
    assert extract_valid_trace_headers({"traceparent": TRACEPARENT, "tracestate": "a=b"})["tracestate"] == "a=b"


def test_calls_work_outside_a_trace() -> None:
    metadata: dict[str, Any] = {"a": 1}
    assert CURRENT_TRACE.get() is None
    assert build_trace_headers() == {}
    assert add_trace_to_metadata(metadata) is metadata
    with open_span("x") as nothing:
        nothing.set_attribute("a", 1)
        nothing.fail("b")


async def test_log_line_has_its_trace_id(client: httpx.AsyncClient) -> None:
    seen: list[Any] = []

    class Watching(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(JsonFormatter(()).collect_fields(record))

    watching, logger = Watching(), logging.getLogger("agora.core.dispatcher")
    logger.addHandler(watching)
    logger.setLevel(logging.DEBUG)
    try:
        await client.get("/agents")
    finally:
        logger.removeHandler(watching)
        logger.setLevel(logging.NOTSET)
    assert {line["trace_id"] for line in seen if "agora.agent.list" in line["event"]} == {TRACE_ID}


def test_missing_extra_error_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk", None)
    with pytest.raises(ConfigurationError, match=r"agora-server\[otel\]"):
        App(make_settings(tmp_path, tracing=True))


async def test_traces_are_exported_to_the_configured_collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector of OTLP over HTTP receives them at the latest when the server stops."""
    got: list[tuple[str, bytes]] = []

    async def collector(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            got.append((scope["path"], (await receive()).get("body", b"")))
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async with _served(collector) as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "agora-of-tests")
        app = App(make_settings(tmp_path, tracing=True))
        await app.start()
        async with local_client(app) as client:
            await client.get("/agents")
        await app.stop()
    assert {path for path, _ in got} == {"/v1/traces"}
    assert any(b"agora.agent.list" in body and b"agora-of-tests" in body for _, body in got)


@contextlib.asynccontextmanager
async def _served(app: Any) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    await wait_until(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


def test_disabled_tracing_imports_nothing() -> None:
    look = "import sys, agora.server.app; print([n for n in sys.modules if n.startswith(('prometheus_client', 'opentelemetry'))])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
