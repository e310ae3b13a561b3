"""JSON schemas for language models: the contract's, without members that only cost tokens."""

from __future__ import annotations

from typing import Any

from agora_sdk.contract import Kind, Operation

__all__ = ["ITEM_LIMIT", "WAIT", "WAIT_LIMIT", "input_schema", "output_schema", "strip_titles"]

WAIT, WAIT_LIMIT = 20.0, 60.0  #: seconds a stream's call waits for items
ITEMS, ITEM_LIMIT = 100, 500  #: items of one answer

_MAPS = frozenset({"properties", "$defs", "patternProperties"})
_DATA = frozenset({"default", "examples", "const", "enum"})

_STREAM_PARAMETERS: dict[str, Any] = {
    "wait": {
        "type": "number",
        "minimum": 0.1,
        "maximum": WAIT_LIMIT,
        "default": WAIT,
        "description": "Seconds to wait for the first item.",
    },
    "limit": {
        "type": "integer",
        "minimum": 1,
        "maximum": ITEM_LIMIT,
        "default": ITEMS,
        "description": "Most items of one answer.",
    },
}


def input_schema(operation: Operation) -> dict[str, Any]:
    """JSON schema of a tool's arguments. A stream takes ``wait`` and ``limit`` beside its own."""
    schema: dict[str, Any] = strip_titles(operation.input_schema)
    schema.setdefault("properties", {})
    schema.pop("description", None)  # the tool's own begins with it
    if operation.kind is Kind.STREAM:
        schema["properties"] = schema["properties"] | _STREAM_PARAMETERS
    return schema


def output_schema(operation: Operation) -> dict[str, Any] | None:
    """JSON schema of a tool's structured content; None where the result is no object."""
    schema: dict[str, Any] = strip_titles(operation.output_schema)
    if operation.kind is Kind.STREAM:
        return _stream_page_schema(schema)
    return schema if schema.get("type") == "object" else None


def _stream_page_schema(item: dict[str, Any]) -> dict[str, Any]:
    """The items of a stream that came while a call waited."""
    definitions = item.pop("$defs", None)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": item},
            "cursor": {"type": "string", "description": "Give it back as last_event_id to go on after these items."},
            "done": {"type": "boolean", "description": "Whether nothing will ever follow."},
        },
        "required": ["items", "cursor", "done"],
    }
    return schema if definitions is None else schema | {"$defs": definitions}


def strip_titles(schema: Any) -> Any:
    """Without the titles that pydantic derives from names: a model reads each of them for nothing."""
    if isinstance(schema, list):
        return [strip_titles(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _strip_member(key, value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }


def _strip_member(key: str, value: Any) -> Any:
    if key in _DATA:
        return value
    return {name: strip_titles(part) for name, part in value.items()} if key in _MAPS else strip_titles(value)
