"""Queries of the A2A domain: task logs and lists, push configurations, cards, remote agents."""

from __future__ import annotations

from functools import cache

from agora.domains.agents.records import AgentRow
from agora.domains.tasks.list_queries import IS_IN_CONTEXT
from agora.domains.tasks.records import TaskEntryRow, TaskRow
from agora.store.port import Query, R, Write, build_in_list_condition

from .records import (
    ArtifactExtent,
    ArtifactPiece,
    CardRow,
    NamedRemoteAgent,
    PushConfigRow,
    RemoteAgentProfile,
    RemoteAgentRow,
)

__all__ = [
    "build_artifact_extent_query",
    "build_artifact_pieces_query",
    "build_listing_count_query",
    "build_listing_query",
    "count_push_configs",
    "delete_card",
    "delete_push_config",
    "delete_remote_agent",
    "select_any_artifact",
    "select_best_agent",
    "select_builtin_agents",
    "select_cards",
    "select_catalog_agents",
    "select_history_entries",
    "select_known_capabilities",
    "select_push_config",
    "select_push_configs",
    "select_remote_agent",
    "select_remote_agent_profiles",
    "select_remote_agents",
    "select_spoken_entries",
    "select_task_entry",
    "update_remote_agent",
    "update_remote_agent_state",
    "upsert_card",
]

BIG = "bigint"


# -- the log of a task -------------------------------------------------------------------------

_OF_TASK = "from task_entries where tenant_id = :tenant and task_id = :task_id"

select_task_entry = Query(f"select * {_OF_TASK} and number = :number", TaskEntryRow, types={"number": BIG})
#: Messages, questions, artifacts and output of a task's agent. Two rows suffice to tell whether there is exactly one.
select_spoken_entries = Query(
    f"""
    select * {_OF_TASK} and (type in ('message', 'artifact', 'output')
        or (type = 'status' and content is not null and status in ('input_required', 'auth_required')))
    order by number limit 2
    """,
    TaskEntryRow,
)
# Entries of the history: messages, and questions of state changes. Newest first.
select_history_entries = Query(
    f"""
    select * {_OF_TASK} and (type = 'message'
        or (type = 'status' and content is not null and status in ('input_required', 'auth_required')))
        and number < :before
    order by number desc limit :limit
    """,
    TaskEntryRow,
    types={"before": BIG, "limit": BIG},
)

PIECE_OVERHEAD = 10  #: characters counted for a piece of an artifact in addition to its text
_OUTPUT_ENTRIES = f"{_OF_TASK} and type in ('artifact', 'output')"


@cache
def build_artifact_extent_query(many: bool) -> Query[ArtifactExtent]:
    """Build the query for three piece numbers: first, last, and the last up to which all have at most :most characters.

    PIECE_OVERHEAD is counted for each piece: a view must not read a million short ones.
    many: the log is long and must not be read on the event loop.
    """
    return Query(
        f"""
        select min(number) as first, max(number) as last, max(case when total <= :most then number end) as until
        from (
            select number, sum(length(coalesce(content, data, '')) + {PIECE_OVERHEAD}) over (order by number) as total
            {_OUTPUT_ENTRIES}
        ) as sized
        """,
        ArtifactExtent,
        types={"most": BIG},
        scan=many,
    )


@cache
def build_artifact_pieces_query(many: bool) -> Query[ArtifactPiece]:
    """Build the query for pieces of artifacts and of output, up to a number."""
    return Query(
        f"select number, type, content, data {_OUTPUT_ENTRIES} and number <= :until order by number",
        ArtifactPiece,
        types={"until": BIG},
        scan=many,
    )


select_any_artifact = Query(f"select 1 as found {_OF_TASK} and type = 'artifact' limit 1", int)

# -- lists -------------------------------------------------------------------------------------

_FILTERS = {
    "agent": "and assigned_agent = :agent",
    "context_id": f"and {IS_IN_CONTEXT}",
    "statuses": "and status @statuses",
    "since": "and status_at >= :since",
}
_STATUSES, _STATUSES_POSTGRES = build_in_list_condition("statuses")
_TYPES = {"since": BIG, "after_time": BIG, "limit": BIG}


def _build_query(sql: str, filters: frozenset[str], record: type[R]) -> Query[R]:
    """Build a query. SQLite gets a hint for the index of the caller's tasks, unless a context is more selective."""
    narrowed = "context_id" in filters
    # A unary plus keeps SQLite from using the column's index.
    walked, mine = ("tasks", "+created_by") if narrowed else ("tasks indexed by tasks_status", "created_by")
    text = sql.replace("@conditions", " ".join(text for name, text in _FILTERS.items() if name in filters))
    return Query(
        text.replace("@tasks", walked).replace("@mine", mine).replace("@statuses", _STATUSES),
        record,
        postgres=text.replace("@tasks", "tasks")
        .replace("@mine", "created_by")
        .replace("@statuses", _STATUSES_POSTGRES),
        types={name: kind for name, kind in _TYPES.items() if f":{name}" in text},
        scan=True,
    )


@cache
def build_listing_query(filters: frozenset[str], *, after: bool) -> Query[TaskRow]:
    """Build the query for a page of the tasks that a caller created, most recently changed first."""
    place = "and (status_at, task_id) < (:after_time, :after_id)" if after else ""
    return _build_query(
        f"""
        select * from @tasks where tenant_id = :tenant and @mine = :viewer @conditions {place}
        order by status_at desc, task_id desc limit :limit
        """,
        filters,
        TaskRow,
    )


@cache
def build_listing_count_query(filters: frozenset[str]) -> Query[int]:
    """Build the query for the number of such tasks, counted up to :limit."""
    return _build_query(
        """
        select count(*) as total from (
            select 1 from @tasks where tenant_id = :tenant and @mine = :viewer @conditions limit :limit
        ) as counted
        """,
        filters,
        int,
    )


# -- push configurations -----------------------------------------------------------------------

_PUSH = "from a2a_push_configs where tenant_id = :tenant and task_id = :task_id"
select_push_config = Query(f"select * {_PUSH} and config_id = :config_id", PushConfigRow)
select_push_configs = Query(
    f"select * {_PUSH} and config_id > :after order by config_id limit :limit", PushConfigRow, types={"limit": BIG}
)
count_push_configs = Query(f"select count(*) as configs {_PUSH}", int)
delete_push_config = Write(
    "delete from a2a_push_configs where tenant_id = :tenant and task_id = :task_id and config_id = :config_id"
)

# -- cards and agents --------------------------------------------------------------------------

select_cards = Query("select * from a2a_cards where tenant_id = :tenant and agent_id = :agent_id", CardRow)
upsert_card = Write(
    """
    insert into a2a_cards (tenant_id, agent_id, card, extended, updated_at, updated_by)
    values (:tenant, :agent_id, :card, :extended, :now, :by)
    on conflict (tenant_id, agent_id) do update set card = excluded.card, extended = excluded.extended,
        updated_at = excluded.updated_at, updated_by = excluded.updated_by
    """,
    types={"now": BIG},
)
delete_card = Write("delete from a2a_cards where tenant_id = :tenant and agent_id = :agent_id")
select_builtin_agents = Query(
    """
    select * from agents where tenant_id = :tenant and account_id = 'builtin' and retired_at is null
    order by agent_id limit 100
    """,
    AgentRow,
)
select_known_capabilities = Query(
    """
    select distinct capability from agent_capabilities
    where tenant_id = :tenant and capability in (select value from json_each(:names))
    """,
    str,
    postgres="""
    select distinct capability from agent_capabilities
    where tenant_id = :tenant and capability = any(array(select json_array_elements_text(:names::json)))
    """,
)
# Among the first hundred agents with a capability: available ones before unavailable ones, then the least loaded.
select_best_agent = Query(
    """
    select a.* from (
        select agent_id from agent_capabilities where tenant_id = :tenant and capability = :capability
        order by agent_id limit 100) as c
    join agents a on a.tenant_id = :tenant and a.agent_id = c.agent_id
    where a.retired_at is null and a.visibility <> 'private' and a.status not in ('suspended', 'paused')
    order by case when a.status in ('offline', 'inactive', 'error') then 1 else 0 end,
        a.active_tasks * 1.0 / a.max_concurrent_tasks, a.agent_id limit 1
    """,
    AgentRow,
)
select_catalog_agents = Query(
    """
    select * from agents where tenant_id = :tenant and agent_id > :after and retired_at is null
        and (visibility <> 'private' or agent_id = :viewer or :everyone = 1)
        and (visibility = 'public' or :known = 1)
    order by agent_id limit :limit
    """,
    AgentRow,
    types={"limit": BIG, "everyone": BIG, "known": BIG},
    scan=True,
)

# -- remote agents -----------------------------------------------------------------------------

select_remote_agent = Query(
    "select * from a2a_remotes where tenant_id = :tenant and agent_id = :agent_id", RemoteAgentRow
)
select_remote_agents = Query(
    """
    select r.*, a.agent_name from a2a_remotes r
    join agents a on a.tenant_id = r.tenant_id and a.agent_id = r.agent_id
    where r.tenant_id = :tenant and r.agent_id > :after order by r.agent_id limit :limit
    """,
    NamedRemoteAgent,
    types={"limit": BIG},
)
# A new revision makes the clients reconnect, so it is counted only if the interface has changed.
update_remote_agent = Write(
    """
    update a2a_remotes set card = :card, interface = :interface, state = 'available', error = null, checked_at = :now,
        refreshed_at = :now, updated_at = :now,
        revision = case when interface is not distinct from :interface then revision else revision + 1 end
    where tenant_id = :tenant and agent_id = :agent_id
    """,
    types={"now": BIG},
)
update_remote_agent_state = Write(
    """
    update a2a_remotes set state = :state, error = :error, checked_at = :now
    where tenant_id = :tenant and agent_id = :agent_id
    """,
    types={"now": BIG},
)
#: all remote agents with the data for their built-in agents; not paged, because they are few
select_remote_agent_profiles = Query(
    """
    select r.*, a.agent_name, a.status, a.description from a2a_remotes r
    join agents a on a.tenant_id = r.tenant_id and a.agent_id = r.agent_id
    where r.tenant_id = :tenant and a.retired_at is null order by r.agent_id
    """,
    RemoteAgentProfile,
)
delete_remote_agent = Write("delete from a2a_remotes where tenant_id = :tenant and agent_id = :agent_id")
