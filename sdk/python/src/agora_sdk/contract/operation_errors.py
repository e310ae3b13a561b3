"""Errors that an operation may raise: the common ones of every call, and those of its service.

The latter are stored in ``operation_errors.json``, which ``make reference`` generates from the services' code. Raising
an undeclared error is a defect: every call of the test suite is checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from .operation import Kind, Operation

__all__ = ["FILE", "common_errors", "operation_errors", "service_errors"]

FILE = Path(__file__).with_suffix(".json")
#: errors of any operation: of its arguments, caller, lifecycle (which an operator may change), rate, and the server's
#: state
EVERY_CALL = (
    "invalid_request",
    "unauthenticated",
    "permission_denied",  # also without a scope: an enrolment token may only register agents
    "operation_sunset",
    "rate_limited",
    "overloaded",
    "storage_unavailable",
    "deadline_exceeded",
    "internal_error",
)


def common_errors(operation: Operation) -> list[str]:
    """Error codes that the dispatcher and the protocols may raise for an operation."""
    codes = list(EVERY_CALL)
    if not operation.during_halt:
        codes.append("halted")
    if operation.kind in (Kind.COMMAND, Kind.RELAY):
        codes += ["malformed_request", "payload_too_large", "unsupported_media_type", "idempotency_conflict"]
    if operation.kind is Kind.RELAY:
        codes.append("conflict")  # the same request is in progress
    return codes


def operation_errors(operation: Operation) -> list[str]:
    """Error codes that a call may raise, the common ones first."""
    own = service_errors().get(f"{operation.category}.{operation.action}", ())
    return list(dict.fromkeys([*common_errors(operation), *own]))


@cache
def service_errors() -> Mapping[str, list[str]]:
    """Error codes raised by the services, by category and action of the operation."""
    document: Mapping[str, list[str]] = json.loads(FILE.read_text("utf-8"))
    return document
