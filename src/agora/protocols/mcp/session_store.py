"""Stored sessions, so that a client can continue its session on any server, or after a restart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic_core import to_json

from agora.core.call import Call, Caller
from agora.core.dispatcher import Dispatcher
from agora.domains.client_sessions import sessions as rules

from .sessions import Session, Sessions
from .subscriptions import build_task_watch

__all__ = ["SessionStore", "build_client_document_of_handshake"]

T = TypeVar("T")

# Ids from here have 32 characters; a client may send anything, and the id is hashed for each request.
MAX_ID_LENGTH: Final = 200
MAX_CLIENT_BYTES: Final = 8192  #: maximum bytes stored of a client's description
# Extended once per half lifetime, so most requests write nothing.
HALF_LIFETIME: Final = rules.LIFETIME // 2


class SessionStore:
    """Begins, finds and ends sessions. sessions: those in memory on this server. forget: drops one of them."""

    def __init__(
        self, dispatcher: Dispatcher, sessions: Callable[[], Sessions], forget: Callable[[Session], Awaitable[None]]
    ) -> None:
        self._dispatcher, self._sessions, self._forget = dispatcher, sessions, forget

    async def begin_session(self, caller: Caller, client: Mapping[str, Any]) -> Session:
        """Create and store a session; it is added to memory after its handshake."""
        session = self._sessions().create_session(caller, client)
        session.expires = await self._run_in_store(
            caller, lambda call: rules.create_session_within_limit(call, caller, session.key, client)
        )
        return session

    async def find_and_prolong_session(self, id: str, caller: Caller) -> Session | None:
        """Find the caller's open session by id, opened on any server, and extend its expiry if due; None if there is
        none. A search in the store counts as a call. Raises RateLimited: ids must not be guessed.
        """
        session = self._sessions().find_and_mark_used(id, caller)
        if session is None:
            session = await self._find_stored_session(id, caller)
        return session if session is None or await self._prolong_session(session) else None

    async def _find_stored_session(self, id: str, caller: Caller) -> Session | None:
        if len(id) > MAX_ID_LENGTH:
            return None
        self._dispatcher.limiter.charge_call(caller)
        row = await self._run_in_store(
            caller, lambda call: rules.find_live_session(call, caller, rules.compute_client_session_key(id))
        )
        # Also for another caller's session: the answer does not tell that it exists.
        if row is None:
            return None
        fields = {"id": id, "expires": row.expires, "watched_uris": row.watched, "toolsets": row.toolsets}
        # add_session again checks for the end: the event may have arrived while the row was read.
        return self._sessions().add_session(self._sessions().create_session(caller, row.client, **fields))

    async def _prolong_session(self, session: Session) -> bool:
        """Extend the expiry of a session, if due; returns whether it is still open."""
        # Written at most once in half a lifetime: a row for each request would make reads write.
        if session.expires - self._dispatcher.clock.now() >= HALF_LIFETIME:
            return True
        until = await self._run_in_store(
            session.caller, lambda call: rules.extend_session(call, session.caller, session.key)
        )
        if until is None:
            # Expired or ended elsewhere while this server held it in memory.
            await self._forget(session)
            return False
        session.expires = until
        return True

    async def prolong_used_sessions(self) -> None:
        """Extend the expiry of sessions that a long response keeps open."""
        for session in self._sessions().list_busy_sessions():
            await self._prolong_session(session)

    async def end_session(self, session: Session) -> None:
        """End a session on every server."""
        await self._run_in_store(session.caller, lambda call: rules.end_session(call, session.caller, session.key))

    async def emit_request_cancellation(self, session: Session, request: int | str) -> None:
        """Ask every server to cancel a call of the session that it runs. Raises RateLimited."""
        self._dispatcher.limiter.charge_call(session.caller)
        await self._run_in_store(
            session.caller, lambda call: rules.emit_request_cancellation(call, session.caller, session.key, request)
        )

    async def discard_session(self, session: Session) -> None:
        """End a session whose handshake failed: no server knows it."""
        await self._run_in_store(
            session.caller, lambda call: rules.end_session(call, session.caller, session.key, quietly=True)
        )

    # -- watched resources ------------------------------------------------------------------------

    async def watch_resource(self, session: Session, uri: str, canonical_uri: str) -> None:
        """Watch a resource for a session, on every server. Raises NotFound, InvalidRequest."""
        await self._run_in_store(
            session.caller, lambda call: rules.watch_resource(call, session.caller, session.key, uri, canonical_uri)
        )
        # After the commit: a refused watch must not be notified.
        session.watched_uris[uri] = canonical_uri

    async def watch_task(self, session: Session, task_id: str) -> None:
        """Watch the status of a task for a session. Raises NotFound, InvalidRequest."""
        await self.watch_resource(session, *build_task_watch(task_id))

    async def unwatch_resource(self, session: Session, uri: str) -> None:
        """Stop watching a resource."""
        await self._run_in_store(
            session.caller, lambda call: rules.unwatch_resource(call, session.caller, session.key, uri)
        )
        session.watched_uris.pop(uri, None)

    async def reload_watched_resources(self, session: Session) -> None:
        """Reload the watched resources: another server may have changed them."""
        row = await self._run_in_store(
            session.caller, lambda call: rules.find_live_session(call, session.caller, session.key)
        )
        if row is not None:
            # In place: the filter of the open stream holds this very mapping.
            session.watched_uris.clear()
            session.watched_uris.update(row.watched)

    # -- enabled toolsets -------------------------------------------------------------------------

    async def read_toolsets(self, caller: Caller, key: str) -> tuple[str, ...]:
        """Read the enabled toolsets of a client without a session in memory."""
        row = await self._run_in_store(caller, lambda call: rules.find_live_session(call, caller, key))
        return () if row is None else row.toolsets

    async def change_toolsets(
        self, caller: Caller, key: str, toolsets: Sequence[str], *, enabled: bool
    ) -> tuple[str, ...]:
        """Enable or disable toolsets for a client; returns those now enabled."""
        self._dispatcher.limiter.charge_call(caller)
        return await self._run_in_store(
            caller, lambda call: rules.change_toolsets(call, caller, key, toolsets, enabled=enabled)
        )

    def _run_in_store(self, caller: Caller, work: Callable[[Call], Coroutine[Any, Any, T]]) -> Awaitable[T]:
        return self._dispatcher.write_as_system(caller.tenant, work, label="mcp.session")


def build_client_document_of_handshake(params: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Build the stored document of an ``initialize``: enough to repeat the handshake for the client.

    If it is too large, only name and version are stored.
    """
    capabilities, info = params.get("capabilities"), params.get("clientInfo")
    info = info if isinstance(info, dict) else {}
    client_info = {name: info[name] for name in ("name", "version") if isinstance(info.get(name), str)}
    document = {"protocolVersion": version, "capabilities": capabilities, "clientInfo": client_info}
    if not isinstance(capabilities, dict) or len(to_json(document)) > MAX_CLIENT_BYTES:
        client_info = {name: text[:100] for name, text in client_info.items()}
        document = {"protocolVersion": version, "capabilities": {}, "clientInfo": client_info}
    return document
