"""Tool search: the right tool is among the first three results, answers are short, without repetitions."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agora.protocols.mcp.schemas import build_input_schema
from agora.protocols.mcp.search_words import KEYWORDS_BY_OPERATION
from agora_sdk.contract import operations
from tests.unit.protocols.mcp.conftest import register
from tests.unit.protocols.mcp.mcp_clients import ERAS, Wire

PHRASINGS = tomllib.loads((Path(__file__).parent / "search_phrasings.toml").read_text())
BYTES_PER_TOKEN = 4  # characters of English and JSON per token, approximately, with current tokenizers


async def _search(wire: Wire, era: str = "modern", **arguments: Any) -> str:
    call = {"name": "agora_tools_search", "arguments": arguments}
    result = (await wire.call(era, "tools/call", call))["result"]
    assert not result["isError"], result
    assert "structuredContent" not in result, "repeated"
    (content,) = result["content"]
    text: str = content["text"]
    return text


def _names(text: str) -> list[str]:
    return re.findall(r"^(\w+)(?:\(| needs the scope)", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("part", "size", "least"), [("phrasings", 60, 0.9), ("held_out", 30, 0.8), ("unseen", 60, 0.9)]
)
async def test_tool_is_among_the_first_three_results(wire: Wire, part: str, size: int, least: float) -> None:
    caller = await register(wire, "Alice") if part == "unseen" else wire
    missed = []
    for phrasing, tools in PHRASINGS[part].items():
        names = _names(await _search(caller, query=phrasing, limit=3))
        if not {f"agora_{tool.replace('.', '_')}" for tool in tools} & set(names):
            missed.append((phrasing, names))
    total = len(PHRASINGS[part])
    assert total >= size
    assert len(missed) <= (1 - least) * total, missed


async def test_answers_are_short(wire: Wire) -> None:
    longest = 0
    for phrasing in PHRASINGS["phrasings"]:
        text = await _search(wire, query=phrasing, limit=5)
        longest = max(longest, len(text.encode()))
        assert len(_names(text)) <= 5
    assert longest / BYTES_PER_TOKEN <= 600


@pytest.mark.parametrize("era", ERAS)
async def test_exact_name_returns_the_whole_tool(wire: Wire, era: str) -> None:
    for name in ("agora_messaging_send", "agora.messaging.send"):
        text = await _search(wire, era, query=name)
        assert text.startswith("agora_messaging_send\nSend a message")
        assert '"expires_in"' in text


async def test_size_of_a_whole_tool_is_bounded(wire: Wire) -> None:
    longest = {}
    for name in [operation.name for operation in operations()]:
        text = await _search(wire, query=name)
        if text.startswith(name.replace(".", "_")):  # otherwise it is sunset, or exists only in tests
            longest[name] = len(text.encode())
            schema = json.loads(text.rpartition("inputSchema: ")[2])
            assert schema["properties"].keys() == {*declared_parameters(name)}, name
    assert len(longest) > 300
    assert max(longest.values()) / BYTES_PER_TOKEN <= 1_100
    assert longest["agora.a2a.send"] / BYTES_PER_TOKEN <= 900


def declared_parameters(name: str) -> set[str]:
    operation = next(operation for operation in operations() if operation.name == name)
    return set(build_input_schema(operation)["properties"])


async def test_forbidden_tool_is_listed_with_its_scope(wire: Wire) -> None:
    agent = await register(wire, "Alice")
    for phrasing, name in (
        ("emergency stop everything", "agora_admin_override"),
        ("create an API key", "agora_token_create"),
        ("add an MCP server", "agora_upstream_add"),
    ):
        assert f"{name}(" in await _search(wire, query=phrasing)
        text = await _search(agent, query=phrasing)
        assert text.startswith(f"{name} needs the scope admin, which this credential does not have; an operator can"), (
            text
        )
        assert text.count("needs the scope") <= 2
        assert (await _search(agent, query=name)).startswith(f"{name} needs the scope admin")


async def test_missing_scope_is_named(wire: Wire) -> None:
    key = {"label": "reader", "scopes": ["read:agents"]}
    token = (await wire.call("modern", "tools/call", {"name": "agora_token_create", "arguments": key}))["result"]
    reader = Wire(wire.http, token["structuredContent"]["token"])
    text = await _search(reader, query="give a job to another agent")
    assert text.startswith("agora_task_assign needs the scope write:tasks, which this credential does not have. Assign")
    assert "operator" not in text.splitlines()[0]


async def test_only_callable_tools_are_listed_if_they_match_best(wire: Wire) -> None:
    agent = await register(wire, "Alice")
    for phrasing in ("list my unread messages", "finish a task with a result", "remember a fact for later"):
        assert "needs the scope" not in await _search(agent, query=phrasing)


async def test_read_only_connection_finds_no_write_tools(wire: Wire) -> None:
    agent = await register(wire, "Alice")
    agent.query = "?readonly=true"
    assert "agora_token_create" not in await _search(agent, query="create an API key")
    assert "agora_token_list needs the scope admin" in await _search(agent, query="agora_token_list")


async def test_unmatched_words_are_reported(wire: Wire) -> None:
    agent = await register(wire, "Alice")
    first, *others = (await _search(agent, query="schedule a task every morning")).splitlines()
    assert first == "No tool mentions schedule or morning. The nearest:"
    assert others
    assert "No tool mentions" not in await _search(agent, query="find an agent that can translate German")


async def test_operation_is_found_under_one_name(wire: Wire) -> None:
    names = _names(await _search(wire, query="show the health of the bus", limit=10))
    assert "agora_bus_health" in names
    assert "bus_health" not in names


async def test_query_without_matches(wire: Wire) -> None:
    assert "Rephrase" in await _search(wire, query="xyzzy")


def test_keywords_belong_to_existing_operations() -> None:
    assert {f"agora.{name}" for name in KEYWORDS_BY_OPERATION} <= {operation.name for operation in operations()}
