"""Runtime of all codebases: sessions by id alone, and available models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.clock import SECOND
from agora.core import pagination as paging
from agora.core.call import BoundService, decode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.search.words import build_contains_pattern
from agora.domains.tasks import queries as tasks
from agora_sdk.contract import codebases as sessions_contract
from agora_sdk.contract import implements
from agora_sdk.contract import runtime as contract

from . import queries as statements
from .records import CodebaseRow, PlacedSessionRow, WorkerModels
from .sessions import SessionService
from .worker_capabilities import ONLINE_SECONDS, is_worker_online

__all__ = ["RuntimeService"]

WORKERS_PAGE_SIZE = 500  #: workers read per page of models
MAX_COUNTED = 10_000  #: upper bound of the counts of projects and sessions


class RuntimeService(BoundService, contract.Runtime):
    """The contract's operations on what runs on workers' machines."""

    @property
    def _reader(self) -> str:
        """Subject whose sessions the caller reads; '' reads all."""
        caller = self.call.caller
        return "" if caller.reads_all else caller.subject

    @property
    def _seen_since(self) -> int:
        return self.call.now - ONLINE_SECONDS * SECOND

    @implements
    async def status(self) -> contract.RuntimeStatus:
        tx = self.call.tx
        online = await tx.one(statements.count_workers_online, seen_since=self._seen_since) or 0
        return contract.RuntimeStatus.model_construct(
            available=online > 0,
            projects=await tx.one(statements.count_codebases, most=MAX_COUNTED) or 0,
            sessions=await tx.one(statements.count_sessions, reader=self._reader, most=MAX_COUNTED) or 0,
            workers=online,
        )

    @implements
    async def projects(self, *, limit: int = 50, cursor: str | None = None) -> contract.RuntimeProjectPage:
        call = self.call
        rows, more = await paging.read_query_page(
            call, statements.list_codebases, "codebase_id", limit, cursor, search=""
        )
        projects = [await self._build_project(row) for row in rows]
        return contract.RuntimeProjectPage.model_construct(
            projects=projects, **paging.build_page_fields(projects, "project_id", more=more, cursor=cursor)
        )

    async def _build_project(self, row: CodebaseRow) -> contract.RuntimeProject:
        return build_from_record(
            contract.RuntimeProject,
            row,
            project_id=row.codebase_id,
            online=await is_worker_online(self.call, row),
        )

    @implements
    async def sessions(
        self, q: str = "", *, project_id: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> contract.RuntimeSessionPage:
        place = paging.decode_cursor(cursor, int, str, str) if cursor else (tasks.NO_DEADLINE, "", "")
        before, after_codebase, after = place
        rows = await self.call.tx.all(
            statements.list_recent_sessions,
            reader=self._reader,
            codebase_id=project_id or "",
            before=before,
            after_codebase=after_codebase,
            after=after,
            search=build_contains_pattern(q),
            limit=limit + 1,
        )
        more, rows = len(rows) > limit, rows[:limit]
        position = ("updated_at", "codebase_id", "session_id")
        return contract.RuntimeSessionPage.model_construct(
            sessions=[_build_session(row) for row in rows],
            **paging.build_page_fields(rows, *position, more=more, cursor=cursor),
        )

    async def _load_visible_session(self, session_id: str, project_id: str | None) -> PlacedSessionRow:
        """Find a session that the caller may read. Raises NotFound for a hidden session, too."""
        row = await self.call.tx.one(
            statements.select_session_of_any_codebase,
            reader=self._reader,
            codebase_id=project_id or "",
            session_id=session_id,
        )
        if row is None:
            raise not_found(
                "session_id",
                f"There is no session {session_id!r}.",
                fix="See GET /v1/agent/runtime/sessions for their ids.",
            )
        return row

    @implements
    async def session(self, session_id: str, *, project_id: str | None = None) -> contract.RuntimeSession:
        return _build_session(await self._load_visible_session(session_id, project_id))

    @implements
    async def messages(
        self,
        session_id: str,
        *,
        project_id: str | None = None,
        descending: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> sessions_contract.SessionMessagePage:
        row = await self._load_visible_session(session_id, project_id)
        return await SessionService(self.call).messages(
            row.codebase_id, session_id, descending=descending, limit=limit, cursor=cursor
        )

    @implements
    async def parts(
        self,
        session_id: str,
        *,
        project_id: str | None = None,
        type: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.RuntimeMessagePartPage:
        page = await self.messages(session_id, project_id=project_id, limit=limit, cursor=cursor)
        # The limit is of messages, so a page of one type may be empty and still have a next one.
        parts = [
            part for message in page.messages for part in _split_message_parts(message) if type in (None, part.type)
        ]
        return contract.RuntimeMessagePartPage.model_construct(
            parts=parts,
            count=len(parts),
            total=None if page.has_more or cursor else len(parts),
            has_more=page.has_more,
            next_cursor=page.next_cursor,
        )

    @implements
    async def models(
        self, provider: str = "", *, limit: int = 200, cursor: str | None = None
    ) -> contract.AvailableModelPage:
        models = _group_models_by_name(await self._list_workers_with_models())
        # Paged by name in memory: models are arrays of workers' rows, which SQL of both engines could not sort alike.
        names = sorted(name for name, model in models.items() if provider in ("", model.provider))
        after = paging.decode_cursor(cursor)[0] if cursor else ""
        rest = [name for name in names if name > after]
        page = [models[name] for name in rest[:limit]]
        return contract.AvailableModelPage.model_construct(
            models=page, **paging.build_page_fields(page, "model", more=len(rest) > limit, cursor=cursor)
        )

    async def _list_workers_with_models(self) -> Sequence[WorkerModels]:
        """List all online workers that have models."""
        workers: list[WorkerModels] = []
        while True:
            after = workers[-1].worker_id if workers else ""
            place = {"seen_since": self._seen_since, "after": after, "limit": WORKERS_PAGE_SIZE}
            rows = await self.call.tx.all(statements.select_models_online, **place)
            workers += rows
            if len(rows) < WORKERS_PAGE_SIZE:
                return workers


def _group_models_by_name(rows: Sequence[WorkerModels]) -> dict[str, contract.AvailableModel]:
    """Collect the models of workers by model name."""
    models: dict[str, contract.AvailableModel] = {}
    for row in rows:
        metadata = decode_json(row.metadata)
        agent = metadata.get("agent") if isinstance(metadata, dict) else None
        for name in decode_json(row.models):
            model = models.get(name)
            if model is None:
                provider = name.partition("/")[0] if "/" in name else ""
                model = models[name] = contract.AvailableModel(model=name, provider=provider)
            model.workers.append(row.worker_id)
            if isinstance(agent, str) and agent not in model.agents:
                model.agents.append(agent)
    return models


def _split_message_parts(message: sessions_contract.SessionMessage) -> list[contract.RuntimeMessagePart]:
    """Split a message into parts, each with an id."""
    parts: Any = message.parts if isinstance(message.parts, list) else [message.parts]
    return [
        contract.RuntimeMessagePart.model_construct(
            part_id=f"{message.message_id}:{index}",
            message_id=message.message_id,
            role=message.role,
            type=str(part.get("type") or "text") if isinstance(part, dict) else "text",
            content=part,
            created_at=message.created_at,
        )
        for index, part in enumerate(parts)
    ]


def _build_session(row: PlacedSessionRow) -> contract.RuntimeSession:
    return build_from_record(contract.RuntimeSession, row, directory=row.directory or row.path)
