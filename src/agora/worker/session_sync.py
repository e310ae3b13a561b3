"""Reports local agent sessions without a job to the server, if the worker's owner enables it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from agora_sdk import AgoraError
from agora_sdk.client import AgoraClient
from agora_sdk.errors import InvalidRequest

from .opencode_sessions import PAGE_SIZE, OpenCodeSession, read_changed_sessions, read_latest_messages
from .registry import CodebaseRegistry

__all__ = ["SessionSync"]

logger = logging.getLogger("agora.worker")

SYNC_SECONDS = 30.0


class SessionSync:
    """Polls an agent's database and reports changes.

    A session belongs to the codebase that contains its directory, else to the global one. Messages of a job's session
    are reported by the job itself.
    """

    def __init__(self, database: Path, client: AgoraClient, registry: CodebaseRegistry, page: int = PAGE_SIZE) -> None:
        self._database, self._client, self._registry = database, client, registry
        self._after, self._after_id, self._page = 0, "", page

    async def report_changes_regularly(self) -> None:
        """Report changes until cancelled."""
        while True:
            try:
                await self.report_changes()
            except AgoraError as error:
                logger.warning("Local sessions are not reported: %s", error)
            await asyncio.sleep(SYNC_SECONDS)

    async def report_changes(self) -> int:
        """Report the sessions that have changed since the last call. Returns their number. Raises AgoraError."""
        count = 0
        while sessions := await asyncio.to_thread(
            read_changed_sessions, self._database, self._after, self._after_id, self._page
        ):
            count += await self._report_page(sessions)
        return count

    async def _report_page(self, sessions: Sequence[OpenCodeSession]) -> int:
        """Report some sessions one by one, so that a failure does not affect those already reported."""
        places = [self._registry.find_codebase_id_of_directory(Path(session.directory)) for session in sessions]
        for codebase_id in dict.fromkeys(filter(None, places)):
            documents = [
                session.to_document() for session, place in zip(sessions, places, strict=True) if place == codebase_id
            ]
            # The sessions first: messages are stored in a session that exists.
            await self._client.session.sync(codebase_id, documents)
        count = 0
        for session, place in zip(sessions, places, strict=True):
            if place is not None:
                count += await self._report_messages_or_skip(place, session.session_id)
            # Advanced one by one: after an error the next call continues with the session that failed.
            self._after, self._after_id = session.updated_at, session.session_id
        return count

    async def _report_messages_or_skip(self, codebase_id: str, session_id: str) -> bool:
        """Report the messages of a session. Returns whether that was possible. Skips a session that the server
        refuses."""
        try:
            await self._store_messages_unless_of_job(codebase_id, session_id)
        except InvalidRequest as error:
            logger.warning("The local session %s is not reported: %s", session_id, error)
            return False
        return True

    async def _store_messages_unless_of_job(self, codebase_id: str, session_id: str) -> None:
        if (await self._client.session.get(codebase_id, session_id)).task_id is not None:
            return
        messages = await asyncio.to_thread(read_latest_messages, self._database, session_id)
        if messages:
            await self._client.session.ingest(codebase_id, session_id, messages, agent="opencode")
