"""Instances: agents that the marketplace runs, supervises, meters and bills for a customer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from .agents import Agent
from .billing import Account, AgentCost, Amount, Bill, Currency, CurrencyBilling, CurrentBilling, PricingInfo
from .deployments import Path, Value, Variable
from .events import Event, LastEvent
from .fields import PRINTABLE, AgentRef, Capability, Cursor, Limit, Text, Timestamp, split
from .hosts import HostRef, HostRequirements
from .operation import Exposure, Kind, Service, operation
from .query import CategoryFilter
from .results import Page, Result

__all__ = [
    "Availability",
    "Backup",
    "BackupPage",
    "CoLocation",
    "Execution",
    "ExecutionPage",
    "ExecutionResult",
    "HealthStatus",
    "Instance",
    "InstanceChange",
    "InstanceConfig",
    "InstanceDashboard",
    "InstanceLog",
    "InstancePage",
    "InstanceStatus",
    "InstanceStatusLike",
    "InstanceSummary",
    "Instances",
    "MarketplaceAgent",
    "MarketplaceInfo",
    "MarketplacePage",
    "PerformanceMetrics",
    "ResourceUsage",
    "Scaling",
    "Termination",
]

MEBIBYTE = 1024 * 1024


class InstanceStatus(StrEnum):
    """Lifecycle state of an instance."""

    REQUESTED = "requested"
    PROVISIONING = "provisioning"  #: the program is being fetched and built
    STARTING = "starting"
    RUNNING = "running"  #: the only state with billed time
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


# Parameters accept a member, or its value as a literal. Only type checkers see the literals; models and
# implementations use the enum.
if TYPE_CHECKING:
    InstanceStatusLike: TypeAlias = (
        InstanceStatus
        | Literal["requested", "provisioning", "starting", "running", "paused", "stopping", "stopped", "failed"]
    )
else:
    InstanceStatusLike = InstanceStatus


InstanceId = Annotated[str, Field(max_length=64, pattern=r"^inst_[0-9a-f]{32}$", description="Id of the instance.")]
Target = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=PRINTABLE,
        description="Instance id, or an agent's id or name to use the least busy of the caller's instances of that "
        "agent.",
    ),
]
Label = Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]
Wait = Annotated[
    float,
    Field(
        ge=0,
        le=60,
        description="Seconds to wait for the change to complete; the response holds the state reached by then.",
    ),
]
Size = Annotated[str, Field(max_length=20, pattern=r"^[0-9]+(\.[0-9]+)?[bkmgtBKMGT]?[iI]?[bB]?$", examples=["512M"])]
CpuLimit = Annotated[
    str,
    Field(max_length=20, pattern=r"^[0-9]+(\.[0-9]+)?m?$", examples=["0.5"]),
    BeforeValidator(lambda value: f"{value:g}" if isinstance(value, float | int) and value is not True else value),
]
BackupId = Annotated[str, Field(max_length=64, pattern=r"^bak_[0-9a-f]{32}$")]
if TYPE_CHECKING:
    InstanceStatusesLike: TypeAlias = InstanceStatusLike | Sequence[InstanceStatusLike]
else:
    InstanceStatusesLike = InstanceStatus | list[InstanceStatus]
Statuses = Annotated[InstanceStatusesLike, BeforeValidator(split)]
Capabilities = Annotated[list[Capability], Field(max_length=20), BeforeValidator(split)]
MaxPrice = Annotated[
    Amount, Field(description="Highest accepted amount in the agent's price; 409 if any amount is higher.")
]
Replicas = Annotated[int, Field(ge=0, le=1000)]


class InstanceConfig(BaseModel):
    """Configuration of one instance."""

    model_config = ConfigDict(extra="forbid")

    memory_limit: Size | None = Field(default=None, description="Memory limit of all its processes, such as 512M.")
    cpu_limit: CpuLimit | None = Field(default=None, description="CPU limit in cores, such as 0.5.")
    disk_limit: Size | None = None
    pids_limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    environment: Annotated[dict[Variable, Value], Field(max_length=100)] = Field(
        default={},
        description="Environment variables: those that the agent's manifest lists as 'configurable'; operators may "
        "set any. Stored encrypted, never shown.",
    )
    customer_id: Label | None = Field(
        default=None,
        description="Your own customer for whom the instance runs: a label, also sent to hosting agents. The owner "
        "account pays.",
    )
    restart: Literal["always", "on_failure", "never"] = "always"
    start_timeout: Annotated[float, Field(gt=0, le=3600, description="Seconds in which it must become healthy.")] = 60.0
    stop_grace: Annotated[float, Field(ge=0, le=300, description="Seconds from SIGTERM to SIGKILL.")] = 10.0
    spend_limit: Amount | None = Field(
        default=None,
        description="Total amount that the instance's own token may spend on priced tasks over its lifetime, within "
        "the account's budgets; default: 0.",
    )
    spend_currency: Currency | None = Field(
        default=None, description="Currency of spend_limit; default: the setting billing_currency."
    )


class CoLocation(BaseModel):
    """Instances to co-locate with, on the same host and in the same network."""

    model_config = ConfigDict(extra="forbid")

    required: bool = True
    with_agent: AgentRef | None = None
    with_instance: InstanceId | None = None
    reason: Annotated[Text, Field(max_length=500)] | None = None


class HealthStatus(Result):
    healthy: bool
    last_heartbeat: Timestamp | None = Field(default=None, description="Time of the last successful health check.")
    error_count: int = 0
    last_error: str | None = None
    detail: str | None = None


class ResourceUsage(Result):
    """Last measured resource usage."""

    cpu_usage: float = Field(default=0.0, description="Percent of one core since the previous measurement.")
    cpu_seconds: float = 0.0
    memory_usage: float = Field(default=0.0, description="Percent of its limit; 0 without a limit.")
    memory_bytes: int = 0
    network_received: int | None = None
    network_sent: int | None = None
    task_count: int = 0
    uptime: float = Field(default=0.0, description="Running time in seconds, without pauses.")


class InstanceSummary(Result):
    """An instance in a list."""

    instance_id: str
    agent_id: str
    agent_name: str
    customer_id: str = Field(description="Owner account.")
    name: str | None = None
    status: InstanceStatus
    desired_status: Literal["running", "paused", "stopped"]
    reason: str | None = Field(default=None, description="Reason why the status differs from the requested one.")
    host: str | None = None
    engine: str | None = None
    generation: int = Field(default=1, description="Number of starts.")
    restarts: int = 0
    crash_loop: bool = Field(default=False, description="Whether it is in a crash loop.")
    retry_at: Timestamp | None = Field(default=None, description="Time of the next restart.")
    task_executions: int = 0
    created_at: Timestamp
    started_at: Timestamp | None = Field(default=None, description="Start time of the current process.")
    stopped_at: Timestamp | None = None
    health_status: HealthStatus
    resource_usage: ResourceUsage


class Instance(InstanceSummary):
    """An instance with its bill."""

    instance_config: dict[str, Any] = {}
    address: str | None = Field(default=None, description="Address at which its host can reach it.")
    health_url: str | None = None
    co_located_with: str | None = None
    warnings: list[str] = Field(default=[], description="Limits that are not enforced on its host.")
    revision: int = Field(default=1, description="Revision of the agent's manifest.")
    price_version: int = Field(default=0, description="Version of the agent's price at creation; 0 without a price.")
    pricing_info: PricingInfo | None = Field(
        default=None,
        description="Current price: the price at creation, or a later one whose notice period has ended.",
    )
    billing_info: Bill


class InstanceChange(Instance):
    """An instance after a change. ``message`` describes the result or progress."""

    message: str


class Termination(InstanceChange):
    """A terminated instance with its final bill."""


class InstancePage(Page[InstanceSummary]):
    items_field: ClassVar[str] = "instances"

    instances: list[InstanceSummary]


class Execution(Result):
    """An execution on an instance."""

    execution_id: str
    instance_id: str
    agent_id: str
    endpoint: str
    status: Literal["running", "completed", "failed", "unknown"]
    execution_time: float | None = Field(default=None, description="Seconds, measured by the server.")
    http_status: int | None = None
    error: str | None = None
    created_at: Timestamp


class ExecutionPage(Page[Execution]):
    items_field: ClassVar[str] = "executions"

    executions: list[Execution]


class ExecutionResult(Execution):
    """The response of an instance. ``result``: JSON, text, or base64 of anything else."""

    result: JsonValue = None
    content_type: str | None = None
    encoding: Literal["json", "text", "base64"] = "json"
    streamed: bool = Field(default=False, description="Whether the response was streamed; the result holds all of it.")
    cost: float = 0.0
    currency: str


class InstanceLog(Result):
    """Output of an instance. Offsets count bytes since its first start, across restarts and log rotation."""

    instance_id: str
    content: str
    begin: int = Field(
        description="Offset of the first returned byte; higher than requested if older output was deleted."
    )
    end: int = Field(description="Offset at which to continue reading.")
    size: int
    has_more: bool = False
    ended: bool = Field(default=False, description="Whether no more output will follow.")


class Backup(Result):
    """A backup of an instance's state ($AGORA_STATE_DIR), stored by the server."""

    backup_id: str
    instance_id: str
    agent_id: str
    size: int
    created_at: Timestamp


class BackupPage(Page[Backup]):
    items_field: ClassVar[str] = "backups"

    backups: list[Backup]


class Scaling(Result):
    """Actual and desired number of instances of an agent."""

    agent_id: str
    agent_name: str
    customer_id: str
    min_instances: int
    max_instances: int
    target_concurrency: float
    desired_instances: int
    running_instances: int
    concurrency: float = Field(description="Running executions, averaged over the last half minute.")
    problem: str | None = Field(default=None, description="Reason why fewer instances run than requested.")
    instances: list[str] = []
    updated_at: Timestamp


class Availability(Result):
    """Whether an instance can be created now."""

    available: bool
    max_instances: int | None = None
    current_instances: int = 0
    reason: str | None = None


class PerformanceMetrics(Result):
    """Measured by the server; null before the first execution."""

    average_response_time: float | None = Field(default=None, description="Seconds.")
    success_rate: float | None = None
    availability: float = Field(
        description="For an agent with instances: the fraction of desired instances that are running and healthy. "
        "Otherwise: the fraction of time since registration in which it was reachable. 0 to 1."
    )


class MarketplaceInfo(Result):
    availability: Availability
    pricing_info: PricingInfo
    customer_instances: int = 0
    total_instances: int = 0
    performance_metrics: PerformanceMetrics


class MarketplaceAgent(Agent):
    """An agent as a customer sees it."""

    id: str
    name: str
    version: str | None = None
    marketplace_info: MarketplaceInfo


class MarketplacePage(Page[MarketplaceAgent]):
    items_field: ClassVar[str] = "agents"

    agents: list[MarketplaceAgent]


class DashboardSummary(Result):
    total_instances: int
    running_instances: int
    paused_instances: int
    failed_instances: int = 0
    total_cost: float
    total_uptime_hours: float


class InstanceDashboard(Result):
    """A summary of a customer's instances and costs."""

    summary: DashboardSummary
    billing: CurrentBilling
    recent_instances: list[InstanceSummary]
    by_agent: list[AgentCost] = []
    other_currencies: list[CurrencyBilling] = []
    customer_id: str


class Instances(Service, category="instance"):
    """The lifecycle of instances: create, execute, pause, resume, scale, terminate.

    Accounts see and change their own instances, operators all.
    """

    @operation("GET /marketplace/agents", scope="read:agents")
    async def discover(
        self,
        search: Annotated[
            str | None, Field(min_length=1, max_length=200, description="Words in the name, description or tags.")
        ] = None,
        category: CategoryFilter = None,
        *,
        name: Annotated[str | None, Field(max_length=200, pattern=PRINTABLE, description="Part of the name.")] = None,
        capabilities: Capabilities = [],
        available: Annotated[bool | None, Field(description="Only agents whose instances can be created.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> MarketplacePage:
        """List agents for customers, with availability, price, instances and measured performance."""

    @operation("POST /marketplace/instances", scope="write:instances", success_status=201)
    async def create(
        self,
        agent_id: AgentRef,
        instance_config: InstanceConfig | None = None,
        *,
        name: Label | None = None,
        host_requirements: Annotated[
            HostRequirements | None, Field(description="Requirements in addition to those of the agent's manifest.")
        ] = None,
        co_location: CoLocation | None = None,
        preferred_host: HostRef | None = None,
        restore: Annotated[BackupId | None, Field(description="Restore the state from this backup.")] = None,
        account: Annotated[Account | None, Field(description="Owner account; only for operators.")] = None,
        max_price: MaxPrice | None = None,
        wait: Wait = 10.0,
    ) -> Instance:
        """Create an instance of an agent and start it.

        The record is created at once and its host starts the instance; ``status`` shows the progress. If no host can
        meet the requirements, the error lists what is missing. The current price applies until the notice period of a
        later price has ended.
        """

    @operation("GET /marketplace/instances", scope="read:instances")
    async def list(
        self,
        agent_id: AgentRef | None = None,
        status: Statuses | None = None,
        *,
        account: Account | None = None,
        ended: Annotated[bool, Field(description="Include terminated instances.")] = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> InstancePage:
        """List instances, newest first."""

    @operation("GET /marketplace/instances/{instance_id}", scope="read:instances")
    async def get(self, instance_id: InstanceId) -> Instance:
        """Show an instance: state, health, resources and bill."""

    @operation(
        "POST /marketplace/instances/{instance_id}/execute",
        "POST /marketplace/agents/{instance_id}/execute",
        scope="write:instances",
        kind=Kind.RELAY,
        body_limit=4 * MEBIBYTE,
    )
    async def execute(
        self,
        instance_id: Target,
        endpoint: Path = "/",
        parameters: JsonValue = None,
        *,
        method: Literal["POST", "GET", "PUT", "PATCH", "DELETE"] = "POST",
        timeout: Annotated[float, Field(ge=0.1, le=3600, description="Seconds.")] = 30.0,
    ) -> ExecutionResult:
        """Execute a request on an instance. Parameters are sent as a JSON body, with GET and DELETE as a query string.

        It is charged when it starts; the charge is reversed if it fails. After a timeout or a broken connection, the
        error has ``outcome: unknown``.
        """

    @operation("POST /marketplace/instances/{instance_id}/pause", scope="write:instances", idempotent=True)
    async def pause(self, instance_id: InstanceId, *, wait: Wait = 10.0) -> InstanceChange:
        """Pause an instance: no running time is charged until it is resumed."""

    @operation("POST /marketplace/instances/{instance_id}/resume", scope="write:instances", idempotent=True)
    async def resume(self, instance_id: InstanceId, *, wait: Wait = 10.0) -> InstanceChange:
        """Resume a paused instance; restart a failed one at once."""

    @operation(
        "DELETE /marketplace/instances/{instance_id}", scope="write:instances", destructive=True, idempotent=True
    )
    async def terminate(self, instance_id: InstanceId, *, wait: Wait = 15.0) -> Termination:
        """Terminate an instance permanently, and show its final bill."""

    @operation("GET /marketplace/instances/{instance_id}/logs", scope="read:instances", kind=Kind.RELAY)
    async def logs(
        self,
        instance_id: InstanceId,
        offset: Annotated[
            int, Field(ge=-(2**53), le=2**53, description="First byte; a negative offset counts from the end.")
        ] = -16_384,
        *,
        limit: Annotated[int, Field(ge=1, le=MEBIBYTE, description="Most bytes.")] = 65_536,
    ) -> InstanceLog:
        """Read an instance's output."""

    @operation("GET /marketplace/instances/{instance_id}/events", scope="read:instances")
    def events(self, instance_id: InstanceId, *, last_event_id: LastEvent = None) -> AsyncIterator[Event]:
        """Stream an instance's events from its creation, or after ``last_event_id``."""

    @operation("GET /marketplace/instances/{instance_id}/executions", scope="read:instances")
    async def executions(self, instance_id: InstanceId, *, limit: Limit = 50, cursor: Cursor = None) -> ExecutionPage:
        """List the executions on an instance, newest first."""

    @operation(
        "PUT /marketplace/agents/{agent_id}/scale",
        "POST /marketplace/agents/{agent_id}/scale",
        scope="write:instances",
        idempotent=True,
    )
    async def scale(
        self,
        agent_id: AgentRef,
        min_instances: Replicas = 1,
        max_instances: Replicas | None = None,
        *,
        target_concurrency: Annotated[
            float, Field(gt=0, le=10_000, description="Target number of concurrent executions per instance.")
        ] = 1.0,
        instance_config: InstanceConfig | None = None,
        account: Annotated[Account | None, Field(description="Owner account; only for operators.")] = None,
        max_price: MaxPrice | None = None,
    ) -> Scaling:
        """Scale an agent's instances automatically between a minimum and a maximum number.

        0 terminates all of the account's instances of the agent, including those not created by scaling. Otherwise
        scaling terminates only instances that it created.

        Without max_instances the number is exactly min_instances. The current price applies to all of them, including
        later ones, until the notice period of a later price has ended.
        """

    @operation("GET /marketplace/agents/{agent_id}/scale", scope="read:instances")
    async def scaling(self, agent_id: AgentRef, *, account: Account | None = None) -> Scaling:
        """Show how an agent's instances are scaled."""

    @operation("POST /marketplace/instances/{instance_id}/backup", scope="write:instances", kind=Kind.RELAY)
    async def backup(self, instance_id: InstanceId) -> Backup:
        """Back up an instance's state; use it as ``restore`` when creating another instance."""

    @operation("GET /marketplace/backups", scope="read:instances")
    async def backups(
        self, instance_id: InstanceId | None = None, *, limit: Limit = 50, cursor: Cursor = None
    ) -> BackupPage:
        """List backups, newest first."""

    @operation("DELETE /marketplace/backups/{backup_id}", scope="write:instances", destructive=True, idempotent=True)
    async def drop_backup(self, backup_id: BackupId) -> Backup:
        """Delete a backup."""

    @operation("GET /marketplace/dashboard", scope="read:instances", exposure=Exposure.AGENT)
    async def dashboard(self, account: Account | None = None) -> InstanceDashboard:
        """Show a summary of a customer's instances and costs."""
