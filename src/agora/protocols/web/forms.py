"""Forms: submitted fields as the arguments of an operation.

A field has the name of its parameter. An empty one is omitted. A list is a repeated field, or values separated by commas
or line ends; structured values are JSON text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import from_json

from agora.protocols.http import Receive, Scope, read_body, read_header
from agora_sdk.contract import Operation
from agora_sdk.errors import InvalidRequest, UnsupportedMediaType, field_error

__all__ = ["Form", "read_form", "to_arguments"]

MAX_FIELDS = 500
FORM = "application/x-www-form-urlencoded"
OWN_FIELDS = frozenset(
    {"agents", "csrf", "next", "idempotency_key", "show", "visit"}
)  #: fields that are ours, not the operation's


@dataclass(frozen=True, slots=True)
class Form:
    """Fields in order, each with its values."""

    fields: Mapping[str, list[str]]

    def get(self, name: str) -> str | None:
        """The last value of a field, None where it is missing or empty."""
        values = self.fields.get(name)
        return values[-1] or None if values else None


async def read_form(scope: Scope, receive: Receive, limit: int) -> Form:
    """The form of a request. Raises UnsupportedMediaType, PayloadTooLarge, InvalidRequest."""
    kind = (read_header(scope, b"content-type") or "").split(";")[0].strip().lower()
    if kind != FORM:
        raise UnsupportedMediaType("The body is no form.", fix=f"Send 'Content-Type: {FORM}'.")
    body = await read_body(scope, receive, limit)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise InvalidRequest("The form cannot be read.", errors=[field_error("body", str(error))]) from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Form(fields)


def to_arguments(form: Form, operation: Operation) -> dict[str, Any]:
    """Arguments of an operation; InvalidRequest where JSON is expected and is none."""
    kinds = _parameter_types(operation)
    arguments_by_name = {}
    for name, values in form.fields.items():
        filled = [value for value in values if value != ""]
        if name not in OWN_FIELDS and filled:
            arguments_by_name[name] = _convert_value(name, filled, kinds.get(name, frozenset({"string"})))
    return arguments_by_name


def _convert_value(name: str, values: list[str], kinds: frozenset[str]) -> Any:
    last = values[-1]
    if "string" in kinds and not ("array" in kinds and len(values) > 1):
        return last
    if "array" in kinds and (len(values) > 1 or not last.lstrip().startswith(("[", "{"))):
        return [part.strip() for value in values for part in re.split(r"[,\n]", value) if part.strip()]
    if kinds & {"object", "array"} or not kinds:
        try:
            return from_json(last, allow_inf_nan=False)
        except ValueError as error:
            if not kinds:  # anything goes: text, too
                return last
            raise InvalidRequest(f"{name} is not JSON: {error}", errors=[field_error(name, "not JSON")]) from None
    return last


@cache
def _parameter_types(operation: Operation) -> dict[str, frozenset[str]]:
    """JSON types that each parameter takes; none where anything goes."""
    schema = operation.input_schema
    definitions = schema.get("$defs", {})
    return {name: frozenset(_schema_types(part, definitions)) for name, part in schema.get("properties", {}).items()}


def _schema_types(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> set[str]:
    if "$ref" in schema:
        return _schema_types(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if options:
        return {kind for option in options for kind in _schema_types(option, definitions)} - {"null"}
    if "enum" in schema or "const" in schema:
        return {"string"}
    kind = schema.get("type")
    return set() if kind is None else {kind} if isinstance(kind, str) else set(kind)
