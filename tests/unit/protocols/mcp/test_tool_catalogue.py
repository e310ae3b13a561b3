"""The operation catalogue as MCP tools: names, schemas, hints, toolsets, pages, search."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from agora.protocols.mcp.schemas import strip_titles
from agora.protocols.mcp.toolsets import ESSENTIAL_OPERATIONS
from agora_sdk.contract import Kind, Operation, operations
from tests.unit.protocols.mcp.conftest import register
from tests.unit.protocols.mcp.mcp_clients import ERAS, Wire

FINDERS = {"agora.tools.search"}


async def _listed(wire: Wire, query: str = "?view=full", era: str = "modern") -> list[dict[str, Any]]:
    wire.query = query
    found: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        result = (await wire.call(era, "tools/list", cursor))["result"]
        found += result["tools"]
        if "nextCursor" not in result:
            return found
        cursor = {"cursor": result["nextCursor"]}


def _shown() -> dict[str, Operation]:
    today = datetime.now(UTC).date()
    found = (each for each in operations() if each.exposure != "test" and each.lifecycle_on(today) != "sunset")
    return {operation.name: operation for operation in found}


def _meant(name: str) -> Operation:
    """Return the operation of a tool by any of its listed names."""
    return next(each for each in _shown().values() if name in (each.name, *each.tools))


@pytest.mark.parametrize("era", ERAS)
async def test_every_operation_is_a_tool(wire: Wire, era: str) -> None:
    names = [tool["name"] for tool in await _listed(wire, era=era)]
    others = {name for operation in _shown().values() for name in operation.tools}
    assert set(names) == _shown().keys() | FINDERS | others
    assert names == sorted(names)


async def test_names_are_valid_for_every_host(wire: Wire) -> None:
    dotted = [tool["name"] for tool in await _listed(wire)]
    spelled = [tool["name"] for tool in await _listed(wire, "?names=underscore")]
    assert all(len(name) <= 64 for name in dotted)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in spelled)
    assert [name.replace(".", "_") for name in dotted] == spelled


async def test_both_spellings_of_a_name_can_be_called(wire: Wire) -> None:
    for query in ("", "?view=full", "?names=underscore"):
        wire.query = query
        for name in ("agora.query.marketplace", "agora_query_marketplace"):
            answer = await wire.call("modern", "tools/call", {"name": name})
            assert answer["result"]["structuredContent"]["agents_total"] == 0


async def test_schemas_are_valid_and_match_the_contract(wire: Wire) -> None:
    for tool in await _listed(wire):
        jsonschema.Draft202012Validator.check_schema(tool["inputSchema"])
        if tool["name"] in FINDERS:
            continue
        operation = _meant(tool["name"])
        properties = set(tool["inputSchema"]["properties"])
        bounds = {"wait", "limit"} if operation.kind is Kind.STREAM else set()
        assert properties == set(operation.parameters) | bounds
        jsonschema.Draft202012Validator.check_schema(tool["outputSchema"])
        assert tool["outputSchema"]["type"] == "object"
        assert tool["description"].startswith(operation.summary)


async def test_results_match_their_schemas(wire: Wire) -> None:
    await register(wire, "Alice", capabilities=["translate"])
    schemas = {tool["name"]: tool["outputSchema"] for tool in await _listed(wire) if "outputSchema" in tool}
    calls: dict[str, dict[str, Any]] = {
        "agora.agent.get": {"agent_id": "Alice"},
        "agora.messaging.send": {"to_agent": "Alice", "content": "hello"},
        "agora.task.assign": {"task_type": "review", "assignee": "Alice"},
        "agora.event.stream": {"last_event_id": "0", "limit": 3},
        "agora.workflow.create": {"workflow_name": "w", "steps": [{"name": "a", "task_type": "t"}]},
        "agora.discovery.list": {},
        "agora.query.marketplace": {},
    }
    for name, arguments in calls.items():
        result = (await wire.call("modern", "tools/call", {"name": name, "arguments": arguments}))["result"]
        assert not result["isError"], (name, result)
        jsonschema.validate(result["structuredContent"], schemas[name], cls=jsonschema.Draft202012Validator)


async def test_hints_come_from_the_contract(wire: Wire) -> None:
    hints = {tool["name"]: tool["annotations"] for tool in await _listed(wire)}
    for name, operation in _shown().items():
        reads = operation.reads
        assert hints[name]["readOnlyHint"] is reads
        assert hints[name]["destructiveHint"] is (operation.destructive and not reads)
        assert hints[name]["idempotentHint"] is (reads or operation.idempotent)
        assert hints[name]["openWorldHint"] is (operation.kind is Kind.RELAY)
        assert hints[name]["title"]
    assert hints["agora.task.cancel"]["destructiveHint"]
    assert hints["agora.agent.list"]["readOnlyHint"]
    assert hints["agora.instance.logs"]["readOnlyHint"]


def test_properties_named_title_are_kept() -> None:
    schema = {"title": "T", "properties": {"title": {"title": "Title", "default": {"title": "kept"}}}}
    assert strip_titles(schema) == {"properties": {"title": {"default": {"title": "kept"}}}}


async def test_pages_are_complete_and_stable(wire: Wire) -> None:
    whole = [tool["name"] for tool in await _listed(wire)]
    paged = [tool["name"] for tool in await _listed(wire, "?view=full&page=7")]
    assert paged == whole
    first = (await wire.call("modern", "tools/list"))["result"]
    assert len(first["tools"]) == 7
    assert first["ttlMs"] == 60_000
    assert first["cacheScope"] == "private"


async def test_toolsets_list_a_part_and_give_access_to_the_rest(wire: Wire) -> None:
    names = {tool["name"] for tool in await _listed(wire, "?toolsets=messaging,task")}
    part = {name for name, operation in _shown().items() if operation.category in ("messaging", "task")}
    assert names == part | {"agora.tools.search", "agora.tools.call"}
    essential = await _listed(wire, "?toolsets=essential")
    assert len(essential) <= 40
    call = {"name": "agora.tools.call", "arguments": {"name": "agora.query.marketplace", "arguments": {}}}
    answer = await wire.call("modern", "tools/call", call)
    assert answer["result"]["structuredContent"]["agents_total"] == 0


def test_essential_toolset_names_existing_operations() -> None:
    assert {f"agora.{name}" for name in ESSENTIAL_OPERATIONS} <= _shown().keys()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?toolsets=nonsense", "no toolset"),
        ("?names=dashes", "names"),
        ("?page=0", "page"),
        ("?" + "&".join(f"a{number}=1" for number in range(51)), "query"),
        ("?page=x", "page"),
        ("?page=0000000019999999", "page"),
    ],
)
async def test_invalid_view_is_refused(wire: Wire, query: str, words: str) -> None:
    wire.query = query
    response = await wire.modern("tools/list")
    assert response.status_code in (400, 422)
    assert words in response.text


async def test_list_contains_only_permitted_tools(wire: Wire) -> None:
    agent = await register(wire, "Alice")
    names = {tool["name"] for tool in await _listed(agent)}
    assert "agora.messaging.send" in names
    assert "agora.admin.override" not in names


async def test_deprecated_tool_is_marked_and_sunset_one_removed(wire: Wire) -> None:
    async def manage(action: str) -> None:
        body = {"resource": "service", "target": "agora.query.marketplace", "action": action}
        answer = await wire.http.post("/agora/admin/manage", json=body)
        assert answer.status_code == 200, answer.text

    await manage("deprecate")
    tools = {tool["name"]: tool for tool in await _listed(wire)}
    assert tools["agora.query.marketplace"]["description"].startswith("Deprecated")
    call = {"name": "agora.query.marketplace"}
    result = (await wire.call("modern", "tools/call", call))["result"]
    assert "Deprecation" in result["_meta"]["agora/notices"]
    await manage("sunset")
    assert "agora.query.marketplace" not in {tool["name"] for tool in await _listed(wire)}
    result = (await wire.call("modern", "tools/call", call))["result"]
    assert result["isError"]
    assert result["_meta"]["agora/problem"]["code"] == "operation_sunset"
