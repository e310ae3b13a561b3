"""Signals of messaging: a reply is composed, a reply is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agora.core.signals import Signal
from agora.value_classes import value_class

from .records import MessageRow

__all__ = ["REPLY_COMPOSED", "REPLY_STORED", "ReplyComposed", "ReplyStored"]


@dataclass(slots=True)
class ReplyComposed:
    """A reply about to be stored. row: the row to store; a handler may replace it. parties: the agents it is for."""

    row: MessageRow
    parties: Sequence[str]


@value_class
class ReplyStored:
    """A reply that was stored. reply_to: the id of the message it answers."""

    sender: str
    reply_to: str
    content: str
    metadata: Mapping[str, Any]


REPLY_COMPOSED: Signal[ReplyComposed] = Signal("a reply is about to be stored")
REPLY_STORED: Signal[ReplyStored] = Signal("a reply was stored")
