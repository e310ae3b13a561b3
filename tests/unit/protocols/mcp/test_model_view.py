"""The model view: tools listed for a language model, their size, and access to all other tools."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from pydantic_core import to_json

from agora.protocols.mcp.model_view import MODEL_TOOLS
from agora.protocols.mcp.schemas import build_input_schema
from agora.protocols.mcp.tools import underscore_name
from agora_sdk.contract import operations
from tests.harness import Running
from tests.unit.protocols.mcp.conftest import register
from tests.unit.protocols.mcp.mcp_clients import ERAS, Wire, connect

#: limits of a listing; bytes: of the whole result of tools/list, as compact JSON
MAX_TOOLS, MAX_BYTES = 30, 32_000
#: the tools and parameters with which the marketplace was described
CATALOGUE = {
    "agora_messaging_send": {"to_agent", "content", "message_type", "priority"},
    "agora_messaging_receive": {"agent_id", "since", "message_type"},
    "agora_messaging_subscribe": {"agent_id", "event_types"},
    "agora_task_assign": {"task_type", "assignee", "payload", "deadline", "priority"},
    "agora_task_update": {"task_id", "status", "progress", "notes"},
    "agora_task_list": {"agent_id", "status", "limit", "offset"},
    "agora_workflow_create": {"workflow_name", "steps", "assigned_agents", "metadata"},
    "agora_workflow_status": {"workflow_id"},
    "agora_workflow_modify": {"workflow_id", "action"},
    "agora_query_agents": {"capabilities", "status", "service_tier"},
    "agora_query_services": {"category", "version", "status"},
    "agora_query_marketplace": set(),
    "agora_discovery_list": {"category", "version", "status"},
    "agora_discovery_schema": {"service", "version"},
    "agora_admin_override": {"target_id", "action", "reason", "priority"},
    "agora_admin_health": {"component"},
    "agora_admin_manage": {"target", "action"},
}
OPERATORS = {"agora_admin_override", "agora_admin_manage"}
ABOUT_TOOLS = {"agora_tools_search", "agora_tools_call", "agora_toolsets_enable"}
HOST_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


async def _listing(wire: Wire, query: str = "", era: str = "modern", **headers: str) -> dict[str, dict[str, Any]]:
    wire.query = query
    if era == "legacy":
        await wire.shake_hands()
    response = await (wire.modern if era == "modern" else wire.legacy)("tools/list", **headers)
    result = response.json()["result"]
    assert "nextCursor" not in result
    return {tool["name"]: tool for tool in result["tools"]}


async def _call(wire: Wire, tool: str, arguments: dict[str, Any], **headers: str) -> dict[str, Any]:
    response = await wire.modern("tools/call", {"name": tool, "arguments": arguments}, **headers)
    result: dict[str, Any] = response.json()["result"]
    return result


@pytest.mark.parametrize("era", ERAS)
async def test_listing_stays_within_its_budget(wire: Wire, era: str) -> None:
    agent = await register(wire, "Alice")
    for caller, missing in ((wire, set()), (agent, OPERATORS)):
        if era == "legacy":
            await caller.shake_hands()
        result = (await caller.call(era, "tools/list"))["result"]
        assert len(result["tools"]) <= MAX_TOOLS
        assert len(to_json(result)) <= MAX_BYTES
        names = {tool["name"] for tool in result["tools"]}
        assert names >= (CATALOGUE.keys() - missing) | ABOUT_TOOLS
        assert all(HOST_NAME.fullmatch(name) for name in names)


async def test_only_listed_tools_are_described(server: Running, wire: Wire) -> None:
    await _listing(wire)
    await _call(wire, "agora_tools_search", {"query": "show my remaining credit"})
    tools = [server.app.mcp.features.tools.get_or_create_tool(operation, "default") for operation in operations()]
    described = [name for tool in tools for name in ("document", "call_document") if name in vars(tool)]
    assert "document" not in described, "schemas of results take most of the time, and are not shown"
    assert described.count("call_document") <= MAX_TOOLS + 5


async def test_listing_shows_the_described_parameters(wire: Wire) -> None:
    tools = await _listing(wire)
    for name, parameters in CATALOGUE.items():
        assert parameters <= tools[name]["inputSchema"]["properties"].keys(), name
        assert "outputSchema" not in tools[name]


def test_listed_parameters_exist() -> None:
    declared = {operation.name: operation for operation in operations()}
    for name, parameters in MODEL_TOOLS.items():
        own = declared[name].parameters
        assert {path.partition(".")[0] for path in parameters} <= own.keys()
        required = {key for key, parameter in own.items() if parameter.default is parameter.empty}
        assert required <= set(parameters), name


async def test_parameter_named_in_a_description_is_listed(wire: Wire) -> None:
    tools = await _listing(wire)
    for name in MODEL_TOOLS:
        shown = tools[underscore_name(name)]
        complete = build_input_schema(next(operation for operation in operations() if operation.name == name))
        hidden = _collect_members(complete) - _collect_members(shown["inputSchema"])
        words = {word for text in _collect_descriptions(shown) for word in re.findall(r"`(\w+)`", text)}
        assert not hidden & words, name


def _collect_members(part: Any) -> set[str]:
    """Collect the member names of a schema's objects at every level."""
    if isinstance(part, list):
        return {name for each in part for name in _collect_members(each)}
    if not isinstance(part, dict):
        return set()
    inner = {name for key, each in part.items() if key != "default" for name in _collect_members(each)}
    return inner | (set(part["properties"]) if isinstance(part.get("properties"), dict) else set())


def _collect_descriptions(part: Any) -> list[str]:
    if isinstance(part, list):
        return [text for each in part for text in _collect_descriptions(each)]
    if not isinstance(part, dict):
        return []
    inner = [text for each in part.values() for text in _collect_descriptions(each)]
    return [*inner, part["description"]] if isinstance(part.get("description"), str) else inner


async def test_unlisted_parameters_are_accepted(wire: Wire) -> None:
    alice, bob = await register(wire, "Alice"), await register(wire, "Bob")
    sent = {"to_agent": "Bob", "content": "hello", "expires_in": 60, "metadata": {"k": "v"}}
    assert "expires_in" not in (await _listing(alice))["agora_messaging_send"]["inputSchema"]["properties"]
    for name in ("agora_messaging_send", "agora.messaging.send"):
        assert not (await _call(alice, name, sent))["isError"]
    for query in ("", "?view=full", "?names=underscore", "?toolsets=task"):
        bob.query = query
        received = await _call(bob, "agora.messaging.receive", {})
        assert [message["metadata"] for message in received["structuredContent"]["messages"]] == [{"k": "v"}] * 2


async def test_no_listed_tool_answers_with_a_whole_catalogue(wire: Wire) -> None:
    tools = await _listing(wire)
    for name in ("agora_discovery_list", "agora_query_services"):
        limit = tools[name]["inputSchema"]["properties"]["limit"]["default"]
        result = await _call(wire, name, {})
        assert len(result["structuredContent"]["services"]) == limit
        assert len(to_json(result["structuredContent"])) <= 16_000
    whole = (await _call(wire, "agora_discovery_list", {"limit": 500, "schemas": True}))["structuredContent"]
    wire.query = "?view=full"
    assert (await _call(wire, "agora.discovery.list", {}))["structuredContent"] == whole
    assert all("schema" in service for service in whole["services"])


async def test_every_other_tool_is_reachable_with_one_call(wire: Wire) -> None:
    model = await _listing(wire)
    full = await _listing(wire, "?view=full&page=1000")
    assert {name.replace(".", "_") for name in full} > model.keys() - ABOUT_TOOLS
    assert "outputSchema" in full["agora.messaging.send"]
    assert len(full) > 150
    spelled = await _listing(wire, "?names=underscore&page=1000")
    assert spelled.keys() == {name.replace(".", "_") for name in full}
    plain = (await wire.http.get("/mcp/v1/tools?page=1000")).json()["tools"]
    assert {tool["name"] for tool in plain} == full.keys()
    called = await _call(wire, "agora_tools_call", {"name": "agora_billing_balance", "arguments": {}})
    assert not called["isError"]


# -- headers -------------------------------------------------------------------------------------


async def test_header_selects_toolsets(wire: Wire) -> None:
    tools = await _listing(wire, x_mcp_toolsets="tasks,billing")
    categories = {name.split("_")[1] for name in tools}
    assert categories == {"task", "billing", "tools", "toolsets"}
    assert "agora_task_stream" in tools
    assert not any("outputSchema" in tool for tool in tools.values())
    wire.query = ""
    refused = await wire.modern("tools/list", x_mcp_toolsets="tasks,nonsense")
    assert "nonsense" in refused.text
    assert "billing" in refused.json()["error"]["data"]["fix"]


async def test_header_selects_single_tools(wire: Wire) -> None:
    tools = await _listing(wire, x_mcp_tools="agora.agent.get, agora_billing_cost")
    assert tools.keys() == {"agora_agent_get", "agora_billing_cost"}
    tools = await _listing(wire, x_mcp_tools="agora_agent_get", x_mcp_toolsets="memory")
    assert {"agora_agent_get", "agora_memory_store", "agora_tools_search"} <= tools.keys()


@pytest.mark.parametrize("query", ["", "?view=full&page=1000"])
async def test_header_restricts_to_reads(wire: Wire, query: str) -> None:
    await register(wire, "Bob")
    tools = await _listing(wire, query, x_mcp_readonly="true")
    about = {name for name in tools if name.replace(".", "_") in ABOUT_TOOLS}
    assert all(tools[name]["annotations"]["readOnlyHint"] for name in tools.keys() - about)
    send = {"to_agent": "Bob", "content": "hello", "from_agent": "Bob"}
    inner = {"name": "agora.messaging.send", "arguments": send}
    for name, arguments in (("agora_messaging_send", send), ("agora_tools_call", inner)):
        refused = await _call(wire, name, arguments, x_mcp_readonly="true")
        assert refused["isError"]
        assert refused["_meta"]["agora/problem"]["code"] == "permission_denied"
        assert "X-MCP-Readonly" in refused["_meta"]["agora/problem"]["fix"]
    assert not (await _call(wire, "agora_agent_get", {"agent_id": "Bob"}, x_mcp_readonly="true"))["isError"]
    listed = {"resource": "configuration", "target": "all", "action": "list"}
    assert not (await _call(wire, "agora.admin.manage", listed, x_mcp_readonly="true"))["isError"]
    assert not (await _call(wire, "agora_messaging_send", send))["isError"]


@pytest.mark.parametrize(
    ("query", "words"), [("?view=small", "view"), ("?readonly=perhaps", "readonly"), ("?names=dashes", "names")]
)
async def test_invalid_selection_is_refused(wire: Wire, query: str, words: str) -> None:
    wire.query = query
    response = await wire.modern("tools/list")
    assert response.status_code == 422
    assert words in response.text


# -- toolsets at run time ------------------------------------------------------------------------


async def test_session_enables_toolsets_and_is_notified(server: Running, wire: Wire) -> None:
    changed = asyncio.Event()

    async def hear(message: Any) -> None:
        if type(message).__name__ == "ToolListChangedNotification":
            changed.set()

    async with (
        connect(f"{server.url}/mcp", "legacy", message_handler=hear) as client,
        connect(f"{server.url}/mcp", "legacy") as other,
        asyncio.timeout(60),
    ):
        before = {tool.name for tool in (await client.list_tools()).tools}
        answer = await client.call_tool("agora_toolsets_enable", {"toolsets": ["memory", "hosts"]})
        assert not answer.is_error, answer
        await changed.wait()
        after = {tool.name for tool in (await client.list_tools()).tools}
        assert {name.split("_")[1] for name in after - before} == {"memory", "host"}
        assert {tool.name for tool in (await other.list_tools()).tools} == before
        await client.call_tool("agora_toolsets_enable", {"toolsets": ["memory", "host"], "enabled": False})
        assert {tool.name for tool in (await client.list_tools()).tools} == before


async def test_client_without_a_session_enables_toolsets_and_is_notified(server: Running, wire: Wire) -> None:
    from mcp.client.subscriptions import listen

    alice = await register(wire, "Alice")
    async with connect(f"{server.url}/mcp", "modern", alice.token) as client, asyncio.timeout(60):
        before = {tool.name for tool in (await client.list_tools()).tools}
        async with listen(client.session, tools_list_changed=True) as stream:
            await client.call_tool("agora_toolsets_enable", {"toolsets": ["memory"]})
            assert type(await anext(aiter(stream))).__name__ == "ToolsListChanged"
        after = {tool.name for tool in (await client.list_tools()).tools}
        assert {name.split("_")[1] for name in after - before} == {"memory"}
    assert (await _listing(alice)).keys() == before  # another client of the same agent
    assert (await _listing(wire)).keys() >= before


async def test_toolsets_are_listed(wire: Wire) -> None:
    result = await _call(wire, "agora.toolsets.enable", {})
    assert "billing" in result["content"][0]["text"]
    refused = await _call(wire, "agora.toolsets.enable", {"toolsets": ["nonsense"]})
    assert refused["isError"]


# -- instructions --------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "?view=full&page=1000", "?names=underscore&page=1000", "?toolsets=essential"])
@pytest.mark.parametrize("era", ERAS)
async def test_instructions_name_tools_of_the_view(wire: Wire, query: str, era: str) -> None:
    names = (await _listing(wire, query)).keys()
    if era == "legacy":
        instructions = (await wire.shake_hands())["instructions"]
    else:
        instructions = (await wire.call("modern", "server/discover"))["result"]["instructions"]
    named = set(re.findall(r"agora[._][a-z]+[._][a-z_]+", instructions))
    assert len(named) >= 8
    assert named <= names
