"""Errors that an operation may raise: the common ones of every call, and those of its service.

The latter are stored in ``operation_errors.json``, which ``make reference`` generates from the services' code. Raising
an undeclared error is a defect: every call of the test suite is checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from .operation_properties import Kind

__all__ = ["FILE", "common_errors", "service_errors"]

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


def common_errors(kind: Kind, *, during_halt: bool) -> list[str]:
    """Error codes that the dispatcher and the protocols may raise for such an operation."""
    codes = list(EVERY_CALL)
    if not during_halt:
        codes.append("halted")
    if kind in (Kind.COMMAND, Kind.RELAY):
        codes += ["malformed_request", "payload_too_large", "unsupported_media_type", "idempotency_conflict"]
    if kind is Kind.RELAY:
        codes.append("conflict")  # the same request is in progress
    return codes


@cache
def service_errors() -> Mapping[str, list[str]]:
    """Error codes raised by the services, by category and action of the operation."""
    document: Mapping[str, list[str]] = json.loads(FILE.read_text("utf-8"))
    return document
