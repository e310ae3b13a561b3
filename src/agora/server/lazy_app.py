"""Applications of protocols that are loaded with the first request that belongs to them (docs/adr/0022)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from agora.protocols.http import HttpApp, Receive, Scope, Send

__all__ = ["LazyApp"]

A = TypeVar("A", bound=Callable[[Scope, Receive, Send], Awaitable[None]])


class LazyApp(HttpApp, Generic[A]):
    """An application that ``build`` imports and creates at first use. owns: whether a request belongs to it."""

    def __init__(self, owns: Callable[[Scope], bool], build: Callable[[], A]) -> None:
        self._owns, self._build = owns, build
        self.loaded: A | None = None

    def owns_request(self, scope: Scope, /) -> bool:
        return self._owns(scope)

    def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> Awaitable[None]:
        return self.load()(scope, receive, send)

    def load(self) -> A:
        """Return the application."""
        # Built synchronously, on the event loop: two first requests cannot build it twice.
        if self.loaded is None:
            self.loaded = self._build()
        return self.loaded
