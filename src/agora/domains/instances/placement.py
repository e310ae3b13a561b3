"""Placement: choose host and engine for an instance. If no host qualifies, the error lists the reasons of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agora.core.call import Call, decode_json
from agora.domains.agents.references import find_agent, is_agent_visible
from agora.value_classes import value_class
from agora_sdk.contract.hosts import HostRequirements
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from . import host_queries
from . import queries as instances
from .manifests import AgentManifest, list_suitable_engines
from .records import HostRow, InstanceRow, ReservedResources

__all__ = [
    "MAX_HOSTS",
    "MAX_SILENCE",
    "Neighbour",
    "Placement",
    "PlacementRequest",
    "add_requested_requirements",
    "choose_placement",
    "compute_free_capacity",
    "explain_missing_engine",
    "find_neighbour",
    "is_heartbeat_overdue",
]

MAX_SILENCE = 180_000_000  #: time without a heartbeat after which a server gets no new instances, in microseconds
MAX_HOSTS = 1000
REMOTE_ENGINE = "remote"  #: engine name of instances run by a hosting agent
MEBIBYTE = 1024 * 1024


@value_class
class PlacementRequest:
    """Requirements of an instance on its host.

    memory: bytes. cpu: thousandths of a core. host_id, engine: fixed by co-location. portable: other hosts can fetch its
    source, because it is not a local directory.
    """

    requirements: HostRequirements
    engines: tuple[str, ...]
    preferred: str | None = None
    host_id: str | None = None
    engine: str | None = None
    portable: bool = True

    @property
    def memory(self) -> int:
        return (self.requirements.min_memory_mb or 0) * MEBIBYTE

    @property
    def cpu(self) -> int:
        return round((self.requirements.min_cpu_cores or 0.0) * 1000)

    @property
    def gpus(self) -> int:
        return int(self.requirements.gpu_required)


@value_class
class FreeCapacity:
    """Unreserved resources of a host: bytes of memory, thousandths of cores, GPUs; None if the host does not report them."""

    memory: int | None
    cpu: int | None
    gpus: int


@value_class
class Placement:
    """The chosen host and engine."""

    host: HostRow
    engine: str


@value_class
class Neighbour:
    """The target of a co-location: an instance, or a container run by a hosting agent.

    group: name of the shared network. host_id, engine: None if any is suitable.
    """

    name: str
    group: str | None = None
    host_id: str | None = None
    engine: str | None = None


@value_class
class UnmetRequirement:
    """A requirement that a host does not meet. for_now: the host may meet it later, when resources are released."""

    host: str
    field: str
    message: str
    for_now: bool = False


def add_requested_requirements(manifest: HostRequirements, requested: HostRequirements | None) -> HostRequirements:
    """Merge the host requirements of the manifest and of the customer; the manifest's engine wins."""
    if requested is None:
        return manifest
    overrides = requested.model_dump(exclude_unset=True)
    memory = max(manifest.min_memory_mb or 0, requested.min_memory_mb or 0) or None
    cores = max(manifest.min_cpu_cores or 0.0, requested.min_cpu_cores or 0.0) or None
    more = {
        "min_memory_mb": memory,
        "min_cpu_cores": cores,
        "gpu_required": manifest.gpu_required or requested.gpu_required,
        "co_location_required": manifest.co_location_required or requested.co_location_required,
        "co_location_with": [*manifest.co_location_with, *requested.co_location_with],
    }
    if manifest.engine is not None:
        overrides.pop("engine", None)
    return HostRequirements.model_validate(manifest.model_dump() | overrides | more)


async def choose_placement(call: Call, need: PlacementRequest) -> Placement:
    """Choose the best qualifying host. Raises InvalidRequest if none can ever qualify, Conflict if none does now."""
    query = (
        host_queries.lock_hosts if need.memory or need.cpu or need.gpus else host_queries.list_hosts
    )  # locked, so that concurrent requests cannot reserve the same resources
    hosts = await call.tx.all(query, after="", limit=MAX_HOSTS)
    reserved_by_host = {row.host_id: row for row in await call.tx.all(host_queries.sum_reserved_resources)}
    missing: list[UnmetRequirement] = []
    candidates: list[tuple[Any, Placement]] = []
    for host in hosts:
        lacks = list(_find_unmet_requirements(host, reserved_by_host.get(host.host_id), need, call.now))
        missing += lacks
        if not lacks:
            candidates.append(
                (
                    _rank_host(host, reserved_by_host.get(host.host_id), need),
                    Placement(host, _choose_engine(host, need) or ""),
                )
            )
    if not candidates:
        raise _build_refusal(missing, hosts)
    return min(candidates, key=lambda pair: pair[0])[1]


def is_heartbeat_overdue(host: HostRow, now: int) -> bool:
    """Whether a server has sent no heartbeat for ``MAX_SILENCE`` microseconds. Hosting agents send none."""
    return bool(host.kind == "server" and host.seen_at + MAX_SILENCE < now)


def compute_free_capacity(host: HostRow, reserved: ReservedResources | None) -> FreeCapacity:
    """Compute a host's unreserved resources: its capacity less the reservations of this tenant and of others."""
    capacity = decode_json(host.capacity)
    memory, cpu = capacity.get("memory"), capacity.get("cpus")
    # Rows of other tenants cannot be read here (ADR 17): the host reports what they reserve with its heartbeat.
    balance = {name: -capacity.get(f"{name}_elsewhere", 0) for name in ("memory", "cpu", "gpus")}
    if reserved is not None:
        balance = {name: count - getattr(reserved, name) for name, count in balance.items()}
    room = None if memory is None else memory + balance["memory"]
    if room is not None and capacity.get("memory_free") is not None:
        # Programs outside of the marketplace use memory of the host, too.
        room = min(room, capacity["memory_free"])
    cores = None if cpu is None else round(cpu * 1000) + balance["cpu"]
    return FreeCapacity(room, cores, max(0, capacity.get("gpus", 0) + balance["gpus"]))


def _choose_engine(host: HostRow, need: PlacementRequest) -> str | None:
    """Choose the engine on a host; None if it has no suitable one. A hosting agent chooses its own."""
    if host.kind == "agent":
        return REMOTE_ENGINE
    available = [name for name, why in decode_json(host.engines).items() if not why]
    required = need.engine or need.requirements.engine
    engine_names = [name for name in need.engines if name in available and (required is None or name == required)]
    return engine_names[0] if engine_names else None


def explain_missing_engine(hosts: Sequence[HostRow], manifest: AgentManifest, now: int) -> str | None:
    """Explain why no host has an engine for an agent now; None if one has. Free resources are checked at placement."""
    requirements = manifest.host_requirements
    need = PlacementRequest(requirements, list_suitable_engines(manifest), portable=manifest.directory is None)
    reasons = []
    for host in hosts:
        if host.kind == "agent" and not need.portable:
            continue
        if not host.closed and not is_heartbeat_overdue(host, now) and _choose_engine(host, need) is not None:
            return None
        reasons.append(
            f"{host.name}: {_explain_unavailable_engine(host, need)}" if not host.closed else f"{host.name} is closed"
        )
    return f"No engine can run it now. {'; '.join(reasons[:5]) or 'No host is registered'}."


def _find_unmet_requirements(
    host: HostRow, reserved: ReservedResources | None, need: PlacementRequest, now: int
) -> Iterator[UnmetRequirement]:
    """Find the requirements that a host does not meet."""
    name, wants = host.name, need.requirements
    capacity = decode_json(host.capacity)
    if need.host_id is not None and host.host_id != need.host_id:
        yield UnmetRequirement(name, "co_location", "the instance to run beside is on another host")
        return
    if need.engine == REMOTE_ENGINE and host.kind != "agent":
        yield UnmetRequirement(name, "co_location", "the instance to run beside is with a hosting agent")
        return
    if host.kind == "agent" and not need.portable:
        yield UnmetRequirement(name, "engine", "has no directory of a server of this marketplace")
        return
    if host.closed:
        yield UnmetRequirement(name, "host", "is closed by an operator", for_now=True)
    if is_heartbeat_overdue(host, now):
        yield UnmetRequirement(name, "host", "has not been heard of for a while", for_now=True)
    if _choose_engine(host, need) is None:
        yield UnmetRequirement(
            name, "engine", _explain_unavailable_engine(host, need), for_now=_has_engine_when_back(host, need)
        )
    if wants.required_region is not None and host.region != wants.required_region:
        yield UnmetRequirement(name, "required_region", f"is in {host.region or 'no region'}")
    if need.gpus and not capacity.get("gpus"):
        yield UnmetRequirement(name, "gpu_required", "has no GPU")
    yield from _find_missing_resources(host, reserved, need)


def _find_missing_resources(
    host: HostRow, reserved: ReservedResources | None, need: PlacementRequest
) -> Iterator[UnmetRequirement]:
    name, capacity = host.name, decode_json(host.capacity)
    available = compute_free_capacity(host, reserved)
    memory, cores = available.memory, available.cpu
    if memory is not None and memory < need.memory:
        for_now = capacity["memory"] >= need.memory
        yield UnmetRequirement(
            name,
            "min_memory_mb",
            f"{max(memory, 0) // MEBIBYTE} of {capacity['memory'] // MEBIBYTE} MB are free, "
            f"{need.memory // MEBIBYTE} needed",
            for_now,
        )
    if cores is not None and cores < need.cpu:
        for_now = capacity["cpus"] * 1000 >= need.cpu
        yield UnmetRequirement(
            name,
            "min_cpu_cores",
            f"{max(cores, 0) / 1000:g} of {capacity['cpus']:g} cores are free, {need.cpu / 1000:g} needed",
            for_now,
        )
    if capacity.get("gpus") and available.gpus < need.gpus:
        yield UnmetRequirement(
            name, "gpu_required", f"{available.gpus} of {capacity['gpus']} GPUs are free", for_now=True
        )
    if host.kind == "server" and capacity.get("ports") == 0:
        yield UnmetRequirement(name, "ports", "no port is free", for_now=True)


def _explain_unavailable_engine(host: HostRow, need: PlacementRequest) -> str:
    required = need.engine or need.requirements.engine
    engine_names = [name for name in need.engines if required is None or name == required]
    if not engine_names:
        return f"{required or 'no engine'} does not run this agent"
    engines: Mapping[str, str] = decode_json(host.engines)
    reasons = [f"{name} ({engines[name]})" for name in engine_names if engines.get(name)]
    return f"{' or '.join(reasons or engine_names)} is not available there"


def _has_engine_when_back(host: HostRow, need: PlacementRequest) -> bool:
    """Whether the host has a suitable engine that is only temporarily unavailable."""
    return any(name in need.engines for name in decode_json(host.engines))


def _rank_host(host: HostRow, reserved: ReservedResources | None, need: PlacementRequest) -> tuple[Any, ...]:
    """Build the sort key, best first: preferred host, preferred region, servers, fewest instances."""
    return (
        need.preferred not in (host.host_id, host.name, host.agent_id),
        need.requirements.preferred_region != host.region,
        host.kind == "agent",
        reserved.instances if reserved is not None else 0,
        -(compute_free_capacity(host, reserved).memory or 0),
        host.host_id,
    )


def _build_refusal(missing: Sequence[UnmetRequirement], hosts: Sequence[HostRow]) -> InvalidRequest | Conflict:
    errors = [field_error(f"host_requirements.{each.field}", f"{each.host}: {each.message}") for each in missing]
    if not hosts:
        return Conflict(
            "No host is registered.",
            fix="A server is a host unless its setting 'process_engine' is false; hosting agents are registered with "
            "agora.host.register.",
            errors=[field_error("host_requirements", "no host")],
        )
    permanent = {each.host for each in missing if not each.for_now}
    what = "; ".join(f"{each.host}: {each.message}" for each in missing[:5])
    # Only then is waiting useless, and the request itself wrong.
    if len(permanent) == len(hosts):
        return InvalidRequest(
            f"No host meets the requirements. {what}.",
            fix="Reduce the requirements, or register a host that meets them.",
            errors=errors,
        )
    return Conflict(
        f"No host can take it now. {what}.", fix="Try again later, or end instances that are not needed.", errors=errors
    )


async def find_neighbour(call: Call, account: str, refs: Sequence[str], *, required: bool) -> Neighbour | None:
    """Find the co-location target: the account's own instance, its instance of one of these agents, or an agent's container.

    Raises Conflict if one is required and none exists.
    """
    for ref in refs:
        row = await call.tx.one(instances.select_instance, instance_id=ref) if ref.startswith("inst_") else None
        if row is not None and row.account_id == account and row.stopped_at is None:
            return _find_neighbour_instance(row)
        agent = await find_agent(call.tx, ref)
        if agent is None or not is_agent_visible(call.caller, agent):
            continue
        rows = await call.tx.all(instances.select_recent_instances, agent_id=agent.agent_id, account=account)
        if rows:
            return _find_neighbour_instance(rows[0])
        container = decode_json(agent.metadata).get("container_id")
        if isinstance(container, str) and 0 < len(container) <= 200 and container.isprintable():
            return Neighbour(container, engine=REMOTE_ENGINE)
    if required:
        raise Conflict(
            f"It must run beside {' or '.join(refs)}, which has no instance in this account.",
            fix="Create one first, or do not require co-location.",
            errors=[field_error("co_location", "nothing to run beside")],
        )
    return None


def _find_neighbour_instance(row: InstanceRow) -> Neighbour:
    engine = None if row.engine == REMOTE_ENGINE else row.engine
    return Neighbour(row.instance_id, row.group_name or row.instance_id, row.host_id, engine)
