"""Records of instances: rows of tables and query results."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "BACKUPS",
    "EXECUTIONS",
    "INSTANCES",
    "INTERVALS",
    "AccountInstanceCounts",
    "AgentCounter",
    "AgentInstanceCounts",
    "DeploymentRow",
    "HostRow",
    "InstanceBackupRow",
    "InstanceCounter",
    "InstanceExecutionRow",
    "InstanceIntervalRow",
    "InstanceOutput",
    "InstanceRow",
    "InstanceScalingRow",
    "InstanceState",
    "InstanceUptime",
    "InstanceWithLoad",
    "NamedDeployment",
    "OpenInterval",
    "ReservedResources",
    "RunningProgram",
]


@record
class InstanceExecutionRow:
    """A row of ``instance_executions``."""

    tenant_id: str
    execution_id: str
    instance_id: str
    agent_id: str
    account_id: str
    created_by: str
    endpoint: str
    status: str
    http_status: int | None
    error: str | None
    duration: int | None
    deadline: int
    created_at: int
    ended_at: int | None


EXECUTIONS = Table("instance_executions", InstanceExecutionRow)


@record
class InstanceBackupRow:
    """A row of ``instance_backups``."""

    tenant_id: str
    backup_id: str
    instance_id: str
    agent_id: str
    account_id: str
    host_id: str
    size: int
    created_at: int


BACKUPS = Table("instance_backups", InstanceBackupRow)


@record
class InstanceRow:
    """A row of ``instances``."""

    tenant_id: str
    instance_id: str
    agent_id: str
    account_id: str
    created_by: str
    request_key: str | None
    name: str | None
    pool: int
    desired: str
    state: str
    reason: str | None
    blocked: str | None
    generation: int
    host_id: str
    engine: str
    handle: str | None
    build: str | None
    config: str
    manifest: str
    revision: int
    secrets: bytes | None
    token_id: str
    restore: str | None
    group_name: str | None
    beside: str | None
    reserved_memory: int
    reserved_cpu: int
    reserved_gpus: int
    address: str | None
    health_url: str | None
    remote_id: str | None
    cause: str | None
    asked: str | None
    healthy: int
    seen_at: int | None
    error_count: int
    last_error: str | None
    failing: int
    failures: int
    restarts: int
    cpu_seconds: float
    cpu_percent: float
    memory: int
    received: int | None
    sent: int | None
    due_at: int | None
    created_at: int
    updated_at: int
    starting_at: int | None
    started_at: int | None
    stopped_at: int | None
    price_version: int


INSTANCES = Table("instances", InstanceRow)


@record
class InstanceWithLoad(InstanceRow):
    """An instance and the number of its running executions."""

    busy: int


@record
class InstanceIntervalRow:
    """A row of ``instance_intervals``."""

    tenant_id: str
    instance_id: str
    number: int
    generation: int
    began: int
    measured: int
    seen_at: int
    ticks: int
    boot: str
    ended: int | None


INTERVALS = Table("instance_intervals", InstanceIntervalRow)


@record
class OpenInterval(InstanceIntervalRow):
    """An open running interval of an instance, with its payer and price."""

    agent_id: str
    account_id: str
    price_version: int


@record
class DeploymentRow:
    """A row of ``deployments``."""

    tenant_id: str
    agent_id: str
    revision: int
    manifest: str
    secrets: bytes | None
    max_instances: int | None
    registered_by: str
    registered_at: int
    withdrawn_at: int | None


@record
class NamedDeployment(DeploymentRow):
    """A deployment and the name of its agent."""

    agent_name: str


@record
class HostRow:
    """A row of ``hosts``."""

    tenant_id: str
    host_id: str
    name: str
    kind: str
    agent_id: str | None
    region: str | None
    engines: str
    capacity: str
    private: int
    closed: int
    seen_at: int
    created_at: int


@record
class ReservedResources:
    """Reserved resources of a host: bytes of memory, thousandths of cores, GPUs."""

    host_id: str
    instances: int
    memory: int
    cpu: int
    gpus: int


@record
class InstanceCounter:
    """Ended executions of an instance. duration: microseconds of the completed ones."""

    instance_id: str
    completed: int
    failed: int
    duration: int


@record
class AgentCounter:
    """Executions of all instances of an agent. duration: microseconds of the completed ones."""

    agent_id: str
    completed: int
    failed: int
    duration: int


@record
class InstanceScalingRow:
    """A row of ``instance_scaling``."""

    tenant_id: str
    agent_id: str
    account_id: str
    least: int
    most: int
    target: float
    config: str
    desired: int
    busy: float
    calm_since: int | None
    retry_at: int | None
    problem: str | None
    updated_by: str
    updated_at: int
    price_version: int


@record
class InstanceState:
    """Current generation of an instance, and whether it has ended."""

    generation: int
    state: str
    stopped_at: int | None
    host_id: str


@record
class RunningProgram:
    """A running instance, as identified by its engine."""

    instance_id: str
    engine: str
    handle: str | None


@record
class AccountInstanceCounts:
    """Instances of an account that have not ended, in total and by state."""

    total: int
    running: int
    paused: int
    failed: int


@record
class AgentInstanceCounts:
    """Instances of an agent that have not ended, of all accounts and of the caller's own.

    wanted: instances with the desired state running. serving: those of them that run and are healthy.
    """

    agent_id: str
    total: int
    own: int
    wanted: int
    serving: int


@record
class InstanceUptime:
    """Measured running time of an instance, in microseconds."""

    instance_id: str
    measured: int


@record
class InstanceOutput:
    """The last output of an ended instance: bytes from ``begins`` of ``size``."""

    begins: int
    size: int
    data: bytes
