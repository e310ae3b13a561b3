"""Parsing of query strings into arguments of operations, and of path segments."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from agora_sdk.contract import Operation
from agora_sdk.errors import InvalidRequest, MalformedRequest, field_error

__all__ = ["MAX_QUERY_BYTES", "decode_path_segment", "merge_path_parameters", "parse_query", "parse_query_pairs"]

MAX_QUERY_BYTES = 16_384
MAX_FIELDS = 200


def parse_query(query: bytes, operation: Operation) -> dict[str, Any]:
    """Parse arguments as text; repeated keys and commas both make lists, other repeated parameters are rejected.

    Raises InvalidRequest, and MalformedRequest for what is not UTF-8.
    """
    arguments: dict[str, Any] = {}
    for name, value in parse_query_pairs(query):
        if name in _find_array_parameter_names(operation):
            arguments.setdefault(name, []).extend(part.strip() for part in value.split(","))
        elif name in arguments:
            raise InvalidRequest(
                f"{name} is given twice.", fix="Give it once.", errors=[field_error(name, "given twice")]
            )
        else:
            arguments[name] = value
    return arguments


def merge_path_parameters(arguments: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    """Add the path's arguments; raises InvalidRequest if one is also given elsewhere."""
    for name, value in path.items():
        if arguments.setdefault(name, value) != value:
            raise InvalidRequest(
                f"{name} differs from the one in the path.",
                fix="Give it in the path alone.",
                errors=[field_error(name, "differs from the path")],
            )
    return arguments


def decode_path_segment(segment: str) -> str:
    """Percent-decode a path segment. Raises MalformedRequest if it is not UTF-8."""
    try:
        # Strict: replacement characters would make different names equal.
        return unquote(segment, errors="strict") if "%" in segment else segment
    except UnicodeDecodeError:
        raise MalformedRequest(
            "The path is not valid UTF-8 in percent-encoding.", errors=[field_error("path", "not UTF-8")]
        ) from None


def parse_query_pairs(query: bytes) -> list[tuple[str, str]]:
    """Parse names and values in order. Raises InvalidRequest if the query is too long, MalformedRequest if it is not
    UTF-8."""
    if len(query) > MAX_QUERY_BYTES:
        raise InvalidRequest(
            f"The query string is longer than {MAX_QUERY_BYTES} bytes.",
            fix="Send fewer or shorter parameters.",
            errors=[field_error("query", f"longer than {MAX_QUERY_BYTES} bytes")],
        )
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise MalformedRequest(
            "The query string is not valid UTF-8 in percent-encoding.",
            fix="Percent-encode it as UTF-8.",
            errors=[field_error("query", str(error))],
        ) from None


@cache
def _find_array_parameter_names(operation: Operation) -> frozenset[str]:
    """Find the names of the parameters that are arrays."""
    properties = operation.input_schema.get("properties", {})
    return frozenset(name for name, schema in properties.items() if _accepts_array(schema))


def _accepts_array(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "array" or any(_accepts_array(option) for option in schema.get("anyOf", ()))
