"""Which messages are replies that a request waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .contract.messaging import Message

__all__ = ["Expected"]

KEPT = 1000


class Expected:
    """Replies that requests of a client wait for or took, so that an agent's inbox leaves them alone."""

    def __init__(self) -> None:
        self._waiting: set[str] = set()
        self._taken: dict[str, None] = {}

    def __contains__(self, message: Message) -> bool:
        return message.correlation_id in self._waiting or message.message_id in self._taken

    def wait_for(self, correlation_id: str) -> None:
        """A request begins."""
        self._waiting.add(correlation_id)

    def take(self, message_id: str) -> None:
        """A request got its reply."""
        self._taken[message_id] = None
        if len(self._taken) > KEPT:
            del self._taken[next(iter(self._taken))]

    def leave(self, correlation_id: str) -> None:
        """A request is over; a reply that comes later is a message like any other."""
        self._waiting.discard(correlation_id)
