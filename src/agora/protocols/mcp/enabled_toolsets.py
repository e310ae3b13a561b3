"""Toolsets enabled at run time: by session, or without a session by caller and client name.

They are stored, so that every server lists the same tools, and expire with the session, or a day after the last change.
"""

from __future__ import annotations

from collections.abc import Sequence

from agora.domains.client_sessions.sessions import compute_client_session_key
from agora_sdk.errors import InvalidRequest

from .request_context import RequestContext
from .session_store import SessionStore

__all__ = ["EnabledToolsets", "build_client_key"]


def build_client_key(request_context: RequestContext) -> str:
    """Return the key under which a client's toolsets are stored and their changes announced."""
    if request_context.session is not None:
        return request_context.session.key
    caller = request_context.caller
    return compute_client_session_key(f"client {caller.kind} {caller.subject} {request_context.client_name}")


class EnabledToolsets:
    """Reads and changes enabled toolsets."""

    def __init__(self, session_store: SessionStore) -> None:
        self._session_store = session_store

    async def read_toolsets(self, request_context: RequestContext) -> tuple[str, ...]:
        """Read the toolsets enabled for the client."""
        if request_context.session is not None:
            return request_context.session.toolsets
        if request_context.caller.kind == "anonymous":
            return ()
        return await self._session_store.read_toolsets(request_context.caller, build_client_key(request_context))

    async def change_toolsets(
        self, request_context: RequestContext, toolsets: Sequence[str], *, enabled: bool
    ) -> tuple[str, ...]:
        """Enable or disable toolsets; returns those now enabled. Raises InvalidRequest for anonymous callers without a
        session."""
        session = request_context.session
        if session is None and request_context.caller.kind == "anonymous":
            raise InvalidRequest(
                "The client cannot be identified: it has no credential and no session.",
                fix="Name the toolsets in the header X-MCP-Toolsets, or in the URL: ?view=model&toolsets=task.",
            )
        enabled_toolsets = await self._session_store.change_toolsets(
            request_context.caller, build_client_key(request_context), toolsets, enabled=enabled
        )
        if session is not None:
            session.toolsets = enabled_toolsets
        return enabled_toolsets
