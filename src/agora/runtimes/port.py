"""The port of a runtime engine: the operations every engine implements to run instances on this host.

Every engine passes the suite in ``tests/conformance/runtimes/engine_suite.py``. Times are microseconds since 1970, sizes bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from agora.runtimes.spec import Health, Spec
from agora.value_classes import convert_to_dict, value_class

__all__ = [
    "Build",
    "Capacity",
    "EngineStatus",
    "ExitReason",
    "FoundInstance",
    "Handle",
    "HealthResult",
    "LogPage",
    "Observation",
    "ProcessExit",
    "Progress",
    "Runtime",
    "State",
    "SweepResult",
    "Usage",
]

#: running: at least one of its processes may run. paused: all are stopped. exited: its program has ended. absent: the
#: engine does not know it (never started here, or removed).
State: TypeAlias = Literal["running", "paused", "exited", "absent"]
ExitReason: TypeAlias = Literal["exited", "stopped", "memory", "pids", "lost"]
#: called with each line of a build's output
Progress: TypeAlias = Callable[[str], None]


@value_class
class Build:
    """A program ready to start. Serialized as JSON in rows.

    key: hash of source, command, environment and interpreter. cached: whether it had been built before. reference: its
    location (a directory, an image). commit: of a git source.
    """

    engine: str
    key: str
    reference: str
    cached: bool = False
    commit: str | None = None
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return convert_to_dict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Build:
        return cls(**value)


@value_class
class Handle:
    """Data by which an engine finds an instance again. Serialized as JSON in rows.

    ports: of the host, by name. address: URL of its first port, or None. data: specific to the engine.
    """

    engine: str
    instance_id: str
    generation: int
    ports: Mapping[str, int] = field(default_factory=dict)
    address: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return convert_to_dict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Handle:
        return cls(**value)


@value_class
class ProcessExit:
    """Exit of a program.

    code: None if a signal ended it, or its exit was not observed. signal: number. reason: ``exited`` by itself,
    ``stopped`` on demand, ``memory`` or ``pids`` if it exceeded that limit, ``lost`` if its exit was not observed. at:
    time of the exit; None if lost.
    """

    code: int | None = None
    signal: int | None = None
    reason: ExitReason = "exited"
    at: int | None = None

    @property
    def has_failed(self) -> bool:
        """Whether it was not stopped on demand and its exit code is not 0."""
        return self.reason != "stopped" and self.code != 0


@value_class
class Usage:
    """Resource usage of an instance. cpu_seconds: since its start, never decreasing. received, sent: bytes over the
    network, None if the engine cannot measure them. processes: 0 after its end."""

    cpu_seconds: float = 0.0
    rss: int = 0
    processes: int = 0
    received: int | None = None
    sent: int | None = None


@value_class
class Observation:
    """The observed state of an instance. started_at: of its program; None if absent. exit: after its end."""

    state: State
    started_at: int | None = None
    exit: ProcessExit | None = None
    usage: Usage = Usage()


@value_class
class HealthResult:
    """Health of an instance. detail: observation (``HTTP 200``, ``it does not listen``). seconds: duration of the
    probe."""

    healthy: bool
    detail: str
    seconds: float = 0.0


@value_class
class LogPage:
    """A part of an instance's output (stdout and stderr, interleaved as written).

    begin: offset of its first byte; later than requested if the requested part is no longer kept. end: offset to
    continue at. size: total size of the output.
    """

    begin: int
    end: int
    size: int
    data: bytes


@value_class
class FoundInstance:
    """An instance known to the engine. tenant and labels: as in its Spec."""

    handle: Handle
    tenant: str
    labels: Mapping[str, str]
    observation: Observation


@value_class
class Capacity:
    """Capacity of this host. memory, disk: free, beside their totals. ports: number of free ports."""

    memory: int
    memory_free: int
    cpus: float
    gpus: int
    disk: int
    disk_free: int
    ports: int


@value_class
class EngineStatus:
    """Whether an engine can be used. detail: its version, or why not. limits: enforcement of each limit (``cgroup``,
    ``rlimit``, ``guard``, ``affinity``, ``none``)."""

    available: bool
    detail: str
    limits: Mapping[str, str] = field(default_factory=dict)


@value_class
class SweepResult:
    """Resources removed by a sweep."""

    builds: int = 0
    processes: int = 0


class Runtime(Protocol):
    """An engine. Every failure is an :class:`~agora.runtimes.errors.EngineError`.

    Every operation may be repeated after a crash at any time, and then completes the interrupted one.
    """

    @property
    def name(self) -> str:
        """Name of the engine: ``process``, ``docker`` or ``kubernetes``."""

    async def check(self) -> EngineStatus:
        """Check whether the engine can be used now. Raises no errors."""

    async def capacity(self) -> Capacity:
        """Read the total and free capacity of this host."""

    async def build(self, spec: Spec, progress: Progress | None = None) -> Build:
        """Build a program from the source. The same content is built once, also for concurrent requests.

        Raises InvalidSpec, Unsupported, SourceRefused, SourceUnavailable, BuildFailed, BuildTimeout, DiskFull.
        """

    async def start(self, spec: Spec, build: Build) -> Handle:
        """Start an instance; return once its process is started. ``probe`` checks whether it listens.

        A repetition for the same instance and generation returns the same handle, also when its program has ended;
        a later generation ends an earlier one first. Raises InvalidSpec, PortsExhausted, StartFailed, DiskFull.
        """

    async def inspect(self, handle: Handle) -> Observation:
        """Observe the current state of an instance."""

    async def inspect_all(self, handles: Sequence[Handle]) -> list[Observation]:
        """Observe many instances, in their order; for periodic checks."""

    async def probe(self, handle: Handle, health: Health) -> HealthResult:
        """Whether an instance is healthy. A paused one is not."""

    async def pause(self, handle: Handle) -> Observation:
        """Pause every process of an instance. Raises Unknown unless it runs or is paused."""

    async def resume(self, handle: Handle) -> Observation:
        """Resume a paused instance. Raises Unknown unless it runs or is paused."""

    async def stop(self, handle: Handle, grace: float = 10.0) -> Observation:
        """Stop an instance with SIGTERM; all its processes are killed after ``grace`` seconds.

        Returns when it has ended. No-op if it has ended or is absent.
        """

    async def remove(self, handle: Handle) -> None:
        """Remove an instance with its files, ports and logs; it is killed if it still runs. Idempotent."""

    async def logs(self, handle: Handle, offset: int = 0, limit: int = 65_536) -> LogPage:
        """Read output from a byte offset; a negative one counts from the end. Offsets continue across generations.

        Raises Unknown if the instance is absent.
        """

    async def list_instances(self) -> list[FoundInstance]:
        """List every instance of this installation in the engine, in any state."""

    async def discard_builds(self, builds: Collection[Build]) -> None:
        """Discard builds of deregistered agents: the next sweep removes those not in use. Idempotent."""

    async def sweep(self) -> SweepResult:
        """Remove unreferenced resources: partial builds of a crash, processes without an instance, old builds."""

    async def backup(self, handle: Handle, file: Path) -> int:
        """Write the instance's state directory (``$AGORA_STATE_DIR``) into a file, for ``Spec.restore``. Returns its
        size. Raises Unknown, DiskFull, BackupRefused. Cancelled, it leaves no file."""

    async def close(self) -> None:
        """Close the engine. Instances keep running."""
