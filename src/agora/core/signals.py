"""Signals: typed notifications between domains within one transaction.

A domain declares ``REPLY_STORED: Signal[StoredReply] = Signal("a reply was stored")`` and publishes it; the composition root
(``server/subscriptions.py``) lists the handlers in order. Handlers run in the publisher's call, hence in its transaction:
an error of a handler rolls the whole call back. Work that may happen after the commit follows the event log instead.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from .lazy import Lazy

__all__ = ["Handler", "Signal", "Signals"]

T = TypeVar("T")
Handler = Lazy[Callable[..., Awaitable[None]]]


class Signal(Generic[T]):
    """The declaration of one signal, and the type of its payload. name: its description."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Signal({self.name!r})"


class Signals:
    """Handlers of each signal. A handler is loaded when its signal is first published."""

    __slots__ = ("_handlers",)

    def __init__(self, handlers: Mapping[Signal[Any], Sequence[Handler]] | None = None) -> None:
        self._handlers = dict(handlers or {})

    async def publish(self, signal: Signal[T], call: object, payload: T) -> T:
        """Run every handler of a signal in order. Returns the payload after all handlers."""
        for handler in self._handlers.get(signal, ()):
            await handler.get()(call, payload)
        return payload
