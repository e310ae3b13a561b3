"""Replies that requests wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .contract.messaging import Message

__all__ = ["ExpectedReplies"]

# Only replies whose acknowledgement is under way matter: an older one is no longer unread.
MAX_RECEIVED = 1000


class ExpectedReplies:
    """Replies that requests of a client await or have received, so that an agent's inbox skips them."""

    def __init__(self) -> None:
        self._correlation_ids: set[str] = set()
        self._received_ids: dict[str, None] = {}

    def __contains__(self, message: Message) -> bool:
        return message.correlation_id in self._correlation_ids or message.message_id in self._received_ids

    def expect_reply(self, correlation_id: str) -> None:
        """Register a waiting request."""
        self._correlation_ids.add(correlation_id)

    def mark_received(self, message_id: str) -> None:
        """Mark the reply of a request as received."""
        self._received_ids[message_id] = None
        if len(self._received_ids) > MAX_RECEIVED:
            del self._received_ids[next(iter(self._received_ids))]

    def stop_waiting(self, correlation_id: str) -> None:
        """End the wait of a request; a later reply is an ordinary message."""
        self._correlation_ids.discard(correlation_id)
