"""Interface of a dead letter source.

A source abandons a delivery with :func:`.letters.record_dead_letter`, under its own name, and is registered under that
name in ``agora.server.dead_letter_sources``. All further operations on its letters use the
three methods here, within the transaction of the calling operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Protocol

from agora.core.call import Call
from agora.core.lazy import Lazy
from agora.core.ports import Port
from agora.value_classes import value_class

from .records import DeadLetterRow

__all__ = ["SOURCES", "DeadLetterSource", "Inspection", "NewDeadLetter"]


@value_class
class NewDeadLetter:
    """An abandoned delivery.

    key: identifies it to its source; at most one letter of a source has a key at a time.
    owner: subject of its recipient, empty if only operators may see it. account: of the recipient.
    ref: id of the related message or task. destination: a stream, or a URL without its query.
    detail: data for rendering and replay, without credentials.
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


@value_class
class Inspection:
    """Content of a letter, None if it no longer exists; and the reason why it cannot be replayed, None if it can."""

    content: dict[str, Any] | None
    obstacle: str | None = None


class DeadLetterSource(Protocol):
    """A source of dead letters. Only the store may be awaited, because each call is within a transaction."""

    async def inspect_letter(self, call: Call, dead_letter: DeadLetterRow) -> Inspection:
        """Return the content of the letter, if it still exists. Changes nothing."""

    async def replay_letter(self, call: Call, dead_letter: DeadLetterRow) -> None:
        """Deliver the letter again after the commit. Called once per letter. Raises Conflict."""

    async def discard_letter(self, call: Call, dead_letter: DeadLetterRow) -> None:
        """Delete the data for a replay. Called once per letter."""


#: sources by name
SOURCES: Port[Mapping[str, Lazy[DeadLetterSource]]] = Port("sources of dead letters")
