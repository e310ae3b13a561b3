"""SQL of declared agents and of model providers."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import DeclaredAgentRow, DeclaredAgentVersionRow, ModelProviderRow, TaskMessage

__all__ = [
    "delete_agent",
    "delete_provider",
    "delete_versions",
    "list_agents",
    "list_providers",
    "list_versions",
    "lock_agent",
    "select_agent_by_id",
    "select_agent_by_name",
    "select_all_agents",
    "select_all_providers",
    "select_provider",
    "select_task_messages",
    "select_version",
    "update_agent",
    "upsert_provider",
]

BIG = "bigint"

_SELECT_BY_NAME = "select * from declared_agents where tenant_id = :tenant and name = :name"
select_agent_by_name = Query(_SELECT_BY_NAME, DeclaredAgentRow)
lock_agent = Query(_SELECT_BY_NAME, DeclaredAgentRow, lock=True)
select_agent_by_id = Query(
    "select * from declared_agents where tenant_id = :tenant and agent_id = :agent_id", DeclaredAgentRow
)
list_agents = Query(
    "select * from declared_agents where tenant_id = :tenant and name > :after order by name limit :limit",
    DeclaredAgentRow,
    types={"limit": BIG},
)
select_all_agents = Query("select * from declared_agents where tenant_id = :tenant order by name", DeclaredAgentRow)
update_agent = Write(
    """
    update declared_agents set agent_id = :agent_id, version = :version, specification = :specification,
        declared_by = :declared_by, updated_at = :now
    where tenant_id = :tenant and name = :name
    """,
    types={"version": BIG, "now": BIG},
)
delete_agent = Write("delete from declared_agents where tenant_id = :tenant and name = :name")
select_version = Query(
    "select * from declared_agent_versions where tenant_id = :tenant and name = :name and version = :version",
    DeclaredAgentVersionRow,
    types={"version": BIG},
)
list_versions = Query(
    """
    select * from declared_agent_versions where tenant_id = :tenant and name = :name and version < :before
    order by version desc limit :limit
    """,
    DeclaredAgentVersionRow,
    types={"before": BIG, "limit": BIG},
)
delete_versions = Write("delete from declared_agent_versions where tenant_id = :tenant and name = :name")

select_provider = Query("select * from model_providers where tenant_id = :tenant and name = :name", ModelProviderRow)
list_providers = Query(
    "select * from model_providers where tenant_id = :tenant and name > :after order by name limit :limit",
    ModelProviderRow,
    types={"limit": BIG},
)
select_all_providers = Query("select * from model_providers where tenant_id = :tenant", ModelProviderRow)
upsert_provider = Write(
    """
    insert into model_providers (tenant_id, name, wire, url, sealed_key, updated_by, updated_at)
    values (:tenant, :name, :wire, :url, :sealed_key, :updated_by, :now)
    on conflict (tenant_id, name) do update set
        wire = excluded.wire, url = excluded.url, sealed_key = excluded.sealed_key,
        updated_by = excluded.updated_by, updated_at = excluded.updated_at
    """,
    types={"sealed_key": "bytea", "now": BIG},
)
delete_provider = Write("delete from model_providers where tenant_id = :tenant and name = :name")

# Unpaged: the size of a task's messages is limited (task_output_limit).
select_task_messages = Query(
    """
    select number, actor, data from task_entries
    where tenant_id = :tenant and task_id = :task_id and type = 'message' order by number
    """,
    TaskMessage,
)
