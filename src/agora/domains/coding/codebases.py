"""Codebases: which worker has which directory. A job for one requires a capability that its worker has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import cast

from agora.clock import SECOND, new_id, to_datetime
from agora.core import pagination as paging
from agora.core.call import BoundService, EventStreamSpec, decode_json, encode_json
from agora.core.errors import not_found
from agora.domains.search.words import contains_pattern
from agora.domains.tasks import worker_queries as workers
from agora.domains.tasks.records import WorkerRow
from agora_sdk.contract import codebases as contract
from agora_sdk.contract import implements
from agora_sdk.contract.events import Event
from agora_sdk.contract.fields import JsonObject, Priority, PriorityLike
from agora_sdk.contract.tasks import TaskEntry, TaskReceipt
from agora_sdk.errors import Conflict

from . import queries as statements
from . import steering, watch
from .access import load_codebase, load_own_codebase
from .capabilities import ONLINE_SECONDS, codebase_capability
from .records import CODEBASES, CodebaseRow

__all__ = ["CodebaseService"]

DEFAULT_INTERVAL = 5  #: seconds between two looks for queued work
MAX_CODEBASES = 200  #: of one worker: each is a capability, which every claim of the worker looks at


class CodebaseService(BoundService, contract.Codebases):
    """The contract's operations on codebases."""

    @implements
    async def register(
        self, name: str, path: str, worker_id: str, *, repository: str | None = None, description: str = ""
    ) -> contract.Codebase:
        call = self.call
        worker = await self._find_own_worker(worker_id)
        row = await call.tx.one(statements.codebase_by_path, worker_id=worker.worker_id, path=path)
        if row is None:
            await self._require_room(worker)
            row = CodebaseRow(
                tenant_id=call.caller.tenant,
                codebase_id=new_id("cb"),
                worker_id=worker.worker_id,
                owner=worker.owner,
                name=name,
                path=path,
                repository=repository,
                description=description,
                registered_at=call.now,
                updated_at=call.now,
                stand_ins="[]",
                watching=1,
                watch_interval=DEFAULT_INTERVAL,
            )
            call.tx.append(CODEBASES, row)
        else:
            row.name, row.repository, row.description, row.updated_at = name, repository, description, call.now
            await call.tx.execute(
                statements.update_codebase,
                codebase_id=row.codebase_id,
                name=name,
                repository=repository,
                description=description,
                now=call.now,
            )
        call.target = row.codebase_id
        capabilities = [*decode_json(worker.capabilities), codebase_capability(row.codebase_id)]
        await self._set_capabilities(worker, list(dict.fromkeys(capabilities)))
        return _build_codebase(row, online=True)

    async def _find_own_worker(self, ref: str) -> WorkerRow:
        caller = self.call.caller
        row = await self.call.tx.one(workers.by_ref, ref=ref, owner=caller.subject)
        if row is None or (row.owner != caller.subject and not caller.acts_for_others):
            raise not_found(
                "worker_id",
                f"You have no worker {ref!r}: a codebase belongs to a worker, which has it.",
                fix="Start one there (agora worker run --codebases DIR), or register it: POST /v1/agent/workers/register.",
            )
        return row

    async def _require_room(self, worker: WorkerRow) -> None:
        """Raises Conflict where a worker has as many codebases as it may have."""
        count = await self.call.tx.one(statements.codebase_count, worker_id=worker.worker_id, most=MAX_CODEBASES)
        if (count or 0) >= MAX_CODEBASES:
            raise Conflict(
                f"The worker {worker.worker_name!r} has {MAX_CODEBASES} codebases.",
                fix="Remove some (DELETE /v1/agent/codebases/ID), or register others for another worker.",
            )

    async def _set_capabilities(self, worker: WorkerRow, capabilities: Sequence[str]) -> None:
        await self.call.tx.execute(
            statements.set_worker_capabilities,
            worker_id=worker.worker_id,
            capabilities=encode_json(list(capabilities)),
        )

    @implements
    async def list(self, search: str = "", *, limit: int = 50, cursor: str | None = None) -> contract.CodebasePage:
        call = self.call
        after = paging.decode_cursor(cursor)[0] if cursor else ""

        async def read_rows(after: str, count: int) -> Sequence[CodebaseRow]:
            pattern = contains_pattern(search)
            return await call.tx.all(statements.list_codebases, search=pattern, after=after, limit=count)

        rows, more = await paging.read_page(read_rows, after, "codebase_id", limit, call.context.settings.page_bytes)
        codebases = [_build_codebase(row, online=await self._is_online(row)) for row in rows]
        return contract.CodebasePage.model_construct(
            codebases=codebases, **paging.page_fields(codebases, "codebase_id", more=more, cursor=cursor)
        )

    @implements
    async def get(self, codebase_id: str) -> contract.Codebase:
        row = await load_codebase(self.call, codebase_id)
        return _build_codebase(row, online=await self._is_online(row))

    async def _is_online(self, row: CodebaseRow) -> bool:
        """Whether the worker of a codebase was seen lately; each claim shows it."""
        worker = await self.call.tx.one(workers.by_ref, ref=row.worker_id, owner=row.owner)
        return worker is not None and self.call.now - worker.last_seen <= ONLINE_SECONDS * SECOND

    @implements
    async def remove(self, codebase_id: str) -> contract.RemovedCodebase:
        call = self.call
        row = await load_own_codebase(call, codebase_id)
        worker = await call.tx.one(workers.by_ref, ref=row.worker_id, owner=row.owner)
        if worker is not None:
            rest = [name for name in decode_json(worker.capabilities) if name != codebase_capability(codebase_id)]
            await self._set_capabilities(worker, rest)
        for statement in (statements.delete_messages, statements.delete_sessions, statements.delete_codebase):
            await call.tx.execute(statement, codebase_id=codebase_id)
        return contract.RemovedCodebase(codebase_id=codebase_id)

    # -- the work in it -----------------------------------------------------------------------------------

    @implements
    async def trigger(
        self,
        codebase_id: str,
        prompt: str,
        *,
        title: str = "",
        agent_type: str | None = None,
        model: str | None = None,
        files: contract.JobFiles = [],
        priority: PriorityLike = Priority.NORMAL,
        context_id: str | None = None,
    ) -> TaskReceipt:
        codebase = await load_codebase(self.call, codebase_id)
        values: JsonObject = {"prompt": prompt, "title": title, "agent_type": agent_type, "model": model}
        values["files"] = list(files)
        payload: JsonObject = {name: value for name, value in values.items() if value}
        request = steering.JobRequest(payload=payload, priority=priority, context_id=context_id)
        return await steering.submit_job(self.call, codebase, request)

    @implements
    async def message(self, codebase_id: str, message: str, *, task_id: str | None = None) -> TaskEntry:
        return await steering.send_message(self.call, await load_codebase(self.call, codebase_id), message, task_id)

    @implements
    async def interrupt(self, codebase_id: str) -> contract.EndedJobs:
        codebase = await load_codebase(self.call, codebase_id)
        ended = await steering.cancel_jobs(self.call, codebase, queued=False, reason="interrupted")
        return contract.EndedJobs(codebase_id=codebase_id, task_ids=ended)

    @implements
    async def stop(self, codebase_id: str) -> contract.EndedJobs:
        codebase = await load_codebase(self.call, codebase_id)
        ended = await steering.cancel_jobs(self.call, codebase, queued=True, reason="all work there was stopped")
        return contract.EndedJobs(codebase_id=codebase_id, task_ids=ended)

    @implements
    async def status(self, codebase_id: str) -> contract.CodebaseStatus:
        codebase = await load_codebase(self.call, codebase_id)
        return await steering.read_status(self.call, codebase, online=await self._is_online(codebase))

    @implements
    def events(self, codebase_id: str, *, last_event_id: str | None = None) -> AsyncIterator[Event]:
        # The dispatcher awaits the specification within a read transaction; the feed then produces the events.
        return cast("AsyncIterator[Event]", self._open_events(codebase_id, last_event_id))

    async def _open_events(self, codebase_id: str, last_event_id: str | None) -> EventStreamSpec:
        return await steering.open_event_stream(self.call, await load_codebase(self.call, codebase_id), last_event_id)

    @implements
    async def start_watch(self, codebase_id: str, interval: int = DEFAULT_INTERVAL) -> contract.Watch:
        codebase = await load_own_codebase(self.call, codebase_id)
        return await watch.set_watch(self.call, codebase, watching=True, interval=interval)

    @implements
    async def stop_watch(self, codebase_id: str) -> contract.Watch:
        return await watch.set_watch(self.call, await load_own_codebase(self.call, codebase_id), watching=False)

    @implements
    async def watch_status(self, codebase_id: str) -> contract.Watch:
        return await watch.build_watch(self.call, await load_codebase(self.call, codebase_id))


def _build_codebase(row: CodebaseRow, *, online: bool) -> contract.Codebase:
    return contract.Codebase.model_construct(
        codebase_id=row.codebase_id,
        name=row.name,
        path=row.path,
        worker_id=row.worker_id,
        owner=row.owner,
        repository=row.repository,
        description=row.description,
        registered_at=to_datetime(row.registered_at),
        updated_at=to_datetime(row.updated_at),
        online=online,
    )
