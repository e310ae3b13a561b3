"""Monitor sessions ended by their users: one row each, cached briefly by every server.

The event of an ended session invalidates the caches at once. So a page costs no query, and a copied cookie is refused by
every server and after a restart.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from agora.store.port import Reader, Store, StoredEvent

from . import queries as people

__all__ = ["EndedSessions"]

ENDED_EVENT = "agora.session.ended"
CACHE_SECONDS = 30.0
CACHE_SIZE = 10_000


class EndedSessions:
    """A short-lived cache of ended sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._active_logins: dict[tuple[str, str], float] = {}
        self._changes = 0

    async def has_ended(self, tenant: str, session: str) -> bool:
        """Whether a session of a tenant has ended."""
        key = tenant, session
        if self._active_logins.get(key, 0.0) > time.monotonic():
            return False

        async def read_login(reader: Reader) -> str | None:
            return await reader.one(people.select_ended_login, login=session)

        version = self._changes
        # An ended session is not cached: it is asked for rarely, and must never be served again.
        if await self._store.read(tenant, read_login) is not None:
            return True
        if version == self._changes:  # otherwise the session may have ended during the read
            if len(self._active_logins) >= CACHE_SIZE:
                self._active_logins.clear()
            self._active_logins[key] = time.monotonic() + CACHE_SECONDS
        return False

    def forget_ended(self, events: Sequence[StoredEvent]) -> None:
        """Drop cached sessions that these events end."""
        # The whole cache: the event names the user and not the sessions, and ends are rare.
        if any(stored.event.type == ENDED_EVENT for stored in events):
            self.forget_all()

    def forget_all(self) -> None:
        """Drop the whole cache."""
        self._changes += 1
        self._active_logins.clear()
