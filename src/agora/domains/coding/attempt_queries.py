"""SQL of attempts.

The jobs of an attempt are its first one and those that go on in its session, which have the context that the first one is on its own.
"""

from __future__ import annotations

from agora.store.port import Query, Write, build_in_list_condition

from .attempt_records import AttemptGroupRow, AttemptState, AttemptUsage

__all__ = [
    "choose_attempt",
    "list_groups",
    "lock_group",
    "select_attempts",
    "select_group",
    "sum_attempt_usage",
]

_GROUP = "select * from coding_attempt_groups where tenant_id = :tenant and group_id = :group_id"
select_group = Query(_GROUP, AttemptGroupRow)
lock_group = Query(_GROUP, AttemptGroupRow, lock=True)
# An empty reader reads all.
list_groups = Query(
    """
    select * from coding_attempt_groups
    where tenant_id = :tenant and group_id < :before and (:reader = '' or requester = :reader)
        and (:codebase_id = '' or codebase_id = :codebase_id)
    order by group_id desc limit :limit
    """,
    AttemptGroupRow,
    types={"limit": "bigint"},
)
choose_attempt = Write(
    """
    update coding_attempt_groups set chosen = :task_id, chosen_by = :by, updated_at = :now
    where tenant_id = :tenant and group_id = :group_id
    """,
    types={"now": "bigint"},
)

_CONTEXT = "'ctx_' || substr(a.task_id, 6)"
_LATEST = f"""
    coalesce(
        (select max(s.task_id) from tasks s where s.tenant_id = a.tenant_id and s.context_id = {_CONTEXT}), a.task_id)
"""
_IN_GROUPS, _IN_GROUPS_POSTGRES = build_in_list_condition("groups")
_ATTEMPTS = f"""
    select a.group_id, a.number, a.task_id, a.variant, coalesce(t.task_id, a.task_id) as latest_task_id, t.status,
        t.worker, t.error, f.started_at, t.completed_at, r.state as review, r.files, r.additions, r.deletions
    from coding_attempts a
    left join tasks f on f.tenant_id = a.tenant_id and f.task_id = a.task_id
    left join tasks t on t.tenant_id = a.tenant_id and t.task_id = {_LATEST}
    left join coding_reviews r on r.tenant_id = a.tenant_id and r.job_id = a.task_id
    where a.tenant_id = :tenant and a.group_id @groups
    order by a.group_id desc, a.number
"""
select_attempts = Query(
    _ATTEMPTS.replace("@groups", _IN_GROUPS),
    AttemptState,
    postgres=_ATTEMPTS.replace("@groups", _IN_GROUPS_POSTGRES),
)
sum_attempt_usage = Query(
    f"""
    select a.number, cast(sum(u.input_tokens) as bigint) as input_tokens,
        cast(sum(u.output_tokens) as bigint) as output_tokens, cast(sum(u.cost) as bigint) as cost,
        min(u.currency) as currency
    from coding_attempts a
    join token_usage u on u.tenant_id = a.tenant_id and (u.task_id = a.task_id or u.task_id in (
        select s.task_id from tasks s where s.tenant_id = a.tenant_id and s.context_id = {_CONTEXT}))
    where a.tenant_id = :tenant and a.group_id = :group_id
    group by a.number
    """,
    AttemptUsage,
)
