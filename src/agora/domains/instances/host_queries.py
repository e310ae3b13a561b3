"""SQL of hosts, deployments, executions, scaling and backups."""

from __future__ import annotations

from functools import cache

from agora.store.port import Query, Write

from .records import (
    AgentCounter,
    DeploymentRow,
    HostRow,
    InstanceBackupRow,
    InstanceCounter,
    InstanceExecutionRow,
    InstanceScalingRow,
    NamedDeployment,
    ReservedResources,
)

__all__ = [
    "add_execution_counts",
    "build_backups_query",
    "count_backups",
    "count_busy_executions",
    "delete_backup",
    "delete_host",
    "delete_old_executions",
    "delete_scaling",
    "end_execution",
    "list_deployments",
    "list_executions",
    "list_hosts",
    "list_scalings",
    "lock_deployment",
    "lock_hosts",
    "lock_scaling",
    "select_abandoned_builds",
    "select_backup",
    "select_deployment",
    "select_deployments_of_agents",
    "select_execution",
    "select_execution_past_retention",
    "select_host",
    "select_host_of_agent",
    "select_instance_counters",
    "select_next_due_time_on_agents",
    "select_overdue_executions",
    "select_scaling",
    "sum_agent_counters",
    "sum_reserved_resources",
    "update_host",
    "update_scaling_state",
    "upsert_deployment",
    "upsert_host",
    "upsert_scaling",
    "withdraw_deployment",
]

BIG = "bigint"
DOUBLE = "double precision"


# -- deployments -------------------------------------------------------------------------------

select_deployment = Query("select * from deployments where tenant_id = :tenant and agent_id = :agent_id", DeploymentRow)
# The lock serializes the creation of an agent's instances, so that max_instances is enforced.
lock_deployment = Query(
    "select * from deployments where tenant_id = :tenant and agent_id = :agent_id", DeploymentRow, lock=True
)
list_deployments = Query(
    """
    select d.*, a.agent_name from deployments d
    join agents a on a.tenant_id = d.tenant_id and a.agent_id = d.agent_id
    where d.tenant_id = :tenant and d.agent_id > :after and d.withdrawn_at is null and a.retired_at is null
        and (:everyone = 1 or a.visibility <> 'private' or a.agent_id = :viewer
            or (a.account_id <> 'default' and a.account_id = :account))
    order by d.agent_id limit :limit
    """,
    NamedDeployment,
    types={"everyone": BIG, "limit": BIG},
    scan=True,
)
_SELECT_DEPLOYMENTS = "select * from deployments where tenant_id = :tenant and agent_id "
select_deployments_of_agents = Query(
    _SELECT_DEPLOYMENTS + "in (select value from json_each(:ids))",
    DeploymentRow,
    postgres=_SELECT_DEPLOYMENTS + "= any(array(select json_array_elements_text(:ids::json)))",
)
# Registering again ends a withdrawal.
upsert_deployment = Write(
    """
    insert into deployments (tenant_id, agent_id, revision, manifest, secrets, max_instances, registered_by,
        registered_at, withdrawn_at)
    values (:tenant, :agent_id, 1, :manifest, :secrets, :max_instances, :actor, :now, null)
    on conflict (tenant_id, agent_id) do update set
        revision = deployments.revision + 1, manifest = excluded.manifest, secrets = excluded.secrets,
        max_instances = excluded.max_instances, registered_by = excluded.registered_by,
        registered_at = excluded.registered_at, withdrawn_at = null
    returning revision
    """,
    int,
    types={"secrets": "bytea", "max_instances": BIG, "now": BIG},
)
withdraw_deployment = Write(
    "update deployments set withdrawn_at = :now where tenant_id = :tenant and agent_id = :agent_id and withdrawn_at is null",
    types={"now": BIG},
)

# -- hosts -------------------------------------------------------------------------------------

select_host = Query("select * from hosts where tenant_id = :tenant and (host_id = :ref or name = :ref)", HostRow)
select_host_of_agent = Query("select * from hosts where tenant_id = :tenant and agent_id = :agent_id limit 1", HostRow)
# In the order of ids, in which lock_hosts locks them: concurrent placements do not deadlock.
_HOSTS = "select * from hosts where tenant_id = :tenant and host_id > :after order by host_id limit :limit"
list_hosts = Query(_HOSTS, HostRow, types={"limit": BIG})
select_next_due_time_on_agents = Query(
    """
    select min((select min(i.due_at) from instances i where i.tenant_id = h.tenant_id and i.host_id = h.host_id
        and i.due_at is not null)) as due_at
    from hosts h where h.tenant_id = :tenant and h.kind = 'agent'
    """,
    int,
)
lock_hosts = Query(_HOSTS, HostRow, types={"limit": BIG}, lock=True)
# Resources reserved on each host for its instances.
sum_reserved_resources = Query(
    """
    select host_id, count(*) as instances, cast(sum(reserved_memory) as bigint) as memory,
        cast(sum(reserved_cpu) as bigint) as cpu, cast(sum(reserved_gpus) as bigint) as gpus
    from instances where tenant_id = :tenant and stopped_at is null group by host_id
    """,
    ReservedResources,
    scan=True,
)
# A heartbeat changes neither name nor closed, which operators set.
upsert_host = Write(
    """
    insert into hosts (tenant_id, host_id, name, kind, agent_id, region, engines, capacity, private, closed, seen_at,
        created_at)
    values (:tenant, :host_id, :name, :kind, :agent_id, :region, :engines, :capacity, :private, 0, :now, :now)
    on conflict (tenant_id, host_id) do update set
        region = coalesce(excluded.region, hosts.region), engines = excluded.engines, capacity = excluded.capacity,
        seen_at = excluded.seen_at
    """,
    types={"private": BIG, "now": BIG},
)
update_host = Write(
    """
    update hosts set closed = :closed, region = :region, name = :name
    where tenant_id = :tenant and host_id = :host_id
    """,
    types={"closed": BIG},
)
delete_host = Write("delete from hosts where tenant_id = :tenant and host_id = :host_id")

# -- executions --------------------------------------------------------------------------------

select_execution = Query(
    "select * from instance_executions where tenant_id = :tenant and execution_id = :execution_id",
    InstanceExecutionRow,
    lock=True,
)
list_executions = Query(
    """
    select * from instance_executions where tenant_id = :tenant and instance_id = :instance_id
        and execution_id < :before
    order by execution_id desc limit :limit
    """,
    InstanceExecutionRow,
    types={"limit": BIG},
)
# Its own server and the maintenance job may both end it: the first one counts.
end_execution = Write(
    """
    update instance_executions set status = :status, http_status = :http_status, error = :error, duration = :duration,
        ended_at = :now
    where tenant_id = :tenant and execution_id = :execution_id and ended_at is null
    """,
    types={"http_status": BIG, "duration": BIG, "now": BIG},
)
select_overdue_executions = Query(
    """
    select * from instance_executions where tenant_id = :tenant and ended_at is null and deadline < :now
    order by execution_id limit :limit
    """,
    InstanceExecutionRow,
    types={"now": BIG, "limit": BIG},
    scan=True,
)
count_busy_executions = Query(
    """
    select count(*) as busy from instance_executions e
    join instances i on i.tenant_id = e.tenant_id and i.instance_id = e.instance_id
    where e.tenant_id = :tenant and e.ended_at is null and e.deadline > :now
        and i.agent_id = :agent_id and i.account_id = :account
    """,
    int,
    types={"now": BIG},
    scan=True,
)
add_execution_counts = Write(
    """
    insert into instance_counters (tenant_id, instance_id, agent_id, completed, failed, duration)
    values (:tenant, :instance_id, :agent_id, :completed, :failed, :duration)
    on conflict (tenant_id, agent_id, instance_id) do update set
        completed = instance_counters.completed + excluded.completed,
        failed = instance_counters.failed + excluded.failed, duration = instance_counters.duration + excluded.duration
    """,
    types={"completed": BIG, "failed": BIG, "duration": BIG},
)
_SELECT_EXECUTION_COUNTS = """
    select instance_id, completed, failed, duration from instance_counters
    where tenant_id = :tenant and agent_id {0} and instance_id {1}
"""
select_instance_counters = Query(
    _SELECT_EXECUTION_COUNTS.format(
        "in (select value from json_each(:agents))", "in (select value from json_each(:ids))"
    ),
    InstanceCounter,
    postgres=_SELECT_EXECUTION_COUNTS.format(
        "= any(array(select json_array_elements_text(:agents::json)))",
        "= any(array(select json_array_elements_text(:ids::json)))",
    ),
)
_COUNTERS = """
    select agent_id, cast(sum(completed) as bigint) as completed, cast(sum(failed) as bigint) as failed,
        cast(sum(duration) as bigint) as duration
    from instance_counters where tenant_id = :tenant and agent_id {} group by agent_id
"""
sum_agent_counters = Query(
    _COUNTERS.format("in (select value from json_each(:ids))"),
    AgentCounter,
    postgres=_COUNTERS.format("= any(array(select json_array_elements_text(:ids::json)))"),
    scan=True,
)
select_execution_past_retention = Query(
    "select execution_id from instance_executions where tenant_id = :tenant and ended_at < :before limit 1",
    str,
    types={"before": BIG},
)
delete_old_executions = Write(
    """
    delete from instance_executions where tenant_id = :tenant and execution_id in (
        select execution_id from instance_executions where tenant_id = :tenant and ended_at < :before limit :limit)
    """,
    types={"before": BIG, "limit": BIG},
)

# -- scaling -----------------------------------------------------------------------------------

_BY_SCALING_GROUP = "tenant_id = :tenant and agent_id = :agent_id and account_id = :account"
select_scaling = Query(f"select * from instance_scaling where {_BY_SCALING_GROUP}", InstanceScalingRow)
lock_scaling = Query(f"select * from instance_scaling where {_BY_SCALING_GROUP}", InstanceScalingRow, lock=True)
list_scalings = Query(
    """
    select * from instance_scaling where tenant_id = :tenant and (agent_id, account_id) > (:agent_after, :account_after)
    order by agent_id, account_id limit :limit
    """,
    InstanceScalingRow,
    types={"limit": BIG},
)
upsert_scaling = Write(
    """
    insert into instance_scaling (tenant_id, agent_id, account_id, least, most, target, config, desired, busy, calm_since,
        retry_at, problem, updated_by, updated_at, price_version)
    values (:tenant, :agent_id, :account, :least, :most, :target, :config, :least, 0, null, null, null, :actor, :now,
        :price_version)
    on conflict (tenant_id, agent_id, account_id) do update set
        least = excluded.least, most = excluded.most, target = excluded.target, config = excluded.config,
        desired = case when instance_scaling.desired < excluded.least then excluded.least
            when instance_scaling.desired > excluded.most then excluded.most else instance_scaling.desired end,
        calm_since = null, retry_at = null, problem = null,
        updated_by = excluded.updated_by, updated_at = excluded.updated_at, price_version = excluded.price_version
    """,
    types={"least": BIG, "most": BIG, "target": DOUBLE, "now": BIG, "price_version": BIG},
)
update_scaling_state = Write(
    f"""
    update instance_scaling set desired = :desired, busy = :busy, calm_since = :calm_since, retry_at = :retry_at,
        problem = :problem
    where {_BY_SCALING_GROUP}
    """,
    types={"desired": BIG, "busy": DOUBLE, "calm_since": BIG, "retry_at": BIG},
)
delete_scaling = Write(f"delete from instance_scaling where {_BY_SCALING_GROUP}")

# -- backups -----------------------------------------------------------------------------------

select_backup = Query(
    "select * from instance_backups where tenant_id = :tenant and backup_id = :backup_id", InstanceBackupRow
)
count_backups = Query(
    "select count(*) as total from instance_backups where tenant_id = :tenant and account_id = :account", int, scan=True
)
delete_backup = Write("delete from instance_backups where tenant_id = :tenant and backup_id = :backup_id")


@cache
def build_backups_query(*, instance: bool, account: bool) -> Query[InstanceBackupRow]:
    """Build the query of a page of backups, newest first."""
    conditions = ["and instance_id = :instance_id" if instance else "", "and account_id = :account" if account else ""]
    return Query(
        f"""
        select * from instance_backups where tenant_id = :tenant and backup_id < :before {" ".join(conditions)}
        order by backup_id desc limit :limit
        """,
        InstanceBackupRow,
        types={"limit": BIG},
        scan=True,
    )


#: builds of a host's instances whose agents left since then; an engine removes none that is still used
select_abandoned_builds = Query(
    """
    select distinct i.build from instances i join agents a on a.tenant_id = i.tenant_id and a.agent_id = i.agent_id
    where i.tenant_id = :tenant and i.host_id = :host_id and i.stopped_at is not null and i.build is not null
        and a.retired_at >= :since
    """,
    str,
    types={"since": BIG},
    scan=True,
)
