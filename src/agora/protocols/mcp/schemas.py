"""JSON schemas for language models: the contract's schemas, in the subset of draft 2020-12 that all large hosts
support.

OpenAI, Anthropic and Gemini each support a subset of JSON Schema for the arguments of tools. Listed schemas use the
intersection (:func:`convert_to_portable_schema`): an object with inlined, non-recursive schemas, each with a type or
alternatives, and common keywords only. Rules without a portable keyword are left to the server, which validates every
argument anyway: a listed schema never rejects what the operation accepts, except values nested deeper than it shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic_core import to_json

from agora_sdk.contract import Kind, Operation

__all__ = [
    "DEFAULT_STREAM_ITEMS",
    "DEFAULT_WAIT_SECONDS",
    "MAX_STREAM_ITEMS",
    "MAX_WAIT_SECONDS",
    "build_input_schema",
    "build_output_schema",
    "convert_to_portable_schema",
    "outline_schema",
    "simplify_schema",
    "strip_titles",
]

DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS = (
    20.0,
    60.0,
)  #: seconds that a stream's call waits for items: default and maximum
DEFAULT_STREAM_ITEMS, MAX_STREAM_ITEMS = 100, 500  #: items of one result: default and maximum

_SCHEMA_MAP_KEYWORDS = frozenset({"properties", "$defs", "patternProperties"})
_DATA_KEYWORDS = frozenset({"default", "examples", "const", "enum"})

#: keywords supported by OpenAI, Anthropic and Gemini
PORTABLE_KEYWORDS: Final = frozenset(
    {
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
)
_FORMATS: Final = frozenset({"date-time"})  #: the only format supported by all of them
_NULL: Final = {"type": "null"}
_ANY_JSON: Final = "JsonValue"  #: the contract's definition of any JSON value: an empty schema
_SCALARS: Final = ({"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "object"}, _NULL)
#: any JSON value; arrays are nested to the second level, because each array needs a schema of its items
ANY_VALUE: Final[Mapping[str, Any]] = {
    "anyOf": [
        *_SCALARS,
        {"type": "array", "items": {"anyOf": [*_SCALARS, {"type": "array", "items": {"anyOf": [*_SCALARS]}}]}},
    ]
}
MAX_LEVELS: Final = 6  #: of nested objects in an outline
#: keywords omitted by the model view: the server reports violations
_VALIDATION_KEYWORDS: Final = frozenset(
    {"minLength", "maxLength", "minItems", "maxItems", "pattern", "additionalProperties", "minimum", "maximum"}
)

_STREAM_PARAMETERS: dict[str, Any] = {
    "wait": {
        "type": "number",
        "minimum": 0.1,
        "maximum": MAX_WAIT_SECONDS,
        "default": DEFAULT_WAIT_SECONDS,
        "description": "Seconds to wait for the first item.",
    },
    "limit": {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_STREAM_ITEMS,
        "default": DEFAULT_STREAM_ITEMS,
        "description": "Maximum number of items per result.",
    },
}


def build_input_schema(operation: Operation) -> dict[str, Any]:
    """Build the JSON schema of a tool's arguments; for a stream with ``wait`` and ``limit``."""
    schema = convert_to_portable_schema(operation.input_schema)
    schema.setdefault("properties", {})
    schema.pop("description", None)  # already in the tool's description
    if operation.kind is Kind.STREAM:
        schema["properties"] = schema["properties"] | _STREAM_PARAMETERS
    return schema


def build_output_schema(operation: Operation) -> dict[str, Any] | None:
    """Build the JSON schema of a tool's structured content; None if the result is not an object."""
    schema: dict[str, Any] = _replace_any_json(strip_titles(operation.output_schema))
    if operation.kind is Kind.STREAM:
        return _build_stream_page_schema(schema)
    return schema if schema.get("type") == "object" else None


def _build_stream_page_schema(item: dict[str, Any]) -> dict[str, Any]:
    """Build the schema of the items that a stream's call returns."""
    definitions = item.pop("$defs", None)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": item},
            "cursor": {"type": "string", "description": "Pass it as last_event_id to continue after these items."},
            "done": {"type": "boolean", "description": "Whether the stream has ended."},
        },
        "required": ["items", "cursor", "done"],
    }
    return schema if definitions is None else schema | {"$defs": definitions}


def _replace_any_json(schema: dict[str, Any]) -> dict[str, Any]:
    """Replace the definition of any JSON value in a result's schema: some hosts reject an empty schema."""

    any_json = {"$ref": f"#/$defs/{_ANY_JSON}"}

    def replace_any_json(part: Any) -> Any:
        if isinstance(part, list):
            return [replace_any_json(each) for each in part]
        if not isinstance(part, dict):
            return part
        if part.get("$ref") == f"#/$defs/{_ANY_JSON}":
            return {**ANY_VALUE, **{key: value for key, value in part.items() if key != "$ref"}}
        members = {key: value if key in _DATA_KEYWORDS else replace_any_json(value) for key, value in part.items()}
        if part.get("additionalProperties", {}) == any_json:  # an object with arbitrary members
            members["additionalProperties"] = True
        return members

    definitions = {name: part for name, part in schema.get("$defs", {}).items() if name != _ANY_JSON}
    other_keys = {key: value for key, value in schema.items() if key != "$defs"}
    result: dict[str, Any] = replace_any_json(other_keys | ({"$defs": definitions} if definitions else {}))
    return result


# -- portable schemas ----------------------------------------------------------------------------


def convert_to_portable_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a schema of arguments to a portable one: definitions are inlined; a nested recursion becomes a plain
    object."""
    return _convert_part(schema, schema.get("$defs", {}), ())


def _convert_part(schema: Mapping[str, Any], definitions: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
    """Convert one schema. within: the enclosing definitions, which must not be repeated."""
    if "$ref" in schema:
        return _convert_reference(schema, definitions, within)
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives:
        return _convert_alternatives(schema, alternatives, definitions, within)
    if "const" in schema:
        return _convert_part({"enum": [schema["const"]], **_drop_keys(schema, "const")}, definitions, within)
    if not schema.keys() & {"type", "enum"}:
        return {**ANY_VALUE, **_convert_keywords(schema, definitions, within)}
    return _convert_keywords(schema, definitions, within)


def _convert_reference(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], within: tuple[str, ...]
) -> dict[str, Any]:
    name = schema["$ref"].rpartition("/")[2]
    siblings = _convert_keywords(_drop_keys(schema, "$ref"), definitions, within)
    if name == _ANY_JSON:
        return {**ANY_VALUE, **siblings}
    # A recursive schema cannot be inlined; llama-index and others fail on a reference to itself.
    if name in within:
        return {"type": "object", **siblings, "description": siblings.get("description", f"A {name}, as above.")}
    return {**_convert_part(definitions[name], definitions, (*within, name)), **siblings}


def _convert_alternatives(
    schema: Mapping[str, Any],
    alternatives: Sequence[Mapping[str, Any]],
    definitions: Mapping[str, Any],
    within: tuple[str, ...],
) -> dict[str, Any]:
    """Convert alternatives. With a single described alternative, its description becomes the parameter's."""
    parts = [_convert_part(part, definitions, within) for part in alternatives]
    siblings = _convert_keywords(_drop_keys(schema, "anyOf", "oneOf"), definitions, within)
    descriptions = [part["description"] for part in parts if "description" in part]
    if len(descriptions) == 1 and "description" not in siblings:
        siblings["description"] = descriptions[0]
    if len(descriptions) == 1:
        parts = [
            _drop_keys(part, "description") if siblings["description"] == descriptions[0] else part for part in parts
        ]
    if any("anyOf" in part for part in parts):  # any JSON value includes every other alternative
        return {**ANY_VALUE, **siblings}
    return {**siblings, "anyOf": parts}


def _convert_keywords(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], within: tuple[str, ...]
) -> dict[str, Any]:
    ported = {key: value for key, value in schema.items() if key in PORTABLE_KEYWORDS or key.startswith("x-")}
    for bound, loose in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if bound in schema:
            # Several model providers reject exclusive bounds; the operation itself still checks the exact one.
            ported[loose] = schema[bound]
    if ported.get("format") not in _FORMATS:
        ported.pop("format", None)
    if "enum" in ported:
        ported.setdefault("type", "string" if all(isinstance(value, str) for value in ported["enum"]) else "number")
    if ported.get("type") == "array":
        ported.setdefault("items", {})
    # True is the default of JSON Schema, so it says nothing.
    if ported.get("additionalProperties") is not False:
        values = ported.pop("additionalProperties", None)
        if isinstance(values, dict) and not _is_any_json(values):
            ported["additionalProperties"] = values
    return _convert_subschemas(ported, definitions, within)


def _convert_subschemas(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], within: tuple[str, ...]
) -> dict[str, Any]:
    """Convert the nested schemas: those of properties, items and additional properties."""
    parts = {
        key: _convert_part(schema[key], definitions, within)
        for key in ("items", "additionalProperties")
        if isinstance(schema.get(key), dict)
    }
    if "properties" in schema:
        parts["properties"] = {
            name: _convert_part(part, definitions, within) for name, part in schema["properties"].items()
        }
    return {**schema, **parts}


def _is_any_json(schema: Mapping[str, Any]) -> bool:
    return not schema or schema.get("$ref") == f"#/$defs/{_ANY_JSON}"


def _drop_keys(schema: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in keys}


# -- the model view ------------------------------------------------------------------------------


def simplify_schema(schema: Mapping[str, Any], parameters: Iterable[str] | None) -> dict[str, Any]:
    """Simplify a portable schema: selected parameters, without rules that a model need not read.

    parameters: those shown, and ``parameter.member`` of objects; None shows all.
    """
    paths = None if parameters is None else frozenset(parameters)
    simple = _simplify_part(schema, paths, "")
    return {"type": "object", "properties": {}, **simple}


def _simplify_part(schema: Any, paths: frozenset[str] | None, path: str) -> dict[str, Any]:
    # Schemas of agents and upstreams come here, too: a boolean is a schema (JSON Schema 2020-12, section 4.3.2), and the
    # items of a tuple are an array in draft 7. Neither has a portable form, so any value is shown.
    if not isinstance(schema, Mapping):
        return {}
    part = _drop_null(schema)
    simple = {key: value for key, value in part.items() if key not in _VALIDATION_KEYWORDS}
    if simple.get("default", "") in ("", [], {}, None):
        simple.pop("default", None)
    if "description" in simple:
        simple["description"] = " ".join(simple["description"].replace("``", "`").split())
    if "properties" in simple:
        simple["properties"] = _simplify_members(simple["properties"], paths, path)
        required = simple.pop("required", ())
        # In draft 3, "required" is a boolean.
        required = [name for name in required if name in simple["properties"]] if isinstance(required, list) else []
        if required:
            simple["required"] = required
    if "items" in simple:
        simple["items"] = _simplify_part(simple["items"], paths, path)
    if "anyOf" in simple:
        simple["anyOf"] = [_simplify_part(each, paths, path) for each in simple["anyOf"]]
    return simple


def _simplify_members(members: Mapping[str, Any], paths: frozenset[str] | None, path: str) -> dict[str, Any]:
    members_shown = {}
    for name, member in members.items():
        inner = f"{path}.{name}" if path else name
        if paths is None or inner in paths:
            members_shown[name] = _simplify_part(member, paths, inner)
    return members_shown


def _drop_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Remove null from the schema of an optional parameter: omitting it means the same."""
    alternatives = schema.get("anyOf")
    if not alternatives or _NULL not in alternatives or schema.get("default", "") is not None:
        return schema
    other_parts = [part for part in alternatives if part != _NULL]
    other_keys = _drop_keys(schema, "anyOf", "default")
    if len(other_parts) == 1 and isinstance(other_parts[0], Mapping):
        return {**other_parts[0], **other_keys}
    return {**other_keys, "anyOf": other_parts}


#: the alternatives of any JSON value, and of one that may be omitted
_SIMPLE_ANY: Final = (ANY_VALUE["anyOf"], [part for part in ANY_VALUE["anyOf"] if part != _NULL])


def outline_schema(schema: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """Shorten a portable schema to about ``limit`` bytes by omitting the deepest levels of nested objects, except the first."""
    simple = simplify_schema(schema, None)
    for levels in range(MAX_LEVELS, 0, -1):
        outline = _cut_levels(simple, levels)
        if len(to_json(outline)) <= limit:
            break
    return outline


def _cut_levels(part: Mapping[str, Any], levels: int) -> dict[str, Any]:
    """Omit the members of objects below ``levels``; any JSON value becomes an empty schema."""
    outline = {key: value for key, value in part.items() if key != "properties"}
    if "properties" in part and levels:
        outline["properties"] = {name: _cut_levels(each, levels - 1) for name, each in part["properties"].items()}
    elif "properties" in part:
        outline.pop("required", None)
    if part.get("anyOf") in _SIMPLE_ANY:
        del outline["anyOf"]
    elif "anyOf" in part:
        outline["anyOf"] = [_cut_levels(each, levels) for each in part["anyOf"]]
    if "items" in part:
        outline["items"] = _cut_levels(part["items"], levels)
    return outline


def strip_titles(schema: Any) -> Any:
    """Remove the titles that pydantic derives from names: they cost a model tokens without information."""
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
    if key in _DATA_KEYWORDS:
        return value
    return (
        {name: strip_titles(part) for name, part in value.items()}
        if key in _SCHEMA_MAP_KEYWORDS
        else strip_titles(value)
    )
