"""Tool calls: actionable errors, idempotency, streams, waiting, progress, cancellation."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from mcp.shared.exceptions import MCPError
from pydantic_core import from_json

from tests.harness import Running
from tests.polling import wait_until
from tests.unit.protocols.mcp.conftest import register
from tests.unit.protocols.mcp.mcp_clients import ERAS, Wire, connect


async def _call(wire: Wire, era: str, name: str, _meta: dict[str, Any] | None = None, **arguments: Any) -> Any:
    params: dict[str, Any] = {"name": name, "arguments": arguments}
    answer = await wire.call(era, "tools/call", params | ({"_meta": _meta} if _meta else {}))
    return answer.get("result", answer)


@pytest.mark.parametrize("era", ERAS)
async def test_error_explains_the_fix(wire: Wire, era: str) -> None:
    result = await _call(wire, era, "agora.agent.get", agent_id="Nobody")
    assert result["isError"]
    problem = result["_meta"]["agora/problem"]
    assert (problem["code"], bool(problem["detail"])) == ("not_found", True)
    assert from_json(result["content"][0]["text"]) == problem
    assert "structuredContent" not in result


@pytest.mark.parametrize("era", ERAS)
async def test_invalid_arguments_are_named(wire: Wire, era: str) -> None:
    result = await _call(wire, era, "agora.messaging.send", to_agent="Bob", text="x")
    assert result["isError"]
    fields = {fault["field"] for fault in result["_meta"]["agora/problem"]["errors"]}
    assert fields == {"content", "text"}


@pytest.mark.parametrize("era", ERAS)
async def test_unknown_tool_is_a_protocol_error(wire: Wire, era: str) -> None:
    found = await _call(wire, era, "agora.mesaging.send")
    assert found["error"]["code"] == -32602
    assert "agora.messaging.send" in found["error"]["message"]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("place", ["meta", "header"])
async def test_repetition_with_a_key_is_executed_once(wire: Wire, era: str, place: str) -> None:
    await register(wire, "Bob")
    await wire.shake_hands()
    params: dict[str, Any] = {"name": "agora.messaging.send", "arguments": {"to_agent": "Bob", "content": "once"}}
    headers = {}
    if place == "meta":
        params["_meta"] = {"agora/idempotency-key": "key-1"}
    else:
        headers["idempotency_key"] = "key-1"
    send = wire.modern if era == "modern" else wire.legacy
    first, second = [(await send("tools/call", params, **headers)).json()["result"] for _ in range(2)]
    assert first["structuredContent"] == second["structuredContent"]
    assert second["_meta"]["agora/replayed"] is True
    assert "agora/replayed" not in first.get("_meta", {})
    params["arguments"]["content"] = "twice"
    third = (await send("tools/call", params, **headers)).json()["result"]
    assert third["_meta"]["agora/problem"]["code"] == "idempotency_conflict"


async def test_key_must_be_a_string(wire: Wire) -> None:
    result = await _call(wire, "modern", "agora.agent.list", {"agora/idempotency-key": 7})
    assert result["_meta"]["agora/problem"]["code"] == "invalid_request"


async def test_operation_version_can_be_selected(wire: Wire) -> None:
    assert not (await _call(wire, "modern", "agora.agent.list", {"agora/version": "^1.0"}))["isError"]
    found = await _call(wire, "modern", "agora.agent.list", {"agora/version": "7.0.0"})
    assert found["error"]["code"] == -32602


@pytest.mark.parametrize("era", ERAS)
async def test_stream_is_read_in_pages(wire: Wire, era: str) -> None:
    for number in range(5):
        await _call(wire, era, "agora.event.publish", event_type="count", data=number)
    seen: list[int] = []
    cursor = "0"
    while len(seen) < 5:
        result = await _call(wire, era, "agora.event.stream", types=["count"], last_event_id=cursor, limit=2)
        stretch = result["structuredContent"]
        assert 1 <= len(stretch["items"]) <= 2
        assert stretch["done"] is False
        seen += [event["data"] for event in stretch["items"]]
        cursor = stretch["cursor"]
    assert seen == [0, 1, 2, 3, 4]
    result = await _call(wire, era, "agora.event.stream", types=["count"], last_event_id=cursor, wait=0.1)
    assert result["structuredContent"]["items"] == []
    await _call(wire, era, "agora.event.publish", event_type="count", data=5)
    cursor = result["structuredContent"]["cursor"]
    result = await _call(wire, era, "agora.event.stream", types=["count"], last_event_id=cursor)
    assert [event["data"] for event in result["structuredContent"]["items"]] == [5]


async def test_stream_of_a_task_reports_its_end(wire: Wire) -> None:
    bob = await register(wire, "Bob")
    task = (await _call(wire, "modern", "agora.task.assign", task_type="t", assignee="Bob"))["structuredContent"]
    held = (await _call(bob, "modern", "agora.task.claim"))["structuredContent"]["tasks"][0]
    own = {"task_id": task["task_id"], "fencing_token": held["fencing_token"]}
    await _call(bob, "modern", "agora.task.complete", **own, result={"n": 1})
    items: list[Any] = []
    cursor, done = "0", False
    while not done:
        result = await _call(
            wire, "modern", "agora.task.stream", task_id=task["task_id"], last_event_id=cursor, limit=2
        )
        stretch = result["structuredContent"]
        items += stretch["items"]
        cursor, done = stretch["cursor"], stretch["done"]
    assert [item["number"] for item in items] == list(range(1, len(items) + 1))


@pytest.mark.parametrize(("name", "value"), [("wait", 0), ("wait", 61), ("wait", "x"), ("limit", 0), ("limit", 501)])
async def test_page_limits_of_a_stream_are_validated(wire: Wire, name: str, value: Any) -> None:
    result = await _call(wire, "modern", "agora.event.stream", **{name: value})
    assert result["isError"]
    assert result["_meta"]["agora/problem"]["errors"][0]["field"] == name


@pytest.mark.parametrize("era", ERAS)
async def test_waiting_call_gets_its_answer(server: Running, wire: Wire, era: str) -> None:
    bob = await register(wire, "Bob")
    claiming = asyncio.create_task(_call(bob, era, "agora.task.claim", wait=20))
    await _under_way(server, 1)
    await _call(wire, "modern", "agora.task.assign", task_type="t", assignee="Bob")
    assert (await claiming)["structuredContent"]["count"] == 1


@pytest.mark.parametrize("era", ERAS)
async def test_progress_is_reported_while_a_call_waits(
    server: Running, wire: Wire, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agora.protocols.mcp.progress.HEARTBEAT_SECONDS", 0.05)
    told: list[tuple[float, float | None]] = []
    heard = asyncio.Event()

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total))
        if len(told) >= 3:
            heard.set()

    async with connect(f"{server.url}/mcp", era) as client:
        calling = asyncio.create_task(
            client.call_tool("agora.event.stream", {"types": ["x"], "wait": 30}, progress_callback=hear)
        )
        await asyncio.wait_for(heard.wait(), 60)
        await _call(wire, "modern", "agora.event.publish", event_type="x", data=1)
        result = await asyncio.wait_for(calling, 60)
    assert result.structured_content is not None
    assert [event["data"] for event in result.structured_content["items"]] == [1]
    assert told == sorted(told)
    assert all(total == 30 for _, total in told)


@pytest.mark.parametrize("era", ERAS)
async def test_disconnected_claim_takes_no_task(server: Running, wire: Wire, era: str) -> None:
    """A claim that kept waiting for a client that cancelled would take a task for it."""
    bob = await register(wire, "Bob")
    async with connect(f"{server.url}/mcp", era, bob.token) as client:
        claiming = asyncio.create_task(client.call_tool("agora.task.claim", {"wait": 30}))
        await _under_way(server, 1)
        claiming.cancel()
        await asyncio.gather(claiming, return_exceptions=True)
        await _under_way(server, 0)
        await _call(wire, "modern", "agora.task.assign", task_type="t", assignee="Bob")
        result = await client.call_tool("agora.task.claim", {})
        assert result.structured_content is not None
        assert result.structured_content["count"] == 1


async def _under_way(server: Running, number: int) -> None:
    """Wait until that number of calls wait for an event."""
    await wait_until(lambda: server.app.feed.waiting_calls == number)


async def test_request_is_cancelled_by_its_id(wire: Wire, server: Running) -> None:
    """In the older generation a notification cancels, over another connection."""
    bob = await register(wire, "Bob")
    await bob.shake_hands()
    call = asyncio.create_task(bob.legacy("tools/call", {"name": "agora.task.claim", "arguments": {"wait": 30}}))
    await _under_way(server, 1)
    note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": bob.sent}}
    answer = await bob.post(note, {"mcp-session-id": bob.session})
    assert answer.status_code == 202
    assert "-32800" in (await call).text
    await _under_way(server, 0)


async def test_halt_applies_to_tools(wire: Wire) -> None:
    bob = await register(wire, "Bob")
    body = {"target_id": "system_wide", "action": "emergency_halt", "reason": "drill"}
    assert (await wire.http.post("/agora/admin/override", json=body)).status_code == 200
    result = await _call(bob, "modern", "agora.agent.heartbeat")
    assert result["_meta"]["agora/problem"]["code"] == "halted"


async def test_official_client_raises_for_an_unknown_tool(server: Running) -> None:
    async with connect(f"{server.url}/mcp", "modern") as client:
        with pytest.raises(MCPError) as raised:
            await client.call_tool("agora.nothing", {})
        assert raised.value.code == -32602


async def test_body_over_the_limit_is_refused(wire: Wire) -> None:
    big = {"name": "agora.messaging.send", "arguments": {"to_agent": "B", "content": "x" * 1_100_000}}
    response: httpx.Response = await wire.modern("tools/call", big)
    assert response.status_code == 413
