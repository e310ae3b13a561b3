"""SQL of the disk use of worktrees."""

from __future__ import annotations

from agora.store.port import Query, Write
from agora.store.records import record

__all__ = ["DiskUseRow", "delete_report", "select_jobs_of_context", "select_report", "upsert_report"]


@record
class DiskUseRow:
    """A row of ``coding_worktrees``. worktrees: JSON."""

    tenant_id: str
    codebase_id: str
    worktrees: str
    reported_at: int


select_report = Query(
    "select * from coding_worktrees where tenant_id = :tenant and codebase_id = :codebase_id", DiskUseRow
)
select_jobs_of_context = Query(
    "select task_id from tasks where tenant_id = :tenant and context_id = :context_id order by task_id limit 1000", str
)
upsert_report = Write(
    """
    insert into coding_worktrees (tenant_id, codebase_id, worktrees, reported_at)
    values (:tenant, :codebase_id, :worktrees, :now)
    on conflict (tenant_id, codebase_id) do update set worktrees = excluded.worktrees, reported_at = excluded.reported_at
    """,
    types={"now": "bigint"},
)
delete_report = Write("delete from coding_worktrees where tenant_id = :tenant and codebase_id = :codebase_id")
