"""SQL of the migration: mappings, imports, and counted calls."""

from __future__ import annotations

from agora.store.port import Query, Write, build_in_list_condition

from .records import AgentOrigin, CallCount, ImportRow, MappingRow

__all__ = [
    "count_mappings",
    "count_mappings_of_run",
    "count_migrated_capabilities",
    "count_migrated_messages",
    "delete_mapping",
    "delete_messages",
    "increment_call_count",
    "list_imports",
    "lock_import",
    "release_mapping",
    "select_agent_in_use",
    "select_agent_origins",
    "select_call_counts",
    "select_mapped_agents",
    "select_mapping",
    "select_mappings_of_agents",
    "select_mappings_of_run",
    "select_running_import",
    "select_stored_keys",
    "update_import",
]

BIG = "bigint"

select_mapping = Query(
    "select * from v4_mappings where tenant_id = :tenant and kind = :kind and v4_key = :v4_key", MappingRow
)
select_mapped_agents = Query(
    "select distinct target from v4_mappings where tenant_id = :tenant and kind = 'agent'", str, scan=True
)
delete_mapping = Write("delete from v4_mappings where tenant_id = :tenant and kind = :kind and v4_key = :v4_key")
_KEYS, _KEYS_POSTGRES = build_in_list_condition("keys")
_STORED_KEYS = "select v4_key from v4_mappings where tenant_id = :tenant and kind = :kind and v4_key "
select_stored_keys = Query(_STORED_KEYS + _KEYS, str, postgres=_STORED_KEYS + _KEYS_POSTGRES)
_V4_NAMES = "select * from v4_mappings where tenant_id = :tenant and kind = 'agent' and target "
select_mappings_of_agents = Query(_V4_NAMES + _KEYS, MappingRow, postgres=_V4_NAMES + _KEYS_POSTGRES)

# -- imports -----------------------------------------------------------------------------------

lock_import = Query(
    "select * from v4_imports where tenant_id = :tenant and run_id = :run_id",
    ImportRow,
    postgres="select * from v4_imports where tenant_id = :tenant and run_id = :run_id for update",
    lock=True,
)
select_running_import = Query(
    """
    select * from v4_imports
    where tenant_id = :tenant and source_database = :source and digest = :digest and status = 'running'
    order by run_id desc limit 1
    """,
    ImportRow,
)
list_imports = Query(
    "select * from v4_imports where tenant_id = :tenant and run_id < :before order by run_id desc limit :limit",
    ImportRow,
    types={"limit": BIG},
)
update_import = Write(
    """
    update v4_imports set status = :status, positions = :positions, counts = :counts, finished_at = :finished_at
    where tenant_id = :tenant and run_id = :run_id
    """,
    types={"finished_at": BIG},
)
# Agents come last: their messages and tasks from the import are undone first, so that the rest is not from the import.
select_mappings_of_run = Query(
    """
    select * from v4_mappings where tenant_id = :tenant and run_id = :run_id
    order by case kind when 'agent' then 2 when 'agent_capability' then 1 else 0 end, kind, v4_key limit :limit
    """,
    MappingRow,
    types={"limit": BIG},
    scan=True,
)
release_mapping = Write(
    "update v4_mappings set run_id = '' where tenant_id = :tenant and kind = :kind and v4_key = :v4_key"
)
#: whether an agent has messages, or has called since a time under one of its v4 names
select_agent_in_use = Query(
    """
    select 1 as used where exists (
        select 1 from deliveries d join messages m on m.tenant_id = d.tenant_id and m.message_id = d.message_id
        where d.tenant_id = :tenant and d.recipient = :agent_id)
    or exists (
        select 1 from v4_calls c join v4_mappings n on n.tenant_id = c.tenant_id and n.v4_key = c.agent
        where c.tenant_id = :tenant and c.last_at >= :since and n.target = :agent_id and n.kind = 'agent')
    """,
    int,
    types={"since": BIG},
)
count_mappings_of_run = Query(
    "select count(*) as things from v4_mappings where tenant_id = :tenant and run_id = :run_id", int, scan=True
)
_IDS, _IDS_POSTGRES = build_in_list_condition("ids")
_DELETE_MESSAGES = "delete from messages where tenant_id = :tenant and message_id "
delete_messages = Write(_DELETE_MESSAGES + _IDS, postgres=_DELETE_MESSAGES + _IDS_POSTGRES)

# -- stored data in v4's counts ----------------------------------------------------------------

count_mappings = Query(
    "select count(*) as rows_stored from v4_mappings where tenant_id = :tenant and kind = :kind", int, scan=True
)
count_migrated_capabilities = Query(
    """
    select count(*) as rows_stored from agent_capabilities c where c.tenant_id = :tenant and exists (
        select 1 from v4_mappings m where m.tenant_id = :tenant and m.target = c.agent_id and m.kind = 'agent')
    """,
    int,
    scan=True,
)
count_migrated_messages = Query(
    """
    select count(*) as rows_stored from messages s where s.tenant_id = :tenant and exists (
        select 1 from v4_mappings m where m.tenant_id = :tenant and m.target = s.from_agent and m.kind = 'agent')
    """,
    int,
    scan=True,
)

# -- progress ----------------------------------------------------------------------------------

# By day, agent and reducer: bounded rows, from which the report lists who still uses v4.
increment_call_count = Write(
    """
    insert into v4_calls (tenant_id, day, agent, reducer, calls, last_at)
    values (:tenant, :day, :agent, :reducer, 1, :now)
    on conflict (tenant_id, day, agent, reducer) do update set calls = v4_calls.calls + 1, last_at = excluded.last_at
    """,
    types={"day": BIG, "now": BIG},
)
select_call_counts = Query(
    """
    select agent, reducer, sum(calls) as calls, max(last_at) as last_at from v4_calls
    where tenant_id = :tenant and day >= :since
    group by agent, reducer order by sum(calls) desc, agent, reducer limit :limit
    """,
    CallCount,
    postgres="""
    select agent, reducer, sum(calls)::bigint as calls, max(last_at) as last_at from v4_calls
    where tenant_id = :tenant and day >= :since
    group by agent, reducer order by sum(calls) desc, agent, reducer limit :limit
    """,
    types={"since": BIG, "limit": BIG},
    scan=True,
)
_ORIGINS = """
    select case when {source} = 'v4' then 'migrated' when {mode} = 'true' then 'compatibility' else 'native' end as origin,
        count(*) as agents
    from agents where tenant_id = :tenant and retired_at is null group by 1
"""
select_agent_origins = Query(
    _ORIGINS.format(
        source="json_extract(metadata, '$.migration_source')", mode="json_extract(metadata, '$.compatibility_mode')"
    ),
    AgentOrigin,
    postgres=_ORIGINS.format(
        source="metadata::json->>'migration_source'", mode="metadata::json->>'compatibility_mode'"
    ),
    scan=True,
)
