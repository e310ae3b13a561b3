"""The worker's codebases as the server knows them: each has an id there, and holds the sessions of its jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora_sdk.client import AgoraClient
from agora_sdk.errors import NotFound

from .codebases import Codebase
from .options import WorkerOptions

__all__ = ["CodebaseRegistry"]

CODEBASE_ID = "cb_"  #: how the server's ids of codebases begin


class CodebaseRegistry:
    """Codebases by what jobs call them: their name, their repository, or the id that the server gave them."""

    def __init__(self, options: WorkerOptions) -> None:
        self._codebases = options.codebases
        self._ids: dict[str, str] = {}

    async def register_codebases(self, client: AgoraClient, worker_id: str) -> list[str]:
        """Register every codebase; answers the capabilities that jobs for them require."""
        for codebase in self._codebases:
            record = await client.codebase.register(
                codebase.name, str(codebase.path), worker_id, repository=codebase.repository
            )
            self._ids[codebase.name] = record.codebase_id
        return [f"codebase:{codebase_id}" for codebase_id in self._ids.values()]

    def find_codebase(self, reference: str | None) -> Codebase | None:
        """A codebase; the first one if none is named."""
        if reference is None:
            return self._codebases[0]
        for codebase in self._codebases:
            if reference in (codebase.name, codebase.repository, self._ids.get(codebase.name)):
                return codebase
        return None

    async def resolve_codebase(self, client: AgoraClient, reference: str | None) -> Codebase | None:
        """A codebase, also by the id of another worker's that has the same repository. Raises AgoraError."""
        codebase = self.find_codebase(reference)
        if codebase is not None or reference is None or not reference.startswith(CODEBASE_ID):
            return codebase
        try:
            repository = (await client.codebase.get(reference)).repository
        except NotFound:
            return None
        return self.find_codebase(repository) if repository is not None else None

    def find_id(self, codebase: Codebase) -> str | None:
        """The id that the server gave to a codebase of this worker."""
        return self._ids.get(codebase.name)

    async def store_messages(
        self,
        client: AgoraClient,
        codebase: Codebase,
        session_id: str,
        message: dict[str, Any],
        options: Mapping[str, str],
    ) -> None:
        """Store a message of a session. Raises AgoraError."""
        await client.session.ingest(self._ids[codebase.name], session_id, [message], **options)
