"""Untrusted JSON schemas: patterns take linear time, and references are not retrieved."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import pytest

from agora.domains.mcp_upstreams.task_questions import parse_elicitation_answer
from agora.json_schemas import find_schema_error, find_value_error

BACKTRACKING = "^(a+)+$"
TEXT = "a" * 50_000 + "!"  # takes longer than the age of the universe with re


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"properties": {"a": {"pattern": BACKTRACKING}}}, {"a": TEXT}),
        ({"propertyNames": {"pattern": BACKTRACKING}}, {TEXT: 1}),
        ({"patternProperties": {BACKTRACKING: {}}, "additionalProperties": False}, {TEXT: 1}),
        ({"additionalProperties": False}, {"a": 1}),
        ({"patternProperties": {"^a": {"type": "string"}}}, {"ab": 1}),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, 1),
        ({"$ref": "#/nowhere"}, 1),
        ({"$ref": "#"}, 1),
    ],
)
def test_invalid_values_are_refused(schema: Mapping[str, Any], value: Any) -> None:
    assert find_schema_error(schema) is None
    assert find_value_error(schema, value) is not None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"properties": {"a": {"pattern": BACKTRACKING}}}, {"a": "aaa"}),
        ({"properties": {"a": {"pattern": "b"}}}, {"a": "abc"}),
        ({"properties": {"a": {"pattern": "(?=b)"}}}, {"a": "not enforced"}),
        ({"patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": False}, {"ab": 1}),
        ({"properties": {"b": {}}, "additionalProperties": {"type": "string"}}, {"b": 1, "c": "x"}),
    ],
)
def test_valid_values_are_accepted(schema: Mapping[str, Any], value: Any) -> None:
    assert find_value_error(schema, value) is None


def test_remote_reference_is_not_retrieved() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/schema"
        assert find_value_error({"properties": {"a": {"$ref": url}}}, {"a": 1}) is not None
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_invalid_schema_is_refused() -> None:
    assert find_schema_error({"type": "nothing"}) is not None
    assert find_schema_error({"pattern": "a{1,99999999999}"}) == "a pattern repeats too often"
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"not": deep}
    assert find_schema_error(deep) == "it is nested too deeply"


def test_answer_to_a_hostile_form_is_checked_quickly_without_requests() -> None:
    message = {"role": "ROLE_USER", "parts": [{"data": {"a": TEXT}}]}
    assert parse_elicitation_answer(message, {"properties": {"a": {"pattern": BACKTRACKING}}}, is_url=False) is None
    assert parse_elicitation_answer(message, {"properties": {"a": {"pattern": "!$"}}}, is_url=False) is not None
