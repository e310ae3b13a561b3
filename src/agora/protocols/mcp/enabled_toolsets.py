"""Toolsets enabled at run time: by session, or without a session by caller and client name.

They are stored, so that every server lists the same tools, and expire with the session, or a day after the last change.
"""

from __future__ import annotations

from collections.abc import Sequence

from agora.domains.client_sessions.sessions import compute_client_session_key
from agora_sdk.errors import InvalidRequest

from .exchange import Exchange
from .session_store import SessionStore

__all__ = ["EnabledToolsets", "build_client_key"]


def build_client_key(exchange: Exchange) -> str:
    """Return the key under which a client's toolsets are stored and their changes announced."""
    if exchange.session is not None:
        return exchange.session.key
    caller = exchange.caller
    return compute_client_session_key(f"client {caller.kind} {caller.subject} {exchange.client_name}")


class EnabledToolsets:
    """Reads and changes enabled toolsets."""

    def __init__(self, session_store: SessionStore) -> None:
        self._session_store = session_store

    async def read_toolsets(self, exchange: Exchange) -> tuple[str, ...]:
        """Read the toolsets enabled for the client."""
        if exchange.session is not None:
            return exchange.session.toolsets
        if exchange.caller.kind == "anonymous":
            return ()
        return await self._session_store.read_toolsets(exchange.caller, build_client_key(exchange))

    async def change_toolsets(self, exchange: Exchange, toolsets: Sequence[str], *, enabled: bool) -> tuple[str, ...]:
        """Enable or disable toolsets; returns those now enabled. Raises InvalidRequest for anonymous callers without a
        session."""
        session = exchange.session
        if session is None and exchange.caller.kind == "anonymous":
            raise InvalidRequest(
                "The client cannot be identified: it has no credential and no session.",
                fix="Name the toolsets in the header X-MCP-Toolsets, or in the URL: ?view=model&toolsets=task.",
            )
        enabled_toolsets = await self._session_store.change_toolsets(
            exchange.caller, build_client_key(exchange), toolsets, enabled=enabled
        )
        if session is not None:
            session.toolsets = enabled_toolsets
        return enabled_toolsets
