"""Signals of conversations: a message was delivered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agora.core.signals import Signal

if TYPE_CHECKING:
    from .delivery import Draft, SentMessage

__all__ = ["MESSAGE_DELIVERED", "MessageDelivered"]


@dataclass(slots=True)
class MessageDelivered:
    """A message of the agent protocol was delivered. answer: the marketplace's reply, set by a handler."""

    draft: Draft
    sent: SentMessage
    answer: dict[str, Any] | None = None


MESSAGE_DELIVERED: Signal[MessageDelivered] = Signal("a message of the agent protocol was delivered")
