"""The worker's codebases as registered with the server: each has an id there, and holds the sessions of its jobs."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from agora_sdk.client import AgoraClient
from agora_sdk.errors import NotFound

from .codebases import GLOBAL, Codebase
from .job_secrets import SecretMask
from .options import WorkerOptions

__all__ = ["CodebaseRegistry"]

Value = TypeVar("Value")

CODEBASE_ID = "cb_"  #: prefix of the server's codebase ids


class CodebaseRegistry:
    """Codebases, found by the references of jobs: name, repository, or id on the server."""

    def __init__(self, options: WorkerOptions) -> None:
        self._codebases = list(options.codebases)
        self._ids: dict[str, str] = {}
        self._mask: SecretMask | None = None

    async def register_codebases(self, client: AgoraClient, worker_id: str) -> list[str]:
        """Register every codebase. Returns the capabilities that jobs for the registered and earlier codebases
        require."""
        for codebase in self._codebases:
            record = await client.codebase.register(
                codebase.name, str(codebase.path), worker_id, repository=codebase.repository
            )
            self._ids[codebase.name] = record.codebase_id
        # After the configured ones, whose names have precedence.
        await self.register_earlier_codebases(client, worker_id)
        return self.list_capabilities()

    async def register_earlier_codebases(self, client: AgoraClient, worker_id: str) -> None:
        """Re-adopt codebases that were added at the server's request before a restart, if they still exist."""
        cursor = None
        while True:
            page = await client.codebase.list(limit=200, cursor=cursor)
            for row in page.codebases:
                # Configured codebases have been registered before, and are listed here as well.
                is_own = row.worker_id == worker_id and row.codebase_id not in self._ids.values()
                if is_own and row.state == "ready" and Path(row.path).is_dir():
                    codebase = Codebase.from_directory(Path(row.path), row.name)
                    await client.codebase.register(row.name, row.path, worker_id, repository=codebase.repository)
                    self.add_codebase(codebase, row.codebase_id)
            cursor = page.next_cursor
            if cursor is None:
                return

    def add_codebase(self, codebase: Codebase, codebase_id: str) -> None:
        """Add a codebase at runtime. A duplicate name is replaced by the id."""
        if codebase.name in self._ids:
            codebase = replace(codebase, name=codebase_id)
        self._codebases.append(codebase)
        self._ids[codebase.name] = codebase_id

    def list_codebases(self) -> list[Codebase]:
        """List all codebases, including those added at runtime."""
        return list(self._codebases)

    def list_capabilities(self) -> list[str]:
        """List the capabilities that jobs for the codebases require, by codebase id."""
        return [f"codebase:{codebase_id}" for codebase_id in self._ids.values()]

    def find_codebase(self, reference: str | None) -> Codebase | None:
        """Find a codebase; by default the first one."""
        if reference is None:
            return self._codebases[0]
        for codebase in self._codebases:
            if reference in (codebase.name, codebase.repository, self._ids.get(codebase.name)):
                return codebase
        return None

    async def resolve_codebase(self, client: AgoraClient, reference: str | None) -> Codebase | None:
        """Resolve a codebase, including another worker's id for the same repository. Raises AgoraError."""
        codebase = self.find_codebase(reference)
        if codebase is not None or reference is None or not reference.startswith(CODEBASE_ID):
            return codebase
        try:
            repository = (await client.codebase.get(reference)).repository
        except NotFound:
            return None
        return self.find_codebase(repository) if repository is not None else None

    def find_codebase_id(self, codebase: Codebase) -> str | None:
        """Return the server's id of a codebase of this worker."""
        return self._ids.get(codebase.name)

    def find_codebase_id_of_directory(self, directory: Path) -> str | None:
        """Find the id of the innermost codebase that contains a directory; otherwise of the global one."""
        candidates = [codebase for codebase in self._codebases if directory.is_relative_to(codebase.path)]
        nearest = max(candidates, key=lambda codebase: len(codebase.path.parts), default=None)
        return self._ids.get(nearest.name if nearest is not None else GLOBAL)

    def with_mask(self, mask: SecretMask) -> CodebaseRegistry:
        """Return the same codebases, for a job whose messages are stored with secrets masked."""
        masked = copy.copy(self)
        masked._mask = mask
        return masked

    def mask_value(self, value: Value) -> Value:
        """Mask the job's secrets in JSON that is sent to the server."""
        masked: Value = self._mask.mask_value(value) if self._mask is not None else value
        return masked

    async def store_session_message(
        self,
        client: AgoraClient,
        codebase: Codebase,
        session_id: str,
        message: dict[str, Any],
        options: Mapping[str, str],
    ) -> None:
        """Store a message of a session. Raises AgoraError."""
        message, options = self.mask_value(message), self.mask_value(options)
        await client.session.ingest(self._ids[codebase.name], session_id, [message], **options)
