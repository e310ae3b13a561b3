"""Conversion of command-line text to an operation's arguments, by its JSON schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from agora.comma_lists import split_list
from agora_sdk.contract import Operation
from agora_sdk.errors import InvalidRequest, field_error

__all__ = [
    "Field",
    "build_argument_error",
    "gather_arguments",
    "list_operation_fields",
    "parse_document",
    "parse_value",
]

PLAIN_TYPES = {"string": str, "integer": int, "number": float, "boolean": bool}


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter of an operation as an option.

    kind: string, integer, number, boolean, choice, list, object, or json (any value).
    """

    name: str
    kind: str
    required: bool
    positional: bool
    description: str
    choices: tuple[str, ...] = ()

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def usage_name(self) -> str:
        """Name in the usage line; positional if allowed."""
        return f"{self.name.upper()}, or {self.option}" if self.positional else self.option

    @property
    def annotation(self) -> Any:
        """The type of the option; None means that it was omitted."""
        if self.kind == "choice":
            # typer accepts choices only as an enumeration.
            choices: Any = StrEnum(str(self.name), {choice.upper(): choice for choice in self.choices})  # type: ignore[misc]
            return choices | None
        if self.kind in ("list", "object"):
            return list[str] | None
        return PLAIN_TYPES.get(self.kind, str) | None

    def parse_value(self, text: Any) -> Any:
        """Parse the value of an option or positional argument.

        Raises InvalidRequest.
        """
        match self.kind:
            case "list":
                return _parse_list(self, text)
            case "object":
                return _parse_members(self, text)
            case "json":
                return _parse_json_or_text(self, text)
            case "choice":
                return str(text)
            case "boolean" if isinstance(text, str):
                return _parse_boolean(self, text)
        try:
            return PLAIN_TYPES[self.kind](text)
        except ValueError:
            raise build_argument_error(
                self.name, f"{text!r} is not {'an' if self.kind == 'integer' else 'a'} {self.kind}"
            ) from None


def list_operation_fields(operation: Operation) -> list[Field]:
    """List an operation's parameters in order."""
    schema = operation.input_schema
    definitions = schema.get("$defs", {})
    required = schema.get("required", ())
    fields = []
    for name, parameter in operation.parameters.items():
        declared = _resolve_schema(schema["properties"][name], definitions)
        kind, choices = _choose_field_kind(declared, definitions)
        positional = parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        fields.append(Field(name, kind, name in required, positional, declared.get("description", ""), choices))
    return fields


def gather_arguments(
    fields: Sequence[Field], values: Sequence[str], options: Mapping[str, Any], base: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Collect arguments from positional values, options and a JSON object; options take precedence.

    A value ``@file.json`` or ``{...}`` is the next argument if that is of type object, else it holds all arguments.
    Raises InvalidRequest for an excess value or a missing required argument.
    """
    arguments = dict(base or {})
    free = [field for field in fields if field.positional]
    for value in values:
        is_object = value.startswith("{") or (value.startswith("@") and value.endswith(".json"))
        if is_object and not (free and free[0].kind == "object"):
            arguments |= parse_document(value)
        elif not free:
            raise build_argument_error("arguments", f"{value!r} is one value too many")
        else:
            field = free.pop(0)
            arguments[field.name] = field.parse_value(value)
    # An option with several values that is omitted is an empty list to typer.
    provided = {field.name: options[field.name] for field in fields if options.get(field.name) not in (None, [])}
    arguments |= {field.name: field.parse_value(provided[field.name]) for field in fields if field.name in provided}
    missing = [field for field in fields if field.required and field.name not in arguments]
    if missing:
        errors = [field_error(field.name, f"required: {field.usage_name}") for field in missing]
        raise InvalidRequest("A required argument is missing.", errors=errors)
    return arguments


def parse_document(text: str, name: str = "json") -> dict[str, Any]:
    """Parse a JSON object given as text or as ``@file``. name: of the argument, for errors."""
    document = _load_json_or_file(text, name)
    if not isinstance(document, dict):
        raise build_argument_error(name, "a JSON object is expected")
    return document


def parse_value(text: str) -> Any:
    """Parse any JSON value given as text or as ``@file``."""
    return _load_json_or_file(text)


def build_argument_error(field: str, message: str) -> InvalidRequest:
    return InvalidRequest("Invalid arguments.", errors=[field_error(field, message)])


def _resolve_schema(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Resolve a schema's reference and drop its null alternative."""
    resolved = dict(schema)
    options = [option for option in resolved.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        resolved = dict(options[0]) | {key: value for key, value in resolved.items() if key != "anyOf"}
    elif options:
        resolved["anyOf"] = options
    reference = resolved.get("$ref")
    if reference:
        resolved = dict(definitions[reference.rsplit("/", 1)[1]]) | resolved
    return resolved


def _choose_field_kind(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    if "enum" in schema:
        return "choice", tuple(map(str, schema["enum"]))
    types = {_resolve_schema(option, definitions).get("type") for option in schema.get("anyOf", ())} or {
        schema.get("type")
    }
    if types == {"string", "array"} or types == {"array"}:
        return "list", ()
    if types == {"object"}:
        return "object", ()
    type_name = types.pop() if len(types) == 1 else None
    return (type_name, ()) if type_name in PLAIN_TYPES else ("json", ())


def _parse_list(field: Field, text: Any) -> Any:
    parts = [text] if isinstance(text, str) else list(text)
    if len(parts) == 1 and parts[0].startswith(("[", "@")) and _is_json_or_json_file(parts[0]):
        return _load_json_or_file(parts[0], field.name)
    return [name for part in parts for name in split_list(part)]


def _is_json_or_json_file(text: str) -> bool:
    return text.startswith("[") or text.endswith(".json")


def _parse_members(field: Field, text: Any) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for part in [text] if isinstance(text, str) else text:
        if part.startswith(("{", "@")):
            members |= parse_document(part, field.name)
            continue
        key, equals, value = part.partition("=")
        if not equals:
            raise build_argument_error(field.name, f"{part!r} is not KEY=VALUE, not a JSON object and not @FILE")
        members[key] = _parse_json_or_text(field, value)
    return members


def _parse_json_or_text(field: Field, text: str) -> Any:
    """Parse a value as JSON, else return the text."""
    if text.startswith("@"):
        return _load_json_or_file(text, field.name)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _load_json_or_file(text_or_file: str, argument_name: str = "json") -> Any:
    source, text = argument_name, text_or_file
    try:
        if text.startswith("@"):
            source = text[1:]
            text = Path(source).read_text("utf-8")
        return json.loads(text)
    except OSError as error:
        raise build_argument_error(source, f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise build_argument_error(source, f"is not JSON: {error}") from None


def _parse_boolean(field: Field, text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise build_argument_error(field.name, f"{text!r} is not true or false")
    return words[text.lower()]
