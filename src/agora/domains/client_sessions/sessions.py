"""Protocol sessions of clients (MCP): rows, so that any server can continue a session.

All functions run in a system call on behalf of the session's caller; sessions of other callers are not visible.
Changes are events for the servers that hold the session in memory: :data:`ENDED_EVENT`, :data:`CANCELLED_EVENT`, :data:`WATCHED_EVENT`,
:data:`UNWATCHED_EVENT`, :data:`TOOLSETS_CHANGED_EVENT`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora.clock import SECOND
from agora.core.call import Call, Caller
from agora.value_classes import value_class
from agora_sdk.errors import InvalidRequest, NotFound, field_error

from . import queries as rows
from .records import SESSIONS, ClientSessionRow

__all__ = [
    "CANCELLED_EVENT",
    "ENDED_EVENT",
    "LIFETIME",
    "TOOLSETS_CHANGED_EVENT",
    "UNWATCHED_EVENT",
    "WATCHED_EVENT",
    "ClientSession",
    "change_toolsets",
    "compute_client_session_key",
    "create_session_within_limit",
    "emit_request_cancellation",
    "end_session",
    "extend_session",
    "find_live_session",
    "unwatch_resource",
    "watch_resource",
]

ENDED_EVENT: Final = "agora.mcp.session_ended"
WATCHED_EVENT: Final = "agora.mcp.watched"
UNWATCHED_EVENT: Final = "agora.mcp.unwatched"
CANCELLED_EVENT: Final = "agora.mcp.cancelled"
TOOLSETS_CHANGED_EVENT: Final = "agora.mcp.toolsets_changed"

LIFETIME: Final = 24 * 3600 * SECOND  #: microseconds a session is kept after its last recorded use
MAX_SESSIONS: Final = 1000  #: sessions per caller
MAX_ANONYMOUS_SESSIONS: Final = 200  #: sessions of all callers without a credential
MAX_SUBSCRIPTIONS: Final = 1000
MAX_URI_CHARACTERS: Final = 2000


@value_class
class ClientSession:
    """A session's row. client: information from the client's handshake. expires: microseconds since 1970.

    toolsets: enabled by the client since it connected.
    """

    client: Mapping[str, Any]
    expires: int
    watched: dict[str, str]
    toolsets: tuple[str, ...] = ()


def compute_client_session_key(id: str) -> str:
    """Compute the digest of a session id for the store and events: an anonymous caller's id is itself a credential."""
    return hashlib.blake2b(id.encode("utf-8", "surrogateescape"), digest_size=16, person=b"agora-session").hexdigest()


async def create_session_within_limit(call: Call, caller: Caller, key: str, client: Mapping[str, Any]) -> int:
    """Create a session. Returns its expiry in microseconds. Above the limit, the least recently used ones are ended."""
    await _end_surplus_sessions(call, caller, new=1)
    expires = call.now + LIFETIME
    row = ClientSessionRow(
        tenant_id=caller.tenant,
        session=key,
        kind=caller.kind,
        subject=caller.subject,
        client=to_json(client).decode(),
        created_at=call.now,
        expires_at=expires,
    )
    call.tx.append(SESSIONS, row)
    return expires


async def _end_surplus_sessions(call: Call, caller: Caller, *, new: int = 0) -> None:
    """End the caller's sessions above the limit, least recently used first. new: sessions that are about to be added."""
    session_limit = MAX_ANONYMOUS_SESSIONS if caller.kind == "anonymous" else MAX_SESSIONS
    # Ten at most are ended for each new one (select_surplus_sessions), so a lowered limit is reached step by step.
    for oldest in await call.tx.all(
        rows.select_surplus_sessions, kind=caller.kind, subject=caller.subject, most=session_limit - new
    ):
        await end_session(call, caller, oldest)


async def find_live_session(call: Call, caller: Caller, key: str) -> ClientSession | None:
    """Find the caller's own active session with that key."""
    row = await call.tx.one(rows.select_live_session, now=call.now, **_build_session_filter(caller, key))
    if row is None:
        return None
    watched = {entry.uri: entry.named for entry in await call.tx.all(rows.select_watched_resources, session=key)}
    return ClientSession(from_json(row.client), row.expires_at, watched, tuple(from_json(row.toolsets)))


async def extend_session(call: Call, caller: Caller, key: str) -> int | None:
    """Extend a session. Returns the new expiry, or None if the session has ended."""
    until = call.now + LIFETIME
    updated_rows = await call.tx.execute(
        rows.extend_session, until=until, now=call.now, **_build_session_filter(caller, key)
    )
    return until if updated_rows else None


async def end_session(call: Call, caller: Caller, key: str, *, quietly: bool = False) -> None:
    """End a session. Idempotent. quietly: no server has it in memory."""
    if await call.tx.execute(rows.delete_session, **_build_session_filter(caller, key)):
        await call.tx.execute(rows.delete_watches, session=key)
        if not quietly:
            emit_session_event(call, caller, "session_ended", key)


async def emit_request_cancellation(call: Call, caller: Caller, key: str, request: int | str) -> None:
    """Log an event that cancels a running request, for the server that runs it."""
    if await call.tx.one(rows.select_live_session, now=call.now, **_build_session_filter(caller, key)) is not None:
        emit_session_event(call, caller, "cancelled", key, request=request)


async def watch_resource(call: Call, caller: Caller, key: str, uri: str, named: str) -> None:
    """Let a session watch a resource. named: its URI in events. Raises NotFound, InvalidRequest."""
    if max(len(uri), len(named)) > MAX_URI_CHARACTERS or not uri.isprintable():
        raise InvalidRequest(
            f"A URI has at most {MAX_URI_CHARACTERS} characters, all of them visible.",
            fix="Subscribe to a URI that resources/list or resources/templates/list names.",
            errors=[field_error("uri", "too long, or with invisible characters")],
        )
    if await call.tx.one(rows.lock_live_session, now=call.now, **_build_session_filter(caller, key)) is None:
        raise NotFound("The session has ended.", fix="Start a new session: send 'initialize' without a session id.")
    # The session's row is locked, so concurrent watches cannot pass the limit together; the error rolls the insert back.
    if await call.tx.execute(rows.insert_watch, session=key, uri=uri, named=named):
        row = await call.tx.one(rows.count_watches, session=key)
        if row is not None and row > MAX_SUBSCRIPTIONS:
            raise InvalidRequest(
                f"The session watches {MAX_SUBSCRIPTIONS} resources.", fix="Unsubscribe from some first."
            )
        emit_session_event(call, caller, "watched", key, uri=uri, named=named)


async def unwatch_resource(call: Call, caller: Caller, key: str, uri: str) -> None:
    """Stop watching a resource. Idempotent."""
    if await call.tx.one(rows.lock_live_session, now=call.now, **_build_session_filter(caller, key)) is None:
        return
    if await call.tx.execute(rows.delete_watch, session=key, uri=uri):
        emit_session_event(call, caller, "unwatched", key, uri=uri)


async def change_toolsets(
    call: Call, caller: Caller, key: str, toolsets: Sequence[str], *, enabled: bool
) -> tuple[str, ...]:
    """Enable or disable toolsets for a session. Returns the enabled ones.

    For a client without a handshake, this creates the session. Without a change, no event is emitted.
    """
    until = call.now + LIFETIME
    if await call.tx.execute(
        rows.insert_session_if_missing, client="{}", now=call.now, until=until, **_build_session_filter(caller, key)
    ):
        # The key of a client without a handshake contains a name that it chooses, so it can create any number.
        await _end_surplus_sessions(call, caller)
    # Locked before it is read: of two changes at once, one would otherwise be lost.
    row = await call.tx.one(rows.lock_live_session, now=call.now, **_build_session_filter(caller, key))
    before: list[str] = [] if row is None else from_json(row.toolsets)
    after = [name for name in before if enabled or name not in toolsets]
    after += [name for name in toolsets if enabled and name not in before]
    await call.tx.execute(
        rows.update_session_toolsets,
        toolsets=to_json(after).decode(),
        until=until,
        **_build_session_filter(caller, key),
    )
    if after != before:
        emit_session_event(call, caller, "toolsets_changed", key, toolsets=after)
    return tuple(after)


def _build_session_filter(caller: Caller, key: str) -> dict[str, str]:
    # Kind and subject are part of each condition: a stolen session id is worth nothing without the caller's credential.
    return {"session": key, "kind": caller.kind, "subject": caller.subject}


def emit_session_event(call: Call, caller: Caller, name: str, key: str, **more: str | int | list[str]) -> None:
    """Log an event of a session, visible to its owner only."""
    type = f"agora.mcp.{name}"
    call.emit(type, {"session": key, **more}, audience=(caller.subject,))
