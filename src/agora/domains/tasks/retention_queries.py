"""SQL of retention: ended tasks and workflows that are older than the settings allow. Every deletion is bounded."""

from __future__ import annotations

from agora.store.port import Query, Write, build_in_list_condition

__all__ = ["TASK_DELETES", "WORKFLOW_DELETES", "select_expired_tasks", "select_expired_workflows"]

BIG = "bigint"
_IDS, _IDS_POSTGRES = build_in_list_condition("ids")

# Oldest first, in index order; a task is retained while its workflow runs.
select_expired_tasks = Query(
    """
    select t.task_id from tasks t
    where t.tenant_id = :tenant and t.completed_at is not null and t.completed_at < :before
        and not exists (select 1 from workflows w where w.tenant_id = t.tenant_id
            and w.workflow_id = t.workflow_id and w.completed_at is null)
    order by t.completed_at limit :limit
    """,
    str,
    types={"before": BIG, "limit": BIG},
    scan=True,
)
select_expired_workflows = Query(
    """
    select w.workflow_id from workflows w
    where w.tenant_id = :tenant and w.completed_at is not null and w.completed_at < :before
        and not exists (select 1 from workflows p where p.tenant_id = w.tenant_id
            and p.workflow_id = w.parent_id and p.completed_at is null)
    order by w.workflow_id limit :limit
    """,
    str,
    types={"before": BIG, "limit": BIG},
    scan=True,
)


def _build_delete_by_ids(table: str, column: str) -> Write:
    sql = f"delete from {table} where tenant_id = :tenant and {column} "
    return Write(sql + _IDS, postgres=sql + _IDS_POSTGRES)


TASK_DELETES = (
    _build_delete_by_ids("task_entries", "task_id"),
    _build_delete_by_ids("task_data", "task_id"),
    _build_delete_by_ids("task_dependencies", "depends_on"),
    _build_delete_by_ids("a2a_push_configs", "task_id"),
    _build_delete_by_ids("coding_follow_ups", "task_id"),
    _build_delete_by_ids("coding_closed_jobs", "task_id"),
    _build_delete_by_ids("coding_review_files", "job_id"),
    _build_delete_by_ids("coding_review_comments", "job_id"),
    _build_delete_by_ids("coding_reviews", "job_id"),
    _build_delete_by_ids("coding_turns", "job_id"),
    _build_delete_by_ids("tasks", "task_id"),
)
WORKFLOW_DELETES = (
    _build_delete_by_ids("workflow_items", "workflow_id"),
    _build_delete_by_ids("workflow_steps", "workflow_id"),
    _build_delete_by_ids("workflows", "workflow_id"),
)
