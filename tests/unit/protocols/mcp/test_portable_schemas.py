"""Listed schemas are in the part of JSON Schema (draft 2020-12) that OpenAI, Anthropic and Gemini take for a tool's arguments.

The rules, and who needs them:

* the arguments are an object, with no alternatives and no reference at the top (OpenAI, Anthropic);
* no ``$ref`` and no ``$defs``, so nothing is recursive (Gemini's older API, LlamaIndex's loader);
* each schema has a type or alternatives; an empty schema, "any value", is refused (Gemini) or warned of (Inspector);
* each array says what it holds (OpenAI, Gemini); what is required is among the properties (Gemini);
* enums are of texts (Gemini); of formats there is ``date-time`` alone (Gemini); patterns have no look-around (OpenAI);
* property names are ``[a-zA-Z0-9_.-]{1,64}`` (Anthropic); at most 10 levels and 5,000 properties (OpenAI);
* no other keyword than those that all of them know.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest

from agora_sdk.contract import operations
from agora_sdk.contract.parameter_descriptions import BY_NAME, BY_OPERATION
from tests.unit.protocols.mcp.mcp_clients import Wire

VIEWS = (
    "?page=1000",
    "?view=full&page=1000",
    "?names=underscore&page=1000",
    "?view=model&toolsets=all&page=1000",
    "?toolsets=task,workflow",
)
KEYWORDS = {
    "type",
    "description",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "anyOf",
    "enum",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
    "format",
}
TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}
LOOK_AROUND = re.compile(r"\(\?[=!<]")


def _problems(schema: Any, place: str = "", depth: int = 1) -> Iterator[str]:
    """Return what a host would refuse in a schema."""
    if not isinstance(schema, Mapping) or not schema:
        yield f"{place}: empty"
        return
    if unknown := schema.keys() - KEYWORDS:
        yield f"{place}: {sorted(unknown)}"
    if ("type" in schema) == ("anyOf" in schema):
        yield f"{place}: neither a type nor alternatives, or both"
    if "type" in schema and schema["type"] not in TYPES:
        yield f"{place}: type {schema['type']!r}"
    if schema.get("type") == "array" and "items" not in schema:
        yield f"{place}: an array of what?"
    if not all(isinstance(value, str) for value in schema.get("enum", ())):
        yield f"{place}: enum of other things than texts"
    if schema.get("format", "date-time") != "date-time":
        yield f"{place}: format {schema['format']}"
    if LOOK_AROUND.search(schema.get("pattern", "")):
        yield f"{place}: look-around"
    if missing := set(schema.get("required", ())) - schema.get("properties", {}).keys():
        yield f"{place}: required without a schema: {missing}"
    if depth > 10:
        yield f"{place}: too deep"
        return
    for name, part in schema.get("properties", {}).items():
        if not re.fullmatch(r"[a-zA-Z0-9_.-]{1,64}", name):
            yield f"{place}.{name}: name"
        yield from _problems(part, f"{place}.{name}", depth + 1)
    for part in schema.get("anyOf", ()):
        yield from _problems(part, f"{place}|", depth)
    if "items" in schema:
        yield from _problems(schema["items"], f"{place}[]", depth + 1)
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from _problems(schema["additionalProperties"], f"{place}.*", depth + 1)


@pytest.mark.parametrize("query", VIEWS)
async def test_every_tool_of_every_view_is_portable(wire: Wire, query: str) -> None:
    wire.query = query
    tools = (await wire.call("modern", "tools/list"))["result"]["tools"]
    problems = [
        f"{tool['name']}{problem}"
        for tool in tools
        for problem in (*_problems(tool["inputSchema"]), *_argument_problems(tool["inputSchema"]))
    ]
    assert problems == []
    for tool in tools:
        _check_schema(json.dumps(tool["inputSchema"]))
        assert "JsonValue" not in tool.get("outputSchema", {}).get("$defs", {}), tool["name"]


@functools.cache
def _check_schema(text: str) -> None:
    """Check a schema once, although several views list it."""
    jsonschema.Draft202012Validator.check_schema(json.loads(text))


def _argument_problems(schema: Mapping[str, Any]) -> Iterator[str]:
    """Return what is wrong with a tool's arguments as such."""
    if schema.get("type") != "object" or "anyOf" in schema:
        yield ": no object"
    for name, part in schema["properties"].items():
        if not part.get("description", "").strip():
            yield f".{name}: no description"


def test_every_shared_description_is_used() -> None:
    used = set()
    for operation in operations():
        for name, part in operation.input_schema.get("properties", {}).items():
            key = f"{operation.category}.{operation.action}.{name}"
            description = part.get("description", "")
            used |= {word for word, table in ((key, BY_OPERATION), (name, BY_NAME)) if table.get(word) == description}
    assert used == BY_OPERATION.keys() | BY_NAME.keys()


async def test_nested_workflow_is_listed_as_a_plain_object(wire: Wire) -> None:
    wire.query = "?view=full&page=1000"
    tools = {tool["name"]: tool for tool in (await wire.call("modern", "tools/list"))["result"]["tools"]}
    step = tools["agora.workflow.create"]["inputSchema"]["properties"]["steps"]["items"]["properties"]
    (nested,) = (part for part in step["workflow"]["anyOf"] if part["type"] == "array")
    assert nested["items"] == {"type": "object", "description": "A Step, as above."}
    inner = {"name": "in", "workflow": [{"name": "a", "task_type": "t"}]}
    call = {"name": "agora.workflow.create", "arguments": {"workflow_name": "w", "steps": [inner]}}
    assert not (await wire.call("modern", "tools/call", call))["result"]["isError"]


async def test_listed_schema_accepts_what_its_operation_accepts(wire: Wire) -> None:
    wire.query = "?view=full&page=1000"
    tools = {tool["name"]: tool for tool in (await wire.call("modern", "tools/list"))["result"]["tools"]}
    calls: dict[str, dict[str, Any]] = {
        "agora.messaging.send": {"to_agent": ["a", "b"], "content": "hello", "metadata": {"k": [1, {"x": None}]}},
        "agora.task.complete": {"task_id": "task_" + "0" * 32, "result": [1, "a", {"b": [None]}, [True]]},
        "agora.task.reassign": {"task_id": "task_" + "0" * 32, "assignee": None},
        "agora.memory.store": {"key": "k", "value": None},
        "agora.task.list": {"status": ["pending", "failed"], "since": "2026-01-01T00:00:00Z"},
    }
    for name, arguments in calls.items():
        jsonschema.validate(arguments, tools[name]["inputSchema"], cls=jsonschema.Draft202012Validator)
