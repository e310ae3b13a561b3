"""Sessions: the clients of the older era that have shaken hands, and what each of them watches.

The SDK keeps the protocol's state of a session; this table knows whose it is and whether it is still used,
so that a quick call needs the SDK for nothing. A session can only be used by whoever opened it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from ...services.base import Caller

__all__ = ["CURRENT", "IDLE_SECONDS", "Owner", "Session", "Sessions", "owner_of"]

IDLE_SECONDS = 1800.0
REPLAYED = 100  #: messages a session keeps for a client that reconnects

Owner = tuple[str, str, str]


def owner_of(caller: Caller) -> Owner:
    """Who a session belongs to."""
    return (caller.tenant, caller.kind, caller.subject)


@dataclass(eq=False)
class Session:
    """One client.

    id: empty until the handshake was answered. watched: URI as the client wrote it to the one events name.
    teller: the SDK's session, over which it is told. sent: what a reconnecting client may ask for again.
    """

    owner: Owner
    version: str
    used: float
    id: str = ""
    open: int = 0
    watched: dict[str, str] = field(default_factory=dict)
    teller: Any = None
    sent: deque[tuple[str, str, Any]] = field(default_factory=lambda: deque(maxlen=REPLAYED))
    numbered: int = 0


#: The session whose request is being served: the SDK's store for replays is not told otherwise.
CURRENT: ContextVar[Session | None] = ContextVar("agora_mcp_session", default=None)


class Sessions:
    """Every session of this process. clock: seconds, only ever growing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[str, Session] = {}

    def begin(self, caller: Caller, version: str) -> Session:
        """A session that shakes hands; it is in the table when it has an id."""
        return Session(owner_of(caller), version, self._clock())

    def add(self, session: Session, id: str) -> None:
        """The handshake was answered."""
        session.id = id
        self._open[id] = session

    def find(self, id: str, caller: Caller) -> Session | None:
        """The caller's own session of that id, which is in use now."""
        session = self._open.get(id)
        if session is None or session.owner != owner_of(caller):
            return None
        session.used = self._clock()
        return session

    def remove(self, id: str) -> None:
        """A session has ended."""
        self._open.pop(id, None)

    def idle(self) -> list[Session]:
        """Those nobody has used for long, and over which nothing is under way."""
        before = self._clock() - IDLE_SECONDS
        return [session for session in self._open.values() if not session.open and session.used < before]

    def __len__(self) -> int:
        return len(self._open)
