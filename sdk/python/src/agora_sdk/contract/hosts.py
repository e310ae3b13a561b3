"""Hosts on which instances of agents run."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from .fields import PRINTABLE, AgentRef, Cursor, Limit, Timestamp
from .operation import Exposure, Service, operation
from .results import Page, Result

__all__ = ["Host", "HostPage", "HostRemoval", "HostRequirements", "Hosts", "Resources"]

HostName = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", examples=["gpu-1"])
]
HostRef = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$", description="Id or name.")]
Region = Annotated[str, Field(min_length=1, max_length=64, pattern=PRINTABLE, examples=["eu-central-1"])]
Megabytes = Annotated[int, Field(ge=1, le=100_000_000, description="In MiB (1,048,576 bytes).")]
Cores = Annotated[float, Field(gt=0, le=100_000)]


class HostRequirements(BaseModel):
    """Requirements of an instance on its host: ``host_requirements`` in an agent manifest."""

    model_config = ConfigDict(extra="forbid")

    min_memory_mb: Megabytes | None = Field(default=None, description="Memory reserved for each instance.")
    min_cpu_cores: Cores | None = Field(default=None, description="Cores reserved for each instance.")
    gpu_required: bool = Field(default=False, description="Reserve one GPU for each instance.")
    preferred_region: Region | None = Field(default=None, description="Preferred region; see required_region.")
    required_region: Region | None = Field(default=None, description="Only hosts in this region.")
    engine: Literal["process", "docker", "kubernetes"] | None = Field(default=None, description="Only this engine.")
    co_location_required: bool = Field(default=False, description="Only hosts that run instances of co_location_with.")
    co_location_with: Annotated[list[AgentRef], Field(max_length=20)] = []


class Resources(Result):
    """Resources of a host. ``free``: not reserved for instances."""

    memory_mb: int = 0
    memory_free_mb: int = 0
    cpu_cores: float = 0.0
    cpu_cores_free: float = 0.0
    gpus: int = 0
    gpus_free: int = 0
    disk_free_mb: int | None = None
    ports_free: int | None = None


class Host(Result):
    """A host: a server of this marketplace with its engines, or a remote hosting agent."""

    host_id: str
    name: str
    kind: Literal["server", "agent"]
    status: Literal["ready", "silent", "closed"] = Field(
        description="closed: gets no new instances; silent: sends no heartbeats."
    )
    agent_id: str | None = Field(default=None, description="Id of the hosting agent.")
    region: str | None = None
    engines: list[str] = []
    unavailable: dict[str, str] = Field(default={}, description="Unavailable engines, with the reason.")
    limits: dict[str, dict[str, str]] = Field(
        default={},
        description="Enforcement of each limit, by engine: cgroup, guard (checked several times a second), affinity "
        "(whole cores), rlimit (per file), none.",
    )
    resources: Resources
    instances: int = 0
    last_seen: Timestamp
    created_at: Timestamp


class HostPage(Page[Host]):
    items_field: ClassVar[str] = "hosts"

    hosts: list[Host]


class HostRemoval(Result):
    host_id: str
    name: str
    instances_lost: int = Field(default=0, description="Instances that ran there and have now failed.")


class Hosts(Service, category="host"):
    """Hosts of instances: servers of this marketplace, and hosting agents that run containers on other machines."""

    @operation("GET /hosts", scope="read:hosts", exposure=Exposure.OPERATOR)
    async def list(self, *, limit: Limit = 50, cursor: Cursor = None) -> HostPage:
        """List hosts with their total and free resources."""

    @operation("GET /hosts/{host}", scope="read:hosts", exposure=Exposure.OPERATOR)
    async def get(self, host: HostRef) -> Host:
        """Show a host."""

    @operation("POST /hosts", scope="admin", exposure=Exposure.OPERATOR, success_status=201)
    async def register(
        self,
        name: HostName,
        agent_id: AgentRef,
        *,
        region: Region | None = None,
        memory_mb: Megabytes | None = None,
        cpu_cores: Cores | None = None,
        gpus: Annotated[int, Field(ge=0, le=10_000)] = 0,
        private_addresses: Annotated[
            bool, Field(description="Allow private and loopback addresses for its containers.")
        ] = False,
    ) -> Host:
        """Register a hosting agent as a host. It is asked by messages (``create_container``) to run instances.

        Without memory_mb or cpu_cores, that resource counts as unlimited.
        """

    @operation("PATCH /hosts/{host}", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def update(
        self,
        host: HostRef,
        *,
        closed: Annotated[bool | None, Field(description="Stop placing new instances on the host.")] = None,
        region: Region | None = None,
        name: HostName | None = None,
    ) -> Host:
        """Change a host: close it for maintenance, reopen it, set its region."""

    @operation("DELETE /hosts/{host}", scope="admin", exposure=Exposure.OPERATOR, destructive=True, idempotent=True)
    async def remove(
        self,
        host: HostRef,
        *,
        lost: Annotated[
            bool,
            Field(
                description="Remove the host although it has instances: it is permanently lost, and they are marked "
                "failed."
            ),
        ] = False,
    ) -> HostRemoval:
        """Remove a host. A server that still runs registers itself again."""
