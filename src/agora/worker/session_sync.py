"""Tells the server of sessions that people had on this machine without a job; only where the worker's owner wants that."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from pathlib import Path

from agora_sdk import AgoraError
from agora_sdk.client import AgoraClient

from .local_sessions import LocalSession, read_messages, read_sessions
from .registry import CodebaseRegistry

__all__ = ["SessionSync"]

logger = logging.getLogger("agora.worker")

SYNC_SECONDS = 30.0


class SessionSync:
    """Reads an agent's database again and again, and reports what has changed.

    A session belongs to the codebase that its directory is in, else to the global one. Messages of a job's session are the job's
    own to report.
    """

    def __init__(self, database: Path, client: AgoraClient, registry: CodebaseRegistry) -> None:
        self._database, self._client, self._registry = database, client, registry
        self._after = 0

    async def run_regularly(self) -> None:
        """Report what has changed, until it is cancelled."""
        while True:
            try:
                await self.report_changes()
            except AgoraError as error:
                logger.warning("Local sessions are not reported: %s", error)
            await asyncio.sleep(SYNC_SECONDS)

    async def report_changes(self) -> int:
        """Report the sessions that have changed since the last time; answers how many. Raises AgoraError."""
        sessions = await asyncio.to_thread(read_sessions, self._database, self._after)
        places: dict[str, list[LocalSession]] = defaultdict(list)
        for session in sessions:
            codebase_id = self._registry.find_id_of_directory(Path(session.directory))
            if codebase_id is not None:
                places[codebase_id].append(session)
        for codebase_id, changed in places.items():
            documents = [session.to_document() for session in changed]
            await self._client.session.sync(codebase_id, documents)
            for session in changed:
                await self._report_messages(codebase_id, session.session_id)
        self._after = max((session.updated_at for session in sessions), default=self._after)
        return sum(map(len, places.values()))

    async def _report_messages(self, codebase_id: str, session_id: str) -> None:
        if (await self._client.session.get(codebase_id, session_id)).task_id is not None:
            return
        messages = await asyncio.to_thread(read_messages, self._database, session_id)
        if messages:
            await self._client.session.ingest(codebase_id, session_id, messages, agent="opencode")
