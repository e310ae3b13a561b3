"""Sessions of MCP clients up to 2025-11-25, which begin with a handshake, in memory on this server.

The owner, the client's capabilities and the watched resources are stored (:mod:`.session_store`), so any server can
continue a session. Memory holds only the state of this server: the SDK's session, if any, and recent messages. A
session can only be used by its owner.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from agora.core.call import Caller
from agora.domains.client_sessions.sessions import compute_client_session_key

__all__ = [
    "CURRENT_SESSION",
    "IDLE_SECONDS",
    "MAX_REQUEST_LENGTH",
    "Owner",
    "Session",
    "Sessions",
    "choose_session_owner",
]

#: seconds until an unused session is dropped from memory; it stays in the store and can be continued
IDLE_SECONDS = 600.0
MAX_REPLAYED = 100  #: messages that a session keeps for a client that reconnects
MAX_REPLAYED_BYTES = 4 * 1024 * 1024  #: their size as JSON; the newest message is kept in any case
MAX_REQUESTS = 1000  #: request ids that a session keeps
MAX_REQUEST_LENGTH = 200  #: characters of a request id
MAX_ENDED = 10_000  #: keys of ended sessions

Owner = tuple[str, str, str]


def choose_session_owner(caller: Caller) -> Owner:
    """Return the owner of a session."""
    return (caller.tenant, caller.kind, caller.subject)


@dataclass(eq=False)
class Session:
    """The session of one client.

    client: its description in the handshake. expires: expiry of its row, in microseconds since 1970.
    sdk_session_id: empty without an SDK session on this server. running_requests: number of those in the SDK.
    request_ids: of recent requests, by their text form. toolsets: enabled since it connected.
    instructions: sent in its handshake. watched_uris: canonical URIs by the URIs as the client wrote them.
    sdk_notifier: the SDK's session for notifications; sdk_ready: set once it exists. get_stream: the open GET stream.
    server_tag: distinguishes this server's messages from those of others. event_count: number of event ids so far.
    log_level: minimum level of log messages. replayable_messages: recent ones, for a client that reconnects, each with
    its event id and stream; replayable_sizes: their sizes in bytes.
    """

    owner: Owner
    caller: Caller
    client: Mapping[str, Any]
    last_used_at: float
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    expires: int = 0
    sdk_session_id: str = ""
    running_requests: int = 0
    request_ids: dict[str, Any] = field(default_factory=dict)
    toolsets: tuple[str, ...] = ()
    instructions: str = ""
    watched_uris: dict[str, str] = field(default_factory=dict)
    sdk_notifier: Any = None
    sdk_ready: asyncio.Event = field(default_factory=asyncio.Event)
    sdk_session_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    get_stream: Any = None
    server_tag: str = field(default_factory=lambda: secrets.token_hex(4))
    log_level: str | None = None
    replayable_messages: deque[tuple[str, str, Any]] = field(default_factory=deque)
    replayable_sizes: deque[int] = field(default_factory=deque)
    event_count: int = 0

    def __post_init__(self) -> None:
        self.key = compute_client_session_key(self.id)

    def remember_request(self, id: Any) -> None:
        """Record the id of a request passed to the SDK; only the latest ids are kept."""
        if id is not None and len(str(id)) <= MAX_REQUEST_LENGTH:
            self.request_ids[str(id)] = id
        # A dict keeps insertion order, so the first id is the oldest.
        while len(self.request_ids) > MAX_REQUESTS:
            del self.request_ids[next(iter(self.request_ids))]

    def remember_message(self, event_id: str, stream_id: str, message: Any, size: int) -> None:
        """Keep a message for a client that reconnects; only the latest messages are kept. size: in bytes."""
        self.replayable_messages.append((event_id, stream_id, message))
        self.replayable_sizes.append(size)
        while len(self.replayable_messages) > MAX_REPLAYED or (
            len(self.replayable_messages) > 1 and sum(self.replayable_sizes) > MAX_REPLAYED_BYTES
        ):
            self.replayable_messages.popleft()
            self.replayable_sizes.popleft()

    @property
    def protocol_version(self) -> str:
        """The negotiated protocol version."""
        return str(self.client["protocolVersion"])


#: session of the current request; the SDK does not pass it to the replay store
CURRENT_SESSION: ContextVar[Session | None] = ContextVar("agora_mcp_session", default=None)


class Sessions:
    """All sessions in memory. clock: monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[str, Session] = {}
        self._ids: dict[str, str] = {}
        self._ended_keys: dict[str, None] = {}

    def create_session(self, caller: Caller, client: Mapping[str, Any], **fields: Any) -> Session:
        """Create a session without adding it. fields: of a stored session."""
        return Session(choose_session_owner(caller), caller, client, self._clock(), **fields)

    def add_session(self, session: Session) -> Session | None:
        """Add a session; returns the one to use (another request may have added it already), or None if it has ended."""
        # Another request may have loaded the row before the session ended: it must not come back to memory.
        if session.key in self._ended_keys:
            return None
        self._ids[session.key] = session.id
        return self._open.setdefault(session.id, session)

    def find_and_mark_used(self, id: str, caller: Caller) -> Session | None:
        """Find the caller's session in memory by id, and mark it as used; None for an unknown id or another caller's."""
        session = self._open.get(id)
        # A session id is no credential: whoever learns one must not act in another caller's session.
        if session is None or session.owner != choose_session_owner(caller):
            return None
        session.last_used_at = self._clock()
        return session

    def find_session_by_key(self, key: str) -> Session | None:
        """Find a session by key; None if it is not in memory."""
        id = self._ids.get(key)
        return None if id is None else self._open.get(id)

    def remove_session(self, session: Session) -> None:
        """Remove a session from memory."""
        self._open.pop(session.id, None)
        self._ids.pop(session.key, None)

    def mark_ended_and_remove(self, key: str) -> Session | None:
        """Mark a session as ended on any server, so that neither later nor concurrent requests find it, and remove it
        from memory. Returns it if it was there."""
        self._ended_keys[key] = None
        # Keys matter only to requests that overlap with the end, so the oldest can go.
        while len(self._ended_keys) > MAX_ENDED:
            del self._ended_keys[next(iter(self._ended_keys))]
        session = self.find_session_by_key(key)
        if session is not None:
            self.remove_session(session)
        return session

    def __iter__(self) -> Iterator[Session]:
        """Iterate over the sessions in memory."""
        # A copy: the loop's body awaits, and sessions come and go meanwhile.
        return iter(tuple(self._open.values()))

    def list_idle_sessions(self) -> list[Session]:
        """List sessions without running requests that have been unused for some time."""
        before = self._clock() - IDLE_SECONDS
        return [
            session for session in self._open.values() if not session.running_requests and session.last_used_at < before
        ]

    def list_busy_sessions(self) -> list[Session]:
        """List the sessions with running requests."""
        return [session for session in self._open.values() if session.running_requests]

    def __len__(self) -> int:
        return len(self._open)
