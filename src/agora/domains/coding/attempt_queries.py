"""SQL of attempts.

The jobs of an attempt are its first job and those that continue its session. The latter have the default context of the
first (``ctx_`` and the id of its task).
"""

from __future__ import annotations

from agora.store.port import Query, Write, build_in_list_condition

from .attempt_records import AttemptGroupRow, AttemptPlace, AttemptState, AttemptUsage

__all__ = [
    "choose_attempt",
    "list_groups",
    "list_places_of_codebase",
    "list_places_of_name",
    "lock_group",
    "select_attempts",
    "select_group",
    "sum_attempt_usage",
]

_SELECT_GROUP = "select * from coding_attempt_groups where tenant_id = :tenant and group_id = :group_id"
select_group = Query(_SELECT_GROUP, AttemptGroupRow)
lock_group = Query(_SELECT_GROUP, AttemptGroupRow, lock=True)
# An empty reader reads all groups.
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

# _LATEST_TASK reads the newest job by id: ids begin with the time.
# The default context of a task in SQL: its id begins with task_, five characters.
_CONTEXT_ID = "'ctx_' || substr(a.task_id, 6)"
_LATEST_TASK = f"""
    coalesce(
        (select max(s.task_id) from tasks s where s.tenant_id = a.tenant_id and s.context_id = {_CONTEXT_ID}), a.task_id)
"""
_IN_GROUPS, _IN_GROUPS_POSTGRES = build_in_list_condition("groups")
_SELECT_ATTEMPTS = f"""
    select a.group_id, a.number, a.task_id, a.variant, coalesce(t.task_id, a.task_id) as latest_task_id, t.status,
        t.worker, t.error, f.started_at, t.completed_at, r.state as review, r.files, r.additions, r.deletions
    from coding_attempts a
    left join tasks f on f.tenant_id = a.tenant_id and f.task_id = a.task_id
    left join tasks t on t.tenant_id = a.tenant_id and t.task_id = {_LATEST_TASK}
    left join coding_reviews r on r.tenant_id = a.tenant_id and r.job_id = a.task_id
    where a.tenant_id = :tenant and a.group_id @groups
    order by a.group_id desc, a.number
"""
select_attempts = Query(
    _SELECT_ATTEMPTS.replace("@groups", _IN_GROUPS),
    AttemptState,
    postgres=_SELECT_ATTEMPTS.replace("@groups", _IN_GROUPS_POSTGRES),
)
sum_attempt_usage = Query(
    f"""
    select a.number, cast(sum(u.input_tokens) as bigint) as input_tokens,
        cast(sum(u.output_tokens) as bigint) as output_tokens, cast(sum(u.cost) as bigint) as cost,
        min(u.currency) as currency
    from coding_attempts a
    join token_usage u on u.tenant_id = a.tenant_id and (u.task_id = a.task_id or u.task_id in (
        select s.task_id from tasks s where s.tenant_id = a.tenant_id and s.context_id = {_CONTEXT_ID}))
    where a.tenant_id = :tenant and a.group_id = :group_id
    group by a.number
    """,
    AttemptUsage,
)

_PLACE_COLUMNS = "c.codebase_id, w.worker_id, w.worker_name, w.capabilities, w.models"
_CAN_TAKE_JOBS = "w.retired_at is null and w.draining_at is null and c.state = 'ready'"
#: The codebase, and codebases with the same repository (or, without a remote, the same name and path) of workers of the
#: same account and registrar: a worker declares its repository itself, so strangers must not receive jobs by declaring
#: it. The codebase itself comes first, then the most recently seen workers.
list_places_of_codebase = Query(
    f"""
    select {_PLACE_COLUMNS} from codebases given
    join codebases c on c.tenant_id = given.tenant_id and (c.codebase_id = given.codebase_id
        or ((c.repository = given.repository or (c.name = given.name and c.path = given.path))
            and (c.owner = given.owner or exists (
                select 1 from agents mine join agents theirs on theirs.tenant_id = mine.tenant_id
                    and theirs.account_id = mine.account_id
                    and coalesce(theirs.registrar, '') = coalesce(mine.registrar, '')
                where mine.tenant_id = :tenant and mine.agent_id = given.owner and theirs.agent_id = c.owner))))
    join workers w on w.tenant_id = c.tenant_id and w.worker_id = c.worker_id
    where given.tenant_id = :tenant and given.codebase_id = :codebase_id and {_CAN_TAKE_JOBS}
    order by case when c.codebase_id = given.codebase_id then 0 else 1 end, w.last_seen desc, c.codebase_id limit :limit
    """,
    AttemptPlace,
    types={"limit": "bigint"},
    scan=True,
)
list_places_of_name = Query(
    f"""
    select {_PLACE_COLUMNS} from codebases c
    join workers w on w.tenant_id = c.tenant_id and w.worker_id = c.worker_id
    where c.tenant_id = :tenant and c.name = :name and {_CAN_TAKE_JOBS}
    order by w.last_seen desc, c.codebase_id limit :limit
    """,
    AttemptPlace,
    types={"limit": "bigint"},
    scan=True,
)
