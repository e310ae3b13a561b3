"""Ids of responses (a turn of a task) and calls (in a question of a task); both contain the task's id, so no mapping is
stored.

task_0199…                  the task
resp_0199…                  its first turn
resp_0199…_7                the turn after the question in entry 7 of its log
call_0199…_7_0              the first call in entry 7
"""

from __future__ import annotations

import re
from typing import Final

from agora.value_classes import value_class
from agora_sdk.errors import NotFound, field_error

__all__ = ["CallId", "TurnId", "build_response_not_found_error", "parse_call_id_or_none", "parse_response_id"]

# At most nine digits: the number becomes a stream position, whose integers are bounded.
_RESPONSE_ID: Final = re.compile(r"resp_([0-9a-f]{32})(?:_([1-9][0-9]{0,8}))?")
_CALL_ID: Final = re.compile(r"call_([0-9a-f]{32})_([1-9][0-9]{0,8})_([0-9]{1,2})")
_TASK_PREFIX: Final = "task_"


@value_class
class TurnId:
    """A turn. entry: the log entry after which it begins; 0 for the first turn."""

    task_id: str
    entry: int = 0

    @property
    def digits(self) -> str:
        """The unique digits of the id, without the prefix."""
        digits = self.task_id.removeprefix(_TASK_PREFIX)
        return f"{digits}_{self.entry}" if self.entry else digits

    @property
    def position(self) -> int:
        """Number of the stream item before the first one of the turn."""
        # The A2A stream has two items for each log entry, of which an artifact is the first.
        return 2 * self.entry + 1

    @property
    def created_at(self) -> int:
        """Creation time of the task in seconds since 1970, from the first digits of the UUIDv7 (RFC 9562)."""
        return int(self.task_id.removeprefix(_TASK_PREFIX)[:12], 16) // 1000


@value_class
class CallId:
    """A call of a client's tool. entry: of the question; number: among the question's calls."""

    task_id: str
    entry: int
    number: int

    def __str__(self) -> str:
        return f"call_{self.task_id.removeprefix(_TASK_PREFIX)}_{self.entry}_{self.number}"


def parse_response_id(text: str, field: str = "response_id") -> TurnId:
    """Parse a response id. Raises NotFound."""
    match = _RESPONSE_ID.fullmatch(text)
    if match is None:
        raise build_response_not_found_error(text, field)
    return TurnId(_TASK_PREFIX + match[1], int(match[2] or 0))


def parse_call_id_or_none(text: str) -> CallId | None:
    """Parse a call id; None if it is invalid."""
    match = _CALL_ID.fullmatch(text)
    return None if match is None else CallId(_TASK_PREFIX + match[1], int(match[2]), int(match[3]))


def build_response_not_found_error(text: str, field: str = "response_id") -> NotFound:
    """Build the error for a response that does not exist or is not visible to the caller."""
    code = "previous_response_not_found" if field == "previous_response_id" else "response_not_found"
    return NotFound(
        f"There is no response {text[:100]!r}.",
        fix="Use the id of a response created with this key.",
        errors=[field_error(field, "unknown")],
        openai_code=code,
    )
