"""Worktrees of jobs: reported and removed by workers, shown to their owners.

The worker decides which worktrees can be removed without losing work.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from agora.clock import to_datetime
from agora.core.call import BoundService
from agora.domains.tasks import queries as tasks
from agora.domains.tasks.service import TaskService
from agora_sdk.contract import implements
from agora_sdk.contract import worktrees as contract
from agora_sdk.contract.tasks import TaskReceipt
from agora_sdk.contract.tasks.coding import CLEANING_TYPE
from agora_sdk.errors import InvalidRequest, PermissionDenied, field_error

from . import worktree_queries as statements
from .access import load_own_codebase, may_read_every_session, resolve_codebase, resolve_own_codebase
from .records import CodebaseRow
from .worker_capabilities import build_codebase_capability

__all__ = ["WorktreeService"]

WORKTREES_ADAPTER = TypeAdapter(list[contract.Worktree])
LOSSLESS_VERDICTS = ("removable", "recent")
TASK_ID = re.compile(r"task_[0-9a-f]{32}")
BRANCH_PREFIX = "agora/"  #: prefix of a job's branch
MIN_REFERENCE_CHARACTERS = 6  #: minimum characters of a partial id


class WorktreeService(BoundService, contract.Worktrees):
    """The contract's operations on worktrees."""

    @implements
    async def list(self, codebase_id: str) -> contract.DiskUse:
        codebase = await resolve_codebase(self.call, codebase_id)
        if not may_read_every_session(self.call, codebase):
            raise PermissionDenied(
                f"{codebase_id} belongs to a worker of {codebase.owner}.",
                fix="Only its worker and operators see the worktrees of its jobs.",
                required="read:all",
            )
        row = await self.call.tx.one(statements.select_report, codebase_id=codebase.codebase_id)
        if row is None:
            return contract.DiskUse(codebase_id=codebase.codebase_id)
        return _build_disk_use(codebase, WORKTREES_ADAPTER.validate_json(row.worktrees), row.reported_at)

    @implements
    async def report(self, codebase_id: str, worktrees: contract.Documents) -> contract.DiskUse:
        codebase = await load_own_codebase(self.call, codebase_id)
        try:
            records = WORKTREES_ADAPTER.validate_python(worktrees)
        except ValidationError as error:
            problems = [
                field_error(".".join(("worktrees", *map(str, one["loc"]))), one["msg"]) for one in error.errors()[:20]
            ]
            raise InvalidRequest("The report of worktrees is not valid.", errors=problems) from error
        text = WORKTREES_ADAPTER.dump_json(records).decode()
        await self.call.tx.execute(statements.upsert_report, codebase_id=codebase_id, worktrees=text, now=self.call.now)
        data = {"codebase_id": codebase_id, "name": codebase.name}
        self.call.emit("agora.codebase.updated", data, subject=codebase_id, audience=(codebase.owner,))
        return _build_disk_use(codebase, records, self.call.now)

    @implements
    async def clean(self, codebase_id: str, job_ids: contract.JobIds) -> TaskReceipt:
        codebase = await resolve_own_codebase(self.call, codebase_id)
        row = await self.call.tx.one(statements.select_report, codebase_id=codebase.codebase_id)
        reported = (
            [] if row is None else [worktree.job_id for worktree in WORKTREES_ADAPTER.validate_json(row.worktrees)]
        )
        names = [await self._resolve_worktree_name(job_id, reported, index) for index, job_id in enumerate(job_ids)]
        # Only for its worker: the worktrees are on that machine.
        return await TaskService(self.call).assign(
            CLEANING_TYPE,
            {"codebase_id": codebase.codebase_id, "job_ids": list(dict.fromkeys(names))},
            f"worker:{codebase.worker_id}",
            required_capabilities=[build_codebase_capability(codebase.codebase_id)],
        )

    async def _resolve_worktree_name(self, ref: str, reported: Sequence[str], index: int) -> str:
        """Resolve a job id, a branch or a part of an id to the name of a worktree. Raises InvalidRequest.

        reported: names of the worktrees in the worker's last report. index: of the reference in the request.
        """
        name, field = ref.removeprefix(BRANCH_PREFIX), f"job_ids[{index}]"
        if name in reported:
            return name
        # People name the job they see, which may be a later one of the session than the worktree is named after.
        if TASK_ID.fullmatch(name):
            first = await self._find_reported_job_of_session(name, reported)
            return name if first is None else first  # not reported yet, or deleted: its worker decides
        # A part must be unique and long enough: cleaning deletes files.
        matches = [job_id for job_id in reported if name in job_id]
        if len(matches) != 1 or len(name) < MIN_REFERENCE_CHARACTERS:
            which = f"{len(matches)} worktrees have" if matches else "no worktree has"
            raise InvalidRequest(
                f"{ref!r} names no job: {which} it in their id.",
                fix="Give the id of the job; see GET /v1/agent/codebases/ID/worktrees.",
                errors=[field_error(field, f"{which} it")],
            )
        return matches[0]

    async def _find_reported_job_of_session(self, task_id: str, reported: Sequence[str]) -> str | None:
        """Find the reported job whose worktree a later job of the same session has used."""
        task = await self.call.tx.one(tasks.select_task, task_id=task_id)
        if task is None or task.context_id is None:
            return None
        jobs = await self.call.tx.all(statements.select_jobs_of_context, context_id=task.context_id)
        return next((job_id for job_id in jobs if job_id in reported), None)


def _build_disk_use(
    codebase: CodebaseRow, worktrees: Sequence[contract.Worktree], reported_at: int
) -> contract.DiskUse:
    return contract.DiskUse(
        codebase_id=codebase.codebase_id,
        reported_at=to_datetime(reported_at),
        bytes=sum(worktree.bytes for worktree in worktrees),
        removable_bytes=sum(worktree.bytes for worktree in worktrees if worktree.verdict in LOSSLESS_VERDICTS),
        worktrees=sorted(worktrees, key=lambda worktree: -worktree.bytes),
    )
