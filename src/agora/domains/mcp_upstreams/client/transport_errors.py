"""Faults: what goes wrong on the way to an upstream and back, in a form that passes through the SDK as a JSON-RPC error."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from http.client import responses
from typing import Literal

from mcp.shared.exceptions import MCPError
from pydantic_core import from_json

__all__ = ["FAULT", "Fault", "Faults", "fault_of_answer", "fault_of_form"]

FAULT = -32099
REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong on the way. kind: whether it was sent at all (not: refused, unreachable), or what came back."""

    kind: Literal["refused", "unreachable", "lost", "session", "http"]
    detail: str
    status: int | None = None


class Faults:
    """Faults of a connection by the token that stands for each; a token is good once, and hard to guess."""

    def __init__(self) -> None:
        self._waiting: dict[str, Fault] = {}

    def add(self, fault: Fault) -> str:
        token = secrets.token_hex(16)
        if len(self._waiting) >= REMEMBERED:
            self._waiting.clear()
        self._waiting[token] = fault
        return token

    def error(self, fault: Fault) -> MCPError:
        """A fault as the error that stands for it."""
        return MCPError(FAULT, fault.detail, self.add(fault))

    def take(self, error: MCPError) -> Fault | None:
        """The fault that an error stands for, if it is one of ours."""
        if error.code != FAULT or not isinstance(error.data, str):
            return None
        return self._waiting.pop(error.data, None)


def fault_of_form(kind: str, packing: str | None) -> Fault | None:
    """What is wrong with an answer's content type or encoding, if it is no form of MCP's.

    A small compressed answer may be a large one, and nobody asked for it.
    """
    if packing not in (None, "identity"):
        return Fault("lost", "Its answer is compressed, which nobody asked for.")
    if not kind.lower().startswith(("application/json", "text/event-stream")):
        return Fault("lost", f"It answered with {kind[:100] or 'no content type'}, which is no form of MCP.")
    return None


def fault_of_answer(status: int, body: bytes, *, in_session: bool) -> Fault | None:
    """What an HTTP error means; None if its body is a JSON-RPC error, which says it better."""
    if status == 404 and in_session:
        return Fault("session", "The session has ended.", status)
    if _is_jsonrpc_error(body):
        return None
    return Fault("http", f"It answered HTTP {status} {responses.get(status, 'error')}.", status)


def _is_jsonrpc_error(body: bytes) -> bool:
    try:
        found = from_json(body)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("jsonrpc") == "2.0" and isinstance(found.get("error"), dict)
