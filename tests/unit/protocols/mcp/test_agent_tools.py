"""Agents as MCP tools: their capabilities, called as tasks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.protocols.mcp.agent_offers import MAX_NAME_CHARACTERS
from agora.protocols.mcp.agent_tasks import AgentTasks
from agora.protocols.mcp.agent_tools import AgentToolCalls
from tests.harness import Running
from tests.polling import eventually, wait_until
from tests.unit.protocols.mcp.conftest import register
from tests.unit.protocols.mcp.mcp_clients import ERAS, Wire, connect

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


async def _names(wire: Wire) -> dict[str, dict[str, Any]]:
    wire.query = "?view=full"
    page = (await wire.call("modern", "tools/list"))["result"]
    tools = page["tools"]
    while cursor := page.get("nextCursor"):
        page = (await wire.call("modern", "tools/list", {"cursor": cursor}))["result"]
        tools += page["tools"]
    return {tool["name"]: tool for tool in tools if "agora/agent" in tool.get("_meta", {})}


async def _do(wire: Wire, name: str, **arguments: Any) -> Any:
    answer = await wire.call("modern", "tools/call", {"name": name, "arguments": arguments})
    assert not answer["result"]["isError"], answer
    return answer["result"]["structuredContent"]


async def _translator(wire: Wire, **about: Any) -> Wire:
    metadata = {"mcp_tools": {"translate": {"description": "Translates text.", "input_schema": SCHEMA, **about}}}
    return await register(wire, "Bob", capabilities=["translate", "sing", "mcp_tools"], metadata=metadata)


async def test_only_agents_that_offer_tools_are_listed(wire: Wire) -> None:
    await register(wire, "Silent", capabilities=["translate"])
    assert await _names(wire) == {}
    await register(wire, "Loud", capabilities=["translate", "sing", "mcp_tools"])
    assert set(await _names(wire)) == {"Loud.translate", "Loud.sing"}


async def test_described_capabilities_have_their_input_schema(wire: Wire) -> None:
    await _translator(wire)
    tools = await _names(wire)
    assert set(tools) == {"Bob.translate"}
    assert tools["Bob.translate"]["inputSchema"] == SCHEMA
    assert tools["Bob.translate"]["description"] == "Offered by the agent Bob: Translates text."
    assert tools["Bob.translate"]["annotations"]["openWorldHint"] is True


async def test_tool_of_a_private_agent_is_visible_only_to_its_owner(wire: Wire) -> None:
    await register(wire, "Hidden", capabilities=["spy", "mcp_tools"], visibility="private")
    other = await register(wire, "Other")
    assert "Hidden.spy" not in await _names(other)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "http://evil.example/schema"}}},
        {"type": "array"},
        "text",
        {"type": "object", "description": "x" * 20_000},
        {"type": "object", "properties": [1]},
        {"type": "object", "properties": {"text": {"description": 5}}},
        {"type": "object", "required": [{}]},
    ],
    ids=["remote", "array", "text", "large", "properties", "description", "required"],
)
async def test_unsuitable_schema_is_omitted(wire: Wire, schema: Any) -> None:
    await _translator(wire, input_schema=schema)
    tools = await _names(wire)
    assert tools["Bob.translate"]["inputSchema"] == {"type": "object", "additionalProperties": True}


@pytest.mark.parametrize("query", ["?view=model&toolsets=agents", "?view=model&tools=Bob.translate", "?view=full"])
async def test_schema_of_one_agent_does_not_hide_the_tools_of_others(wire: Wire, query: str) -> None:
    subschemas = {"text": True, "words": {"type": "array", "items": True}, "tone": {"anyOf": [True, {"type": "null"}]}}
    schema = {"type": "object", "properties": subschemas, "required": ["text", "unlisted"]}
    await _translator(wire, input_schema=schema)
    wire.query = query
    tools = (await wire.call("modern", "tools/list"))["result"]["tools"]
    assert {"Bob.translate", "Bob_translate"} & {tool["name"] for tool in tools}
    for text in ("translate text", "Bob_translate"):
        call = {"name": "agora.tools.search", "arguments": {"query": text}}
        (content,) = (await wire.call("modern", "tools/call", call))["result"]["content"]
        assert content["text"].startswith(("Bob_translate", "Bob.translate"))


async def test_capabilities_with_similar_names_are_different_tools(wire: Wire) -> None:
    await register(wire, "Bob", capabilities=["two words", "two_words", "two.words", "two/words", "mcp_tools"])
    wire.query = "?view=full&toolsets=agents"
    tools = (await wire.call("modern", "tools/list"))["result"]["tools"]
    offered = [tool for tool in tools if "agora/agent" in tool.get("_meta", {})]
    assert len({tool["name"] for tool in offered}) == len(offered) == 4
    assert len({tool["_meta"]["agora/capability"] for tool in offered}) == 4


async def test_tool_names_are_valid_for_any_agent_name(wire: Wire) -> None:
    for name in ("agoras", "Ümläut & Söhne", "a" * 60, "x.y.z", "x_y_z"):
        await register(wire, name, capabilities=["do it", "c" * 90, "mcp_tools"])
    names = list(await _names(wire))
    assert len(names) == 10
    assert len({name.replace(".", "_") for name in names}) == 10
    for name in names:
        assert len(name) <= MAX_NAME_CHARACTERS
        assert all(part.isascii() and (part.isalnum() or part in "_-.") for part in name)
        assert not name.startswith("agora.")


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("name", ["Bob.translate", "Bob_translate"])
async def test_call_is_a_task_whose_result_is_returned(server: Running, wire: Wire, era: str, name: str) -> None:
    bob = await _translator(wire)
    told: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    async with connect(f"{server.url}/mcp", era) as client:
        calling = asyncio.create_task(client.call_tool(name, {"text": "hello"}, progress_callback=hear))
        held = (await _do(bob, "agora.task.claim", wait=20))["tasks"][0]
        assert held["payload"] == {"capability": "translate", "arguments": {"text": "hello"}}
        own = {"task_id": held["task_id"], "fencing_token": held["fencing_token"]}
        await _do(bob, "agora.task.update", **own, progress=50, notes="half")
        await _do(bob, "agora.task.complete", **own, result={"text": "hallo"})
        result = await asyncio.wait_for(calling, 60)
    assert result.structured_content == {"text": "hallo"}
    assert result.meta is not None
    assert result.meta["agora/task_id"] == held["task_id"]
    assert told == sorted(set(told))
    assert any(progress >= 50 for progress in told)


@pytest.mark.parametrize(("value", "text"), [("hallo", "hallo"), ([1, 2], "[1,2]"), (None, "null")])
async def test_non_object_result_is_text(wire: Wire, value: Any, text: str) -> None:
    bob = await _translator(wire)
    calling = asyncio.create_task(wire.call("modern", "tools/call", {"name": "Bob.translate", "arguments": {}}))
    held = (await _do(bob, "agora.task.claim", wait=20))["tasks"][0]
    own = {"task_id": held["task_id"], "fencing_token": held["fencing_token"]}
    await _do(bob, "agora.task.complete", **own, result=value)
    result = (await calling)["result"]
    assert result["content"] == [{"type": "text", "text": text}]
    assert "structuredContent" not in result


@pytest.mark.parametrize("parts", [["one", "two"], 2, [{"text": "one"}]], ids=["texts", "number", "objects"])
async def test_result_may_have_a_member_named_parts(server: Running, wire: Wire, parts: Any) -> None:
    bob = await _translator(wire)
    async with connect(f"{server.url}/mcp", "modern") as client:
        calling = asyncio.create_task(client.call_tool("Bob.translate", {"text": "hello"}))
        held = (await _do(bob, "agora.task.claim", wait=20))["tasks"][0]
        own = {"task_id": held["task_id"], "fencing_token": held["fencing_token"]}
        await _do(bob, "agora.task.complete", **own, result={"parts": parts})
        result = await asyncio.wait_for(calling, 60)
    assert result.structured_content == {"parts": parts}


async def test_failed_task_is_a_tool_error(wire: Wire) -> None:
    bob = await _translator(wire)
    calling = asyncio.create_task(wire.call("modern", "tools/call", {"name": "Bob.translate", "arguments": {}}))
    held = (await _do(bob, "agora.task.claim", wait=20))["tasks"][0]
    own = {"task_id": held["task_id"], "fencing_token": held["fencing_token"]}
    await _do(bob, "agora.task.fail", **own, error="no such language", retry=False)
    result = (await calling)["result"]
    assert result["isError"]
    assert "no such language" in result["content"][0]["text"]


async def test_cancelling_the_call_cancels_the_task(server: Running, wire: Wire) -> None:
    bob = await _translator(wire)
    async with connect(f"{server.url}/mcp", "modern") as client:
        calling = asyncio.create_task(client.call_tool("Bob.translate", {"text": "x"}))
        held = (await _do(bob, "agora.task.claim", wait=20))["tasks"][0]
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        stream = await _do(wire, "agora.event.stream", types=["agora.task.cancelled"], last_event_id="0")
    assert [event["subject"] for event in stream["items"]] == [held["task_id"]]


async def test_cancelling_the_call_while_its_task_is_stored_cancels_the_task(
    server: Running, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _translator(wire)
    stored: list[str] = []
    ended, assign, run = asyncio.Event(), AgentTasks.assign_task, AgentToolCalls.run_task

    async def assign_slowly(*args: Any) -> str:
        stored.append(await assign(*args))
        await ended.wait()  # stored, but the store has not answered yet
        return stored[0]

    async def run_task(*args: Any) -> Any:
        try:
            return await run(*args)
        finally:
            ended.set()

    monkeypatch.setattr(AgentTasks, "assign_task", assign_slowly)
    monkeypatch.setattr(AgentToolCalls, "run_task", run_task)
    async with connect(f"{server.url}/mcp", "modern") as client:
        calling = asyncio.create_task(client.call_tool("Bob.translate", {"text": "x"}))
        await wait_until(lambda: stored)
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        await eventually(
            lambda: _do(wire, "agora.task.get", task_id=stored[0]), lambda task: task["status"] == "cancelled"
        )


async def test_task_continues_after_the_call_timed_out(wire: Wire) -> None:
    bob = await _translator(wire, timeout=1)
    result = (await wire.call("modern", "tools/call", {"name": "Bob.translate", "arguments": {}}))["result"]
    problem = result["_meta"]["agora/problem"]
    assert problem["code"] == "deadline_exceeded"
    held = (await _do(bob, "agora.task.claim", wait=20))["tasks"][0]
    assert held["task_id"] == problem["task_id"]


async def test_two_calls_with_one_key_create_one_task(wire: Wire) -> None:
    bob = await _translator(wire)
    params = {"name": "Bob.translate", "arguments": {"text": "x"}, "_meta": {"agora/idempotency-key": "k"}}
    calls = [asyncio.create_task(wire.call("modern", "tools/call", params)) for _ in range(2)]
    held = (await _do(bob, "agora.task.claim", wait=20))["tasks"][0]
    own = {"task_id": held["task_id"], "fencing_token": held["fencing_token"]}
    await _do(bob, "agora.task.complete", **own, result={"n": 1})
    first, second = [(await call)["result"] for call in calls]
    assert first == second


async def test_agent_tools_are_found_by_search(wire: Wire) -> None:
    await _translator(wire)
    call = {"name": "agora.tools.search", "arguments": {"query": "translate text"}}
    (content,) = (await wire.call("modern", "tools/call", call))["result"]["content"]
    assert content["text"].startswith("Bob_translate(text: string) ")
