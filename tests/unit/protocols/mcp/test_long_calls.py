"""Long relayed calls without the SDK: equal answers, keep-alives, and cancellation when the client disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic_core import from_json, to_json

from agora.protocols.mcp import long_calls as patience
from agora.protocols.mcp.fast_path import Answer
from agora.server.app import App
from agora_sdk.errors import Unauthenticated
from tests.harness import ManualClock, Running, make_settings, running
from tests.mcp_upstream import Far, serving, tool
from tests.unit.protocols.mcp.mcp_clients import ACCEPT, Wire, answer, envelope

CALLS: list[dict[str, Any]] = [
    {"name": "far.echo", "arguments": {"text": "Grüße 🚀\u2028"}},
    {"name": "far_echo", "arguments": {"text": "x"}},
    {"name": "far.echo", "arguments": {}},
    {"name": "far.echo"},
    {"name": "far.echo", "arguments": []},
    {"name": "far.echo", "arguments": {"text": "x"}, "more": 1},
    {"name": "far.echo", "arguments": {"text": "x"}, "_meta": {"agora/version": "9.9.9"}},
    {"name": "far.shape", "arguments": {}},
    {"name": "far.fail", "arguments": {}},
    {"name": "far.refuse", "arguments": {}},
    {"name": "far.region", "arguments": {"region": "eu"}},
    {"name": "agora.upstream.call", "arguments": {"upstream": "far", "tool": "echo", "arguments": {"text": "x"}}},
    {"name": "agora.upstream.call", "arguments": {"upstream": "nobody", "tool": "echo"}},
    {"name": "agora.upstream.call", "arguments": {"upstream": "far"}},
    {"name": "agora.upstream.read", "arguments": {"upstream": "far", "uri": "far://note"}},
]
#: one tool has an argument repeated in a header, one version is unsupported, the others are unusual
LEFT_TO_THE_SDK = 4


@pytest.fixture
def far() -> Far:
    far = Far()
    region = {"type": "string", "x-mcp-header": "Region"}
    far.tools["region"] = tool("region", input_schema={"type": "object", "properties": {"region": region}})
    return far


@pytest.fixture
async def server(far: Far, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Running]:
    settings = make_settings(tmp_path / "data", mcp_private_networks=True)
    async with serving(far.app()) as url, running(App(settings, clock=clock)) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
            added = await http.post("/upstreams", json={"name": "far", "url": url})
            assert added.status_code == 200, added.text
        yield server


class _Path:
    """Disables or counts the path without the SDK."""

    def __init__(self, server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        self.on, self.taken = True, 0
        real = server.app.mcp.fast_path.create_relay_call_or_none

        def elsewhere(*arguments: Any) -> Any:
            work = real(*arguments) if self.on else None
            self.taken += work is not None
            return work

        monkeypatch.setattr(server.app.mcp.fast_path, "create_relay_call_or_none", elsewhere)


@pytest.fixture
def path(server: Running, monkeypatch: pytest.MonkeyPatch) -> _Path:
    return _Path(server, monkeypatch)


async def test_both_paths_give_equal_answers(wire: Wire, path: _Path) -> None:
    for params in CALLS:
        found = []
        for path.on in (True, False):
            response = await wire.modern("tools/call", params)
            found.append((response.status_code, answer(response) | {"id": 0}))
        assert found[0] == found[1], params
    assert path.taken == len(CALLS) - LEFT_TO_THE_SDK


async def test_repetition_with_a_key_returns_the_first_answer(wire: Wire, path: _Path, far: Far) -> None:
    for _ in range(2):
        meta = {"agora/idempotency-key": "once"}
        response = await wire.modern("tools/call", {"name": "far.echo", "arguments": {"text": "x"}, "_meta": meta})
    assert answer(response)["result"]["_meta"]["agora/replayed"] is True
    assert len(far.asked) == 1
    assert path.taken == 2


async def test_call_with_progress_uses_the_sdk(wire: Wire, path: _Path) -> None:
    params = {"name": "far.count", "arguments": {}, "_meta": {"progressToken": "p"}}
    assert (await wire.modern("tools/call", params)).text.count("notifications/progress") == 3
    assert path.taken == 0


@asynccontextmanager
async def streamed(wire: Wire) -> AsyncIterator[AsyncIterator[str]]:
    """Return the lines of the response to a slow call, after a keep-alive."""
    request = wire.request("tools/call", {"name": "far.slow", "arguments": {}, "_meta": envelope()})
    headers = ACCEPT | {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "far.slow"}
    async with wire.http.stream("POST", "/mcp", json=request, headers=headers) as response:
        assert response.headers["content-type"] == "text/event-stream"
        lines = response.aiter_lines()
        while (await anext(lines)) != ": working":
            pass
        yield lines


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UNWATCHED_SECONDS", "STREAM_AFTER_SECONDS", "HEARTBEAT_SECONDS"):
        monkeypatch.setattr(patience, name, 0.01)


@pytest.mark.usefixtures("impatient")
async def test_slow_call_becomes_a_stream_with_keep_alives(wire: Wire, far: Far) -> None:
    async with streamed(wire) as lines:
        far.go.set()
        rest = [line async for line in lines if line and not line.startswith(":")]
    assert rest[0] == "event: message"
    assert '"text":"done"' in rest[1]


@pytest.mark.usefixtures("impatient")
async def test_line_separators_do_not_break_the_stream() -> None:
    """Several clients split a stream by Unicode's line ends."""
    sent: list[Any] = []
    is_stream = asyncio.Event()

    async def work() -> Answer:
        await is_stream.wait()
        return Answer(200, to_json({"text": "one\u2028two"}))

    async def send(message: Any) -> None:
        sent.append(message)
        is_stream.set()

    async def receive() -> Any:
        await asyncio.Event().wait()

    await patience.send_relayed_answer(1, work(), receive, send)
    lines = b"".join(message.get("body", b"") for message in sent).decode().splitlines()
    assert [from_json(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")] == [
        {"text": "one\u2028two"}
    ]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("error", "code", "logged"), [(RuntimeError("a secret"), -32603, True), (Unauthenticated("Who?"), -32001, False)]
)
async def test_error_after_the_start_of_the_stream_is_its_answer(
    wire: Wire,
    server: Running,
    far: Far,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    code: int,
    logged: bool,
) -> None:
    async def fail(*arguments: Any) -> bytes:
        await far.go.wait()
        raise error

    monkeypatch.setattr(server.app.mcp.fast_path._methods, "answer_method", fail)
    async with streamed(wire) as lines:
        far.go.set()
        rest = [line async for line in lines if line and not line.startswith(":")]
    assert rest[0] == "event: message"
    document = from_json(rest[1].removeprefix("data: "))
    assert isinstance(document["id"], int)
    assert document["error"]["code"] == code
    assert "a secret" not in rest[1]
    records = [record for record in caplog.records if record.name == patience.__name__]
    assert bool(records) is logged
    for record in records:
        assert record.exc_info is not None
        assert record.exc_info[1] is error
        assert document["error"]["message"] == f"Something went wrong on our side ({record.args[0]})."  # type: ignore[index]


@pytest.mark.usefixtures("impatient")
async def test_leaving_a_stream_cancels_the_call(wire: Wire, far: Far) -> None:
    async with asyncio.timeout(60):
        async with streamed(wire):
            await far.began.wait()  # a call that has not been sent yet has nothing to cancel
        await far.cancelled.wait()


async def test_disconnection_cancels_the_call(wire: Wire, far: Far) -> None:
    calling = asyncio.create_task(wire.modern("tools/call", {"name": "far.slow", "arguments": {}}))
    async with asyncio.timeout(60):
        await far.began.wait()
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        await far.cancelled.wait()


async def test_strangers_get_an_http_error(far: Far, tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "data", mcp_private_networks=True)
    async with (
        serving(far.app()) as url,
        running(App(settings)) as server,
        httpx.AsyncClient(base_url=server.url, timeout=60) as http,
    ):
        await http.post("/upstreams", json={"name": "far", "url": url})
        params = {"name": "far.echo", "arguments": {"text": "x"}}
        response = await Wire(http).modern("tools/call", params, x_forwarded_for="8.8.8.8")
    assert response.status_code == 401
    assert "resource_metadata" in response.headers["www-authenticate"]
    assert not far.asked
