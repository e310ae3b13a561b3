"""Validation errors are reported once, in plain language instead of a regular expression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from agora.core.validation import convert_validation_error, validate_arguments
from agora_sdk.contract import Operation, operations
from agora_sdk.contract.validation_errors import ID, PATTERN_MESSAGES
from agora_sdk.errors import InvalidRequest, MalformedRequest
from agora_sdk.wire import bind_arguments

REGEX = ("^", "[", "\\", "$")


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(found := schema.get("pattern"), str):
            yield found
        for part in schema.values():
            yield from patterns(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from patterns(part)


def operation(name: str) -> Operation:
    (found,) = [each for each in operations() if each.name == f"agora.{name}"]
    return found


def told(name: str, **arguments: Any) -> list[dict[str, str]]:
    """Return the server's errors for arguments; those of a client before its call are the same."""
    with pytest.raises(ValidationError) as wrong:
        operation(name).input.model_validate(arguments)
    errors: list[dict[str, str]] = convert_validation_error(wrong.value, operation(name)).errors
    with pytest.raises(InvalidRequest) as refused:
        bind_arguments(operation(name), (), arguments)
    assert [each["message"] for each in refused.value.errors] == [each["message"] for each in errors]
    return errors


def test_every_pattern_of_the_contract_has_a_description() -> None:
    used = {pattern for each in operations() for pattern in patterns(each.input_schema)}
    assert len(used) > 30
    assert {pattern for pattern in used if not ID.fullmatch(pattern)} <= set(PATTERN_MESSAGES)


def test_byte_order_mark_is_named() -> None:
    """Editors of Windows write one, and show nothing of it."""
    with pytest.raises(MalformedRequest) as refused:
        validate_arguments(operation("task.list"), b"\xef\xbb\xbf{}")
    assert "byte order mark" in str(refused.value)


def test_equal_errors_of_union_branches_are_reported_once() -> None:
    for given in ("wrong", ["wrong"], ["pending", "wrong", "worse"]):
        (fault,) = told("task.list", status=given)
        assert fault["field"].split(".")[0] == "status"
        assert "'pending', 'in_progress'" in fault["message"]
    both = told("task.list", status=7, limit=0)
    assert {each["field"] for each in both} == {"status", "limit"}


def test_nested_pattern_is_described_in_words() -> None:
    for name, arguments, field, words in (
        (
            "agent.register",
            {"agent_name": "a", "capabilities": ["good", "b\x00d"]},
            "capabilities.1",
            "control characters",
        ),
        ("messaging.send", {"to_agent": ["Ada", "a/b"], "content": "x"}, "to_agent.1", "slashes"),
        ("messaging.mark", {"message_ids": ["x"], "status": "read"}, "message_ids.0", "msg_ and 32 hexadecimal"),
        ("token.create", {"label": "x", "scopes": ["Read Everything"]}, "scopes.0", "read:agents"),
        ("billing.cost", {"currency": "usd"}, "currency", "three capital letters"),
    ):
        found = {fault["field"]: fault["message"] for fault in told(name, **arguments)}
        assert words in found[field], found
        assert not any(sign in found[field] for sign in REGEX), found


def test_names_written_by_the_caller_are_kept() -> None:
    (fault,) = told("agent.register", agent_name="a", endpoints={"Rest": 7})
    assert fault["field"] in ("endpoints.Rest", "endpoints")
    with pytest.raises(ValidationError) as wrong:
        operation("agent.list").input.model_validate({"Wrong": 1})
    assert [fault["field"] for fault in convert_validation_error(wrong.value, operation("agent.list")).errors] == [
        "Wrong"
    ]
