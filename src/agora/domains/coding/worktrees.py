"""Worktrees of jobs: reported by workers, shown to their owners, and removed by the worker, which decides what is lost nowhere."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from agora.clock import to_datetime
from agora.core.call import BoundService
from agora.domains.tasks.service import TaskService
from agora_sdk.contract import implements
from agora_sdk.contract import worktrees as contract
from agora_sdk.contract.tasks import TaskReceipt
from agora_sdk.contract.tasks.coding import CLEANING_TYPE
from agora_sdk.errors import InvalidRequest, PermissionDenied, field_error

from . import worktree_queries as statements
from .access import load_codebase, load_own_codebase, may_read_every_session
from .capabilities import codebase_capability
from .records import CodebaseRow

__all__ = ["WorktreeService"]

WORKTREES = TypeAdapter(list[contract.Worktree])
LOSSLESS = ("removable", "recent")


class WorktreeService(BoundService, contract.Worktrees):
    """The contract's operations on worktrees."""

    @implements
    async def list(self, codebase_id: str) -> contract.DiskUse:
        codebase = await load_codebase(self.call, codebase_id)
        if not may_read_every_session(self.call, codebase):
            raise PermissionDenied(
                f"{codebase_id} belongs to a worker of {codebase.owner}.",
                fix="Only its worker and operators see what its jobs have left.",
                required="read:all",
            )
        row = await self.call.tx.one(statements.report_of_codebase, codebase_id=codebase_id)
        if row is None:
            return contract.DiskUse(codebase_id=codebase_id)
        return _build_use(codebase, WORKTREES.validate_json(row.worktrees), row.reported_at)

    @implements
    async def report(self, codebase_id: str, worktrees: contract.Documents) -> contract.DiskUse:
        codebase = await load_own_codebase(self.call, codebase_id)
        try:
            records = WORKTREES.validate_python(worktrees)
        except ValidationError as error:
            problems = [
                field_error(".".join(("worktrees", *map(str, one["loc"]))), one["msg"]) for one in error.errors()[:20]
            ]
            raise InvalidRequest("What is reported of the worktrees is not valid.", errors=problems) from error
        text = WORKTREES.dump_json(records).decode()
        await self.call.tx.execute(statements.store_report, codebase_id=codebase_id, worktrees=text, now=self.call.now)
        data = {"codebase_id": codebase_id, "name": codebase.name}
        self.call.emit("agora.codebase.updated", data, subject=codebase_id, audience=(codebase.owner,))
        return _build_use(codebase, records, self.call.now)

    @implements
    async def clean(self, codebase_id: str, job_ids: contract.JobIds) -> TaskReceipt:
        codebase = await load_own_codebase(self.call, codebase_id)
        # To its worker alone: the worktrees are on that machine.
        return await TaskService(self.call).assign(
            CLEANING_TYPE,
            {"codebase_id": codebase_id, "job_ids": list(dict.fromkeys(job_ids))},
            f"worker:{codebase.worker_id}",
            required_capabilities=[codebase_capability(codebase_id)],
        )


def _build_use(codebase: CodebaseRow, worktrees: Sequence[contract.Worktree], reported_at: int) -> contract.DiskUse:
    return contract.DiskUse(
        codebase_id=codebase.codebase_id,
        reported_at=to_datetime(reported_at),
        bytes=sum(worktree.bytes for worktree in worktrees),
        removable_bytes=sum(worktree.bytes for worktree in worktrees if worktree.verdict in LOSSLESS),
        worktrees=sorted(worktrees, key=lambda worktree: -worktree.bytes),
    )
