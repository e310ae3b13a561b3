"""Codebases: directories of workers. A job for a codebase requires a capability of its worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

from agora.core import pagination as paging
from agora.core.call import BoundService, EventStreamSpec, decode_json, encode_json
from agora.core.count_locks import lock_count
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.search.words import build_contains_pattern
from agora.domains.tasks import queries as tasks
from agora.domains.tasks import worker_queries as workers
from agora.domains.tasks.records import WorkerRow
from agora.store.port import write_record
from agora_sdk.contract import codebases as contract
from agora_sdk.contract import implements
from agora_sdk.contract.events import Event
from agora_sdk.contract.fields import JsonObject, Priority, PriorityLike
from agora_sdk.contract.tasks import TaskEntry, TaskReceipt
from agora_sdk.errors import Conflict

from . import job_secrets, registration, steering, watch, worktree_queries
from . import queries as statements
from .access import load_codebase, load_own_codebase, resolve_codebase
from .records import CODEBASES, CodebaseRow
from .stand_ins import announce_waiting_jobs, remove_stand_ins
from .worker_capabilities import (
    add_worker_capability,
    announce_worker_change,
    build_codebase_capability,
    is_worker_online,
    remove_worker_capability,
)

__all__ = ["CodebaseService"]

DEFAULT_INTERVAL = 5  #: seconds between two polls for queued jobs
MAX_CODEBASES = 200  #: per worker: each is a capability, which every claim of the worker evaluates


class CodebaseService(BoundService, contract.Codebases):
    """The contract's operations on codebases."""

    @implements
    async def register(
        self,
        name: str,
        path: str | None = None,
        worker_id: str | None = None,
        *,
        repository: str | None = None,
        description: str = "",
        git_url: str | None = None,
        branch: str | None = None,
        git_token: str | None = None,
        agent_config: contract.AgentConfig = {},
    ) -> contract.Codebase:
        request = registration.NewCodebase(
            name=name,
            path=path,
            repository=repository,
            description=description,
            git_url=git_url,
            branch=branch,
            git_token=git_token,
            agent_config={str(key): value for key, value in agent_config.items()},
        )
        worker = await self._load_own_worker(worker_id) if worker_id is not None else None
        # A worker that registers its own path knows that it exists, so nobody is asked.
        if worker is not None and path is not None and git_url is None:
            row = await self._register_at_worker_path(worker, path, request)
        else:
            row = await registration.create_pending_and_ask_workers(self.call, request, worker)
        self.call.target = row.codebase_id
        return _build_codebase(row, online=row.state == "ready")

    async def _register_at_worker_path(
        self, worker: WorkerRow, path: str, request: registration.NewCodebase
    ) -> CodebaseRow:
        """Register the codebase at a path of a worker, or update the existing one."""
        call = self.call
        row = await call.tx.one(statements.select_codebase_by_path, worker_id=worker.worker_id, path=path)
        if row is None:
            await self._require_room_for_codebase(worker)
            row = registration.build_codebase_row(call, request, worker)
            call.tx.append(CODEBASES, row)
        else:
            # A worker registers its directories at each start: the id, and with it queued jobs and sessions, stays.
            row.name, row.repository, row.description = request.name, request.repository, request.description
            row.agent_config = encode_json(dict(request.agent_config)) if request.agent_config else row.agent_config
            row.updated_at = call.now
            await write_record(call.tx, statements.update_codebase, row, now=call.now)
        await add_worker_capability(call, worker.worker_id, build_codebase_capability(row.codebase_id))
        return row

    @implements
    async def confirm(
        self,
        codebase_id: str,
        task_id: str,
        fencing_token: int,
        worker_id: str,
        path: str,
        *,
        repository: str | None = None,
    ) -> contract.Codebase:
        row = await self._lock_codebase(codebase_id)
        worker = await self._load_own_worker(worker_id)
        # A repeated confirmation, whose first answer was lost, changes nothing.
        if row.worker_id != worker.worker_id:
            await self._require_room_for_codebase(worker)
            row = await registration.confirm_codebase(
                self.call, row, worker, (task_id, fencing_token), path, repository
            )
            await add_worker_capability(self.call, worker.worker_id, build_codebase_capability(row.codebase_id))
            # Before the announcement: a codebase that is not watched must not wake its worker.
            await watch.update_held_jobs(self.call, worker.worker_id)
            announce_worker_change(self.call, worker)
            await announce_waiting_jobs(self.call, build_codebase_capability(row.codebase_id), [worker])
        return _build_codebase(row, online=True)

    @implements
    async def decline(self, codebase_id: str, task_id: str, fencing_token: int, reason: str) -> contract.Codebase:
        row = await self._lock_codebase(codebase_id)
        return _build_codebase(
            await registration.decline_codebase(self.call, row, task_id, fencing_token, reason), online=False
        )

    @implements
    async def read_credential(self, codebase_id: str, task_id: str, fencing_token: int) -> contract.CodebaseCredential:
        row = await self._lock_codebase(codebase_id)
        return await registration.decrypt_clone_credential(self.call, row, task_id, fencing_token)

    async def _lock_codebase(self, codebase_id: str) -> CodebaseRow:
        """Load and lock a codebase. Raises NotFound."""
        await load_codebase(self.call, codebase_id)
        row = await self.call.tx.one(statements.lock_codebase, codebase_id=codebase_id)
        assert row is not None
        return row

    async def _load_own_worker(self, ref: str) -> WorkerRow:
        caller = self.call.caller
        row = await self.call.tx.one(workers.select_worker, ref=ref, owner=caller.subject)
        if row is None or not caller.acts_for(row.owner):
            raise not_found(
                "worker_id",
                f"You have no worker {ref!r}; a codebase belongs to a worker.",
                fix="Start one there (agora worker run --codebases DIR), or register it: POST /v1/agent/workers/register.",
            )
        return row

    async def _require_room_for_codebase(self, worker: WorkerRow) -> None:
        """Check that a worker may have another codebase. Raises Conflict."""
        await lock_count(self.call.tx, "codebases", worker.worker_id)
        count = await self.call.tx.one(
            statements.count_codebases_of_worker, worker_id=worker.worker_id, most=MAX_CODEBASES
        )
        if (count or 0) >= MAX_CODEBASES:
            raise Conflict(
                f"The worker {worker.worker_name!r} has {MAX_CODEBASES} codebases.",
                fix="Remove some (DELETE /v1/agent/codebases/ID), or register others for another worker.",
            )

    @implements
    async def list(self, search: str = "", *, limit: int = 50, cursor: str | None = None) -> contract.CodebasePage:
        call = self.call
        pattern = build_contains_pattern(search)
        rows, more = await paging.read_query_page(
            call, statements.list_codebases, "codebase_id", limit, cursor, search=pattern
        )
        codebases = [_build_codebase(row, online=await is_worker_online(self.call, row)) for row in rows]
        return contract.CodebasePage.model_construct(
            codebases=codebases, **paging.build_page_fields(codebases, "codebase_id", more=more, cursor=cursor)
        )

    @implements
    async def get(self, codebase_id: str) -> contract.Codebase:
        row = await resolve_codebase(self.call, codebase_id)
        return _build_codebase(row, online=await is_worker_online(self.call, row))

    @implements
    async def remove(self, codebase_id: str) -> contract.RemovedCodebase:
        call = self.call
        row = await load_own_codebase(call, codebase_id)
        worker = await call.tx.one(workers.select_worker, ref=row.worker_id, owner=row.owner)
        if worker is not None:
            await remove_worker_capability(call, worker.worker_id, build_codebase_capability(codebase_id))
        # Their capability would otherwise stay: nothing dismisses the stand-ins of a codebase that is gone.
        await remove_stand_ins(call, row)
        # Reviews and turns stay with their jobs, and are deleted with them by retention.
        for statement in (statements.delete_messages, statements.delete_sessions, statements.delete_codebase):
            await call.tx.execute(statement, codebase_id=codebase_id)
        await call.tx.execute(worktree_queries.delete_report, codebase_id=codebase_id)
        return contract.RemovedCodebase(codebase_id=codebase_id)

    # -- jobs of a codebase -------------------------------------------------------------------------------

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
        profile: str | None = None,
        secrets: contract.JobSecretValues = {},
    ) -> TaskReceipt:
        codebase = await load_codebase(self.call, codebase_id)
        values: JsonObject = {"prompt": prompt, "title": title, "agent_type": agent_type, "model": model}
        values["profile"] = profile = profile or decode_json(codebase.agent_config).get("profile")
        values["files"] = list(files)
        # Only that there are some: everybody who may see the task sees its payload.
        values["has_secrets"] = bool(secrets)
        chosen = {name: value for name, value in values.items() if value}
        # The codebase's defaults; a job's own values win.
        payload: JsonObject = decode_json(codebase.agent_config) | chosen
        request = steering.JobRequest(payload=payload, priority=priority, context_id=context_id, profile=profile)
        receipt = await steering.submit_job(self.call, codebase, request)
        # In the job's transaction: a worker that claims the job finds them.
        await job_secrets.store_encrypted_secrets(self.call, receipt.task_id, secrets)
        return receipt

    @implements
    async def read_job_secrets(self, task_id: str, fencing_token: int) -> contract.JobSecrets:
        secrets = await job_secrets.decrypt_job_secrets(self.call, task_id, fencing_token)
        return contract.JobSecrets(task_id=task_id, secrets=secrets)

    async def reissue_credential(
        self, result: contract.JobSecrets | contract.CodebaseCredential
    ) -> contract.JobSecrets | contract.CodebaseCredential:
        """Read the secrets again for a repeated request with the same idempotency key."""
        if isinstance(result, contract.CodebaseCredential):
            return result  # a worker that lost the response reads it again under another key
        row = await self.call.tx.one(tasks.select_task, task_id=result.task_id)
        if row is not None and row.holder == self.call.caller.subject:
            result.secrets = await job_secrets.decrypt_job_secrets(self.call, row.task_id, row.fence)
        return result

    @implements
    async def message(self, codebase_id: str, message: str, *, task_id: str | None = None) -> TaskEntry:
        return await steering.send_message_to_job(
            self.call, await load_codebase(self.call, codebase_id), message, task_id
        )

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
        return await steering.read_codebase_status(
            self.call, codebase, online=await is_worker_online(self.call, codebase)
        )

    @implements
    def events(self, codebase_id: str, *, last_event_id: str | None = None) -> AsyncIterator[Event]:
        # The dispatcher awaits the specification within a read transaction; the feed then produces the events.
        return cast("AsyncIterator[Event]", self._build_event_stream_spec(codebase_id, last_event_id))

    async def _build_event_stream_spec(self, codebase_id: str, last_event_id: str | None) -> EventStreamSpec:
        return await steering.build_event_stream_spec(
            self.call, await load_codebase(self.call, codebase_id), last_event_id
        )

    @implements
    async def start_watch(
        self, codebase_id: str, interval: int = DEFAULT_INTERVAL, review_limit: int | None = None
    ) -> contract.Watch:
        codebase = await load_own_codebase(self.call, codebase_id)
        return await watch.set_watch(self.call, codebase, watching=True, interval=interval, review_limit=review_limit)

    @implements
    async def stop_watch(self, codebase_id: str) -> contract.Watch:
        return await watch.set_watch(self.call, await load_own_codebase(self.call, codebase_id), watching=False)

    @implements
    async def watch_status(self, codebase_id: str) -> contract.Watch:
        return await watch.build_watch_state(self.call, await load_codebase(self.call, codebase_id))


def _build_codebase(row: CodebaseRow, *, online: bool) -> contract.Codebase:
    return build_from_record(
        contract.Codebase,
        row,
        online=online,
        problem=row.problem if row.state == "refused" else None,
        task_id=row.registration_task,
    )
