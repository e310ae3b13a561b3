"""Forms: converts submitted fields to the arguments of an operation.

A field has the name of its parameter. An empty one is omitted. A list is a repeated field, or values separated by
commas or line ends; structured values are JSON text. A field of an object is named ``PARAMETER.FIELD``; it can override
a member of the object given as JSON before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import from_json

from agora.protocols.http import Receive, Scope, read_body, read_header
from agora.value_classes import value_class
from agora_sdk.contract import Operation
from agora_sdk.errors import InvalidRequest, UnsupportedMediaType, field_error

__all__ = ["Form", "convert_form_to_arguments", "read_form"]

MAX_FIELDS = 500
MAX_DEPTH = 3  #: maximum depth of a field in objects
FORM_TYPE = "application/x-www-form-urlencoded"
OWN_FIELDS = frozenset(
    {"agents", "csrf", "next", "idempotency_key", "show", "visit"}
)  #: fields of the form itself, not of the operation


@value_class
class Form:
    """Form fields in order, each with its values."""

    fields: Mapping[str, list[str]]

    def get(self, name: str) -> str | None:
        """Return the last value of a field; None if it is missing or empty."""
        values = self.fields.get(name)
        return values[-1] or None if values else None


async def read_form(scope: Scope, receive: Receive, limit: int) -> Form:
    """Read the form of a request. Raises UnsupportedMediaType, PayloadTooLarge, InvalidRequest."""
    kind = (read_header(scope, b"content-type") or "").split(";")[0].strip().lower()
    if kind != FORM_TYPE:
        raise UnsupportedMediaType("The body is not a form.", fix=f"Send 'Content-Type: {FORM_TYPE}'.")
    body = await read_body(scope, receive, limit)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise InvalidRequest("The form cannot be read.", errors=[field_error("body", str(error))]) from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        # Browsers send the line breaks of a text area as CRLF.
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Form(fields)


def convert_form_to_arguments(form: Form, operation: Operation) -> dict[str, Any]:
    """Convert a form to the arguments of an operation. Raises InvalidRequest for invalid JSON."""
    arguments_by_name: dict[str, Any] = {}
    for name, values in form.fields.items():
        filled = [value for value in values if value != ""]
        if name not in OWN_FIELDS and filled:
            value = _convert_value(name, filled, _find_field_types(operation, name))
            _set_argument(arguments_by_name, name.split(".", MAX_DEPTH), value)
    return arguments_by_name


def _set_argument(arguments: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set an argument, or a member of an object argument."""
    *parents, last = path
    for parent in parents:
        arguments = arguments.setdefault(parent, {})
        if not isinstance(arguments, dict):
            raise InvalidRequest(f"{parent} is not an object.", errors=[field_error(parent, "not an object")])
    arguments[last] = value


def _convert_value(name: str, values: list[str], kinds: frozenset[str]) -> Any:
    last = values[-1]
    # A text stays a text, even if it looks like JSON: what a person typed is not reinterpreted.
    if "string" in kinds and not ("array" in kinds and len(values) > 1):
        return last
    if "array" in kinds and (len(values) > 1 or not last.lstrip().startswith(("[", "{"))):
        return [part.strip() for value in values for part in re.split(r"[,\n]", value) if part.strip()]
    if kinds & {"object", "array"} or not kinds:
        try:
            return from_json(last, allow_inf_nan=False)
        except ValueError as error:
            if not kinds:  # any type is accepted, including text
                return last
            raise InvalidRequest(f"{name} is not JSON: {error}", errors=[field_error(name, "not JSON")]) from None
    return last


def _find_field_types(operation: Operation, name: str) -> frozenset[str]:
    """Return the JSON types of a field; empty if any is accepted. An undeclared field is a string."""
    # The operation itself reports an unknown field, by its name.
    types = _find_parameter_types(operation).get(name)
    return types if types is not None else frozenset({"string"})


@cache
def _find_parameter_types(operation: Operation) -> dict[str, frozenset[str]]:
    """Find the JSON types of each parameter and, by path, of the members of objects."""
    schema = operation.input_schema
    return dict(_walk_properties(schema, schema.get("$defs", {}), ""))


def _walk_properties(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], path: str
) -> Iterator[tuple[str, frozenset[str]]]:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    for name, part in schema.get("properties", {}).items():
        yield f"{path}{name}", frozenset(_find_schema_types(part, definitions))
        if path.count(".") < MAX_DEPTH:
            yield from _walk_properties(part, definitions, f"{path}{name}.")


def _find_schema_types(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> set[str]:
    if "$ref" in schema:
        return _find_schema_types(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if options:
        return {kind for option in options for kind in _find_schema_types(option, definitions)} - {"null"}
    if "enum" in schema or "const" in schema:
        return {"string"}
    kind = schema.get("type")
    return set() if kind is None else {kind} if isinstance(kind, str) else set(kind)
