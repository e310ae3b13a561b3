"""SQL of agents: profiles, capabilities, ratings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from agora.store.port import Query, Write

from .records import Addressee, AgentRow

__all__ = [
    "ADDRESSEE_QUERIES",
    "AGENT_QUERIES",
    "ReferenceQueries",
    "build_agent_page_query",
    "count_agents_of_enrolment",
    "count_agents_of_registrar",
    "count_unread_messages",
    "delete_capabilities",
    "lock_agent",
    "record_heartbeat",
    "retire_agent",
    "select_agent_by_id",
    "select_agent_by_name",
    "select_agents_named_at",
    "select_agents_to_address",
    "select_any_agent_of_account",
    "select_capable_agents",
    "select_rating",
    "update_agent",
    "update_agent_rating",
    "update_agent_status",
    "upsert_rating",
]

R = TypeVar("R")

BIG = "bigint"
VISIBLE = (
    """and (visibility <> 'private' or agent_id = :viewer or (account_id <> 'default' and account_id = :account))"""
)


@dataclass(frozen=True)
class ReferenceQueries(Generic[R]):
    """The statements that resolve a reference to an agent, see :func:`.references.find_agent`. R: record of the agent."""

    by_id: Query[R]
    by_name: Query[R]
    by_name_key: Query[R]
    of_account: Query[R]
    by_alias: Query[R]


def _build_reference_queries(columns: str, record: type[R]) -> ReferenceQueries[R]:
    agent = f"select {columns} from agents where tenant_id = :tenant"
    return ReferenceQueries(
        by_id=Query(f"{agent} and agent_id = :ref", record),
        by_name=Query(f"{agent} and agent_name = :ref and retired_at is null", record),
        by_name_key=Query(f"{agent} and name_key = :key and retired_at is null", record),
        of_account=Query(f"{agent} and agent_name = :ref and account_id = :account and retired_at is null", record),
        by_alias=Query(f"{agent} and alias = :ref and retired_at is null", record),
    )


AGENT_QUERIES = _build_reference_queries("*", AgentRow)
# A send resolves each recipient: 6 of 33 columns cost it 5 % less CPU time (benchmarks/send.py).
ADDRESSEE_QUERIES = _build_reference_queries(
    "agent_id, agent_name, account_id, endpoints, metadata, retired_at", Addressee
)
select_agent_by_id = AGENT_QUERIES.by_id
select_agent_by_name = AGENT_QUERIES.by_name
# Agents that names referred to at a given time: the holder at that time, or the first holder since.
_NAMES_AT = """
    select a.agent_id from agents a
    where a.tenant_id = :tenant and {named} and (a.retired_at is null or a.retired_at > :time)
        and not exists (select 1 from agents b where b.tenant_id = :tenant and b.agent_name = a.agent_name
            and (b.retired_at is null or b.retired_at > :time)
            and (b.registered_at, b.agent_id) < (a.registered_at, a.agent_id))
"""
select_agents_named_at = Query(
    _NAMES_AT.format(named="a.agent_name in (select value from json_each(:names))"),
    str,
    postgres=_NAMES_AT.format(named="a.agent_name = any(array(select json_array_elements_text(:names::json)))"),
    types={"time": BIG},
)
select_any_agent_of_account = Query(
    """
    select agent_id from agents where tenant_id = :tenant and account_id = :account
        and account_id <> 'default' and retired_at is null
    limit 1
    """,
    str,
)
# Counted up to the limit, so that the check of a registration costs the same for any number of agents.
count_agents_of_registrar = Query(
    """
    select count(*) as registered from (
        select 1 from agents where tenant_id = :tenant and registrar = :registrar and retired_at is null limit :most
    ) as found
    """,
    int,
    types={"most": BIG},
)
count_agents_of_enrolment = Query(
    """
    select count(*) as registered from (
        select 1 from agents where tenant_id = :tenant and enrolment = :enrolment and retired_at is null limit :most
    ) as found
    """,
    int,
    types={"most": BIG},
)
lock_agent = Query("select * from agents where tenant_id = :tenant and agent_id = :ref", AgentRow, lock=True)

select_agents_to_address = Query(
    """
    select a.agent_id, a.agent_name, a.account_id, a.endpoints, a.metadata, a.retired_at from agent_capabilities c
    join agents a on a.tenant_id = c.tenant_id and a.agent_id = c.agent_id
    where c.tenant_id = :tenant and c.capability = :capability and a.visibility <> 'private'
    order by c.agent_id limit :limit
    """,
    Addressee,
    types={"limit": BIG},
)
# Agents with a capability, up to :limit.
select_capable_agents = Query(
    """
    select a.* from (
        select agent_id from agent_capabilities where tenant_id = :tenant and capability = :capability
        order by agent_id limit :limit
    ) as c
    join agents a on a.tenant_id = :tenant and a.agent_id = c.agent_id
    """,
    AgentRow,
    types={"limit": BIG},
)

update_agent = Write(
    """
    update agents set capabilities = :capabilities, service_tier = :service_tier,
        requested_tier = :requested_tier, description = :description,
        category = :category, tags = :tags, visibility = :visibility, endpoints = :endpoints,
        metadata = :metadata, max_concurrent_tasks = :max_concurrent_tasks, busy = :busy,
        proficiency_level = :proficiency_level, alias = :alias, public_keys = :public_keys, last_activity = :now
    where tenant_id = :tenant and agent_id = :agent_id
    """,
    types={"max_concurrent_tasks": BIG, "proficiency_level": BIG, "now": BIG},
)
update_agent_tiers = Write(
    """
    update agents set service_tier = :granted, requested_tier = :requested
    where tenant_id = :tenant and agent_id = :agent_id
    """
)
update_agent_status = Write(
    """
    update agents set status = :status, last_activity = :now, status_since = :now,
        reachable_for = reachable_for + case
            when status in ('offline', 'inactive', 'suspended', 'retired') then 0 else :now - status_since end
    where tenant_id = :tenant and agent_id = :agent_id
    """,
    types={"now": BIG},
)
record_heartbeat = Write(
    """
    update agents set last_activity = :now, reported_load = coalesce(:load, reported_load)
    where tenant_id = :tenant and agent_id = :agent_id
    """,
    types={"now": BIG, "load": "double precision"},
)
# A new generation invalidates the tokens that were issued before.
retire_agent = Write(
    """
    update agents set status = 'retired', retired_at = :now, token_generation = token_generation + 1
    where tenant_id = :tenant and agent_id = :agent_id
    """,
    types={"now": BIG},
)
delete_capabilities = Write("delete from agent_capabilities where tenant_id = :tenant and agent_id = :agent_id")

select_rating = Query(
    "select rating from ratings where tenant_id = :tenant and agent_id = :agent_id and rater_id = :rater_id",
    float,
    lock=True,
)
upsert_rating = Write(
    """
    insert into ratings (tenant_id, agent_id, rater_id, rating, comment, rated_at)
    values (:tenant, :agent_id, :rater_id, :rating, :comment, :now)
    on conflict (tenant_id, agent_id, rater_id) do update
        set rating = excluded.rating, comment = excluded.comment, rated_at = excluded.rated_at
    """,
    types={"rating": "double precision", "now": BIG},
)
update_agent_rating = Write(
    """
    update agents set rating_sum = rating_sum + :change, rating_count = rating_count + :raters
    where tenant_id = :tenant and agent_id = :agent_id
    """,
    types={"change": "double precision", "raters": BIG},
)

count_unread_messages = Query(
    """
    select count(*) as unread from (
        select 1 from deliveries where tenant_id = :tenant and recipient = :agent_id
            and state in ('queued', 'delivered') limit 10000
    ) as waiting
    """,
    int,
    scan=True,
)


@cache
def build_agent_page_query(*, status: bool, service_tier: bool, category: bool, everyone: bool) -> Query[AgentRow]:
    """Build the query of a page of agents in the order of registration, with the given filters.

    everyone: include private agents, and agents that have left if their status is requested.
    """
    conditions = [
        "and status = :status" if status else "",
        "" if status and everyone else "and retired_at is null",
        "and service_tier = :service_tier" if service_tier else "",
        "and category = :category" if category else "",
        "" if everyone else VISIBLE,
    ]
    return Query(
        f"""
        select * from agents where tenant_id = :tenant and agent_id > :after {" ".join(conditions)}
        order by agent_id limit :limit offset :offset
        """,
        AgentRow,
        types={"limit": BIG, "offset": BIG},
        scan=True,
    )
