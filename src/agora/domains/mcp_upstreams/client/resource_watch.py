"""Watchers of resources of one upstream, called when a resource changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["ResourceWatch"]


class ResourceWatch:
    """The watchers of a connection, by the resource's URI. changed: set when the set of watched resources changes."""

    def __init__(self) -> None:
        self._watchers: dict[str, list[Callable[[], None]]] = {}
        self.changed = asyncio.Event()

    @property
    def watched_uris(self) -> set[str]:
        return set(self._watchers)

    def add_watcher(self, uri: str, updated: Callable[[], None]) -> Callable[[], None]:
        """Call ``updated`` on each change of a resource. Returns the function that stops it."""
        self._watchers.setdefault(uri, []).append(updated)
        self.changed.set()

        def remove_watcher() -> None:
            watchers = self._watchers.get(uri, [])
            if updated in watchers:
                watchers.remove(updated)
            if not watchers and self._watchers.pop(uri, None) is not None:
                self.changed.set()

        return remove_watcher

    def notify(self, uri: str) -> None:
        """Call the watchers of a changed resource."""
        # A copy: a watcher may remove itself while it is called.
        for updated in list(self._watchers.get(uri, ())):
            updated()
