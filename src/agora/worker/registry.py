"""The worker's codebases as the server knows them: each has an id there, and holds the sessions of its jobs."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agora_sdk.client import AgoraClient
from agora_sdk.errors import NotFound

from .codebases import GLOBAL, Codebase
from .job_secrets import SecretMask
from .options import WorkerOptions

__all__ = ["CodebaseRegistry"]

CODEBASE_ID = "cb_"  #: how the server's ids of codebases begin


class CodebaseRegistry:
    """Codebases by what jobs call them: their name, their repository, or the id that the server gave them."""

    def __init__(self, options: WorkerOptions) -> None:
        self._codebases = list(options.codebases)
        self._ids: dict[str, str] = {}
        self._mask: SecretMask | None = None

    async def register_codebases(self, client: AgoraClient, worker_id: str) -> list[str]:
        """Register every codebase; answers the capabilities that jobs for them, and for those of before, require."""
        for codebase in self._codebases:
            record = await client.codebase.register(
                codebase.name, str(codebase.path), worker_id, repository=codebase.repository
            )
            self._ids[codebase.name] = record.codebase_id
        await self.adopt_earlier_codebases(client, worker_id)
        return self.list_capabilities()

    async def adopt_earlier_codebases(self, client: AgoraClient, worker_id: str) -> None:
        """Know again the codebases that this worker was asked for before it was started anew, if they are still there."""
        cursor = None
        while True:
            page = await client.codebase.list(limit=200, cursor=cursor)
            for row in page.codebases:
                is_own = row.worker_id == worker_id and row.codebase_id not in self._ids.values()
                if is_own and row.state == "ready" and Path(row.path).is_dir():
                    codebase = Codebase.inspect(Path(row.path), row.name)
                    await client.codebase.register(row.name, row.path, worker_id, repository=codebase.repository)
                    self.add_codebase(codebase, row.codebase_id)
            cursor = page.next_cursor
            if cursor is None:
                return

    def add_codebase(self, codebase: Codebase, codebase_id: str) -> None:
        """Know a codebase that the worker did not begin with. A name that is taken is made another one."""
        if codebase.name in self._ids:
            codebase = replace(codebase, name=codebase_id)
        self._codebases.append(codebase)
        self._ids[codebase.name] = codebase_id

    def list_codebases(self) -> list[Codebase]:
        """Every codebase, those that were added since the worker began too."""
        return list(self._codebases)

    def list_capabilities(self) -> list[str]:
        """The capabilities that jobs for the codebases require, by their ids."""
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

    def find_id_of_directory(self, directory: Path) -> str | None:
        """Id of the codebase that a directory is in, the innermost; of the global one for any other."""
        inside = [codebase for codebase in self._codebases if directory.is_relative_to(codebase.path)]
        nearest = max(inside, key=lambda codebase: len(codebase.path.parts), default=None)
        return self._ids.get(nearest.name if nearest is not None else GLOBAL)

    def with_mask(self, mask: SecretMask) -> CodebaseRegistry:
        """The same codebases, for a job whose messages are stored without its secrets."""
        masked = copy.copy(self)
        masked._mask = mask
        return masked

    async def store_messages(
        self,
        client: AgoraClient,
        codebase: Codebase,
        session_id: str,
        message: dict[str, Any],
        options: Mapping[str, str],
    ) -> None:
        """Store a message of a session. Raises AgoraError."""
        if self._mask is not None:
            message, options = self._mask.mask_value(message), self._mask.mask_value(options)
        await client.session.ingest(self._ids[codebase.name], session_id, [message], **options)
