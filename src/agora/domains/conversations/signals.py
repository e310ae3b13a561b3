"""Signals of conversations: what the marketplace's own agent acts on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agora.core.signals import Signal

from .delivery import Draft, Sent

__all__ = ["MESSAGE_DELIVERED", "MessageDelivered"]


@dataclass(slots=True)
class MessageDelivered:
    """A message of the agent protocol was delivered. answer: what the marketplace answers, filled in by a handler."""

    draft: Draft
    sent: Sent
    answer: dict[str, Any] | None = None


MESSAGE_DELIVERED: Signal[MessageDelivered] = Signal("a message of the agent protocol was delivered")
