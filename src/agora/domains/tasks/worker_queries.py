"""SQL of workers, and of the candidates for balanced tasks."""

from __future__ import annotations

from functools import cache

from agora.store.port import Query, Tally, Write, build_in_list_condition

from .records import AssignmentCandidate, WorkerActivity, WorkerRow, WorkerSighting

__all__ = [
    "WORKER_SIGHTINGS",
    "build_candidates_query",
    "count_active_tasks",
    "drain_worker",
    "list_workers",
    "retire_worker",
    "retire_workers_of_owner",
    "select_account_limit",
    "select_leased_tasks",
    "select_worker",
    "select_worker_by_name",
    "update_account_limit",
    "update_worker",
]

BIG = "bigint"


select_worker = Query(
    """
    select * from workers where tenant_id = :tenant and retired_at is null
        and (worker_id = :ref or (owner = :owner and worker_name = :ref))
    order by worker_id limit 1
    """,
    WorkerRow,
)
select_worker_by_name = Query(
    """
    select * from workers
    where tenant_id = :tenant and owner = :owner and worker_name = :worker_name and retired_at is null
    """,
    WorkerRow,
    lock=True,
)
update_worker = Write(
    """
    update workers set capabilities = :capabilities, models = :models, metadata = :metadata, last_seen = :now,
        provider_account = :provider_account, limited_until = :limited_until, draining_at = null
    where tenant_id = :tenant and worker_id = :worker_id
    """,
    types={"now": BIG, "limited_until": BIG},
)
drain_worker = Write(
    """
    update workers set draining_at = :now where tenant_id = :tenant and worker_id = :worker_id and draining_at is null
    """,
    types={"now": BIG},
)
#: workers of one provider account whose owners share an account here, so that nobody stops workers of others
_BY_PROVIDER_ACCOUNT = """tenant_id = :tenant and retired_at is null and provider_account = :provider_account
    and (owner = :owner or owner in (select a.agent_id from agents a where a.tenant_id = :tenant and a.account_id = :account))"""
update_account_limit = Write(
    f"""
    update workers set limited_until = :until
    where {_BY_PROVIDER_ACCOUNT} and (limited_until is null or limited_until < :until) returning *
    """,
    WorkerRow,
    types={"until": BIG},
)
select_account_limit = Query(
    f"select max(limited_until) as limited_until from workers where {_BY_PROVIDER_ACCOUNT}", int
)
#: time of the last claim
WORKER_SIGHTINGS = Tally(
    "workers",
    WorkerSighting,
    key=("tenant_id", "worker_id"),
    add=Write(
        "update workers set last_seen = :now where tenant_id = :tenant and worker_id = :worker_id", types={"now": BIG}
    ),
)
retire_worker = Write(
    "update workers set retired_at = :now where tenant_id = :tenant and worker_id = :worker_id", types={"now": BIG}
)
retire_workers_of_owner = Write(
    "update workers set retired_at = :now where tenant_id = :tenant and owner = :owner and retired_at is null",
    types={"now": BIG},
)
list_workers = Query(
    """
    select * from workers where tenant_id = :tenant and retired_at is null and worker_id > :after
        and (owner = :owner or :owner = '') and last_seen >= :seen_since
        and (:search = '' or lower(worker_name) like :search escape '~' or lower(capabilities) like :search escape '~')
    order by worker_id limit :limit
    """,
    WorkerRow,
    types={"limit": BIG, "seen_since": BIG},
    scan=True,
)
select_leased_tasks = Query(
    """
    select task_id from tasks
    where tenant_id = :tenant and worker = :worker_id and completed_at is null and lease_until is not null limit 1000
    """,
    str,
)
count_active_tasks = Query(
    """
    select worker, count(*) as tasks from tasks
    where tenant_id = :tenant and worker is not null and completed_at is null and lease_until is not null group by worker
    """,
    WorkerActivity,
    scan=True,
)

_COUNT_OPEN_TASKS = """(select count(*) from (select 1 from tasks t where t.tenant_id = :tenant and t.assigned_agent = a.agent_id
        and t.completed_at is null limit 1000) as counted)"""
_AMONG, _AMONG_POSTGRES = build_in_list_condition("among")


@cache
def build_candidates_query(capability: bool, among: bool) -> Query[AssignmentCandidate]:
    """Build the query of available agents with their open tasks, filtered by capability and by a list of ids."""
    source = "agents a"
    if capability:
        source = """agent_capabilities c join agents a on a.tenant_id = c.tenant_id and a.agent_id = c.agent_id
            and c.capability = :capability"""
    sql = f"""
        select a.agent_id, a.capabilities, a.max_concurrent_tasks, {_COUNT_OPEN_TASKS} as open_tasks from {source}
        where a.tenant_id = :tenant and a.retired_at is null and a.status in ('active', 'busy')
            and a.visibility <> 'private' {"and a.agent_id @among" if among else ""}
        order by a.agent_id limit :limit
    """
    return Query(
        sql.replace("@among", _AMONG),
        AssignmentCandidate,
        postgres=sql.replace("@among", _AMONG_POSTGRES),
        types={"limit": BIG},
    )
