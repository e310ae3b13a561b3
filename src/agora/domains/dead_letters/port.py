"""What a source of dead letters implements.

A source gives up a delivery with :func:`.letters.record_dead_letter`, under a name of its own, and is registered under that
name in ``agora.server.dead_letters``. All that the rest of the marketplace does with its letters then goes through the
three methods here, within the transaction of the call that asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agora.core.call import Call
from agora.core.lazy import Lazy
from agora.core.ports import Port

from .records import DeadLetterRow

__all__ = ["SOURCES", "DeadLetterSource", "Inspection", "NewDeadLetter"]


@dataclass(frozen=True, slots=True)
class NewDeadLetter:
    """A delivery that is given up.

    key: what it is known by to its source; at most one letter of a source has a key at a time.
    owner: subject of its recipient, empty if only operators may see it. account: of the recipient.
    ref: id of the message or task that it is about. destination: a stream, or a URL without its query.
    detail: what the source needs to show and to replay it; no credentials.
    """

    source: str
    key: str
    owner: str
    destination: str
    reason: str
    attempts: int
    account: str = "default"
    ref: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a letter says, None if that is gone; and why it cannot be replayed, None if it can."""

    content: dict[str, Any] | None
    obstacle: str | None = None


class DeadLetterSource(Protocol):
    """A way out that gives up deliveries. Only the store may be awaited: each call is within a transaction."""

    async def inspect_letter(self, call: Call, dead_letter: DeadLetterRow) -> Inspection:
        """Show what the letter says, as far as it still exists. Changes nothing."""

    async def replay_letter(self, call: Call, dead_letter: DeadLetterRow) -> None:
        """Have it delivered again, once the transaction is committed. Called once for a letter. Raises Conflict."""

    async def discard_letter(self, call: Call, dead_letter: DeadLetterRow) -> None:
        """Forget what was kept for a replay. Called once for a letter."""


#: sources by name
SOURCES: Port[Mapping[str, Lazy[DeadLetterSource]]] = Port("sources of dead letters")
