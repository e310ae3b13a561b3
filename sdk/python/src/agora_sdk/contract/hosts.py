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
Megabytes = Annotated[int, Field(ge=1, le=100_000_000, description="In units of 1,048,576 bytes.")]
Cores = Annotated[float, Field(gt=0, le=100_000)]


class HostRequirements(BaseModel):
    """What an instance needs of its host: an agent manifest's ``host_requirements``."""

    model_config = ConfigDict(extra="forbid")

    min_memory_mb: Megabytes | None = Field(default=None, description="Memory reserved for each instance.")
    min_cpu_cores: Cores | None = Field(default=None, description="Cores reserved for each instance.")
    gpu_required: bool = Field(default=False, description="One GPU, reserved for each instance.")
    preferred_region: Region | None = Field(default=None, description="Preferred region; see required_region.")
    required_region: Region | None = Field(default=None, description="Only hosts of this region.")
    engine: Literal["process", "docker", "kubernetes"] | None = Field(default=None, description="Only this engine.")
    co_location_required: bool = Field(
        default=False, description="Only the host on which instances of co_location_with run."
    )
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
    """A host: a server of this marketplace with its engines, or a hosting agent elsewhere."""

    host_id: str
    name: str
    kind: Literal["server", "agent"]
    status: Literal["ready", "silent", "closed"] = Field(
        description="Closed hosts get no new instances; silent ones have not been heard of."
    )
    agent_id: str | None = Field(default=None, description="Of the hosting agent.")
    region: str | None = None
    engines: list[str] = []
    unavailable: dict[str, str] = Field(default={}, description="Engines that cannot be used now, and why.")
    limits: dict[str, dict[str, str]] = Field(
        default={},
        description="By engine, what holds each limit: cgroup, guard (checked several times a second), affinity (whole cores), rlimit (of each file), none.",
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
    instances_lost: int = Field(default=0, description="Instances that were running there, and are failed now.")


class Hosts(Service, category="host"):
    """Hosts of instances: this marketplace's servers, and hosting agents that run containers elsewhere."""

    @operation("GET /hosts", scope="read:hosts", exposure=Exposure.OPERATOR)
    async def list(self, *, limit: Limit = 50, cursor: Cursor = None) -> HostPage:
        """List the hosts with what they have, and what of it is free."""

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
            bool, Field(description="Whether its containers may have private or loopback addresses.")
        ] = False,
    ) -> Host:
        """Take a hosting agent as a host: it is asked in messages (``create_container``) to run instances.

        Without memory_mb or cpu_cores, what it says it has run counts as unlimited.
        """

    @operation("PATCH /hosts/{host}", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def update(
        self,
        host: HostRef,
        *,
        closed: Annotated[bool | None, Field(description="Whether it gets no new instances.")] = None,
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
                description="Remove the host although instances are on it: it is lost for good, and they count as failed."
            ),
        ] = False,
    ) -> HostRemoval:
        """Remove a host. A server that still runs registers itself again."""
