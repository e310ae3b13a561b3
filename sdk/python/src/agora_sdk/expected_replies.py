"""Which messages are replies that a request waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .contract.messaging import Message

__all__ = ["Expected"]

MAX_RECEIVED = 1000


class Expected:
    """Replies that requests of a client wait for or took, so that an agent's inbox leaves them alone."""

    def __init__(self) -> None:
        self._correlation_ids: set[str] = set()
        self._received: dict[str, None] = {}

    def __contains__(self, message: Message) -> bool:
        return message.correlation_id in self._correlation_ids or message.message_id in self._received

    def wait_for(self, correlation_id: str) -> None:
        """A request begins."""
        self._correlation_ids.add(correlation_id)

    def mark_received(self, message_id: str) -> None:
        """A request got its reply."""
        self._received[message_id] = None
        if len(self._received) > MAX_RECEIVED:
            del self._received[next(iter(self._received))]

    def stop_waiting(self, correlation_id: str) -> None:
        """A request is over; a reply that comes later is a message like any other."""
        self._correlation_ids.discard(correlation_id)
