"""The docker engine: implementation of the port. Operations on one instance are serialized."""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from agora.daemon_threads import DaemonThreadCall
from agora.runtimes.backup_files import BackupLimits
from agora.runtimes.builds.tree import convert_to_disk_full_or_none
from agora.runtimes.errors import (
    BuildMissing,
    EngineError,
    EngineUnavailable,
    InvalidSpec,
    PortsExhausted,
    StartFailed,
    Unknown,
)
from agora.runtimes.health_probe import probe_health
from agora.runtimes.port import (
    Build,
    Capacity,
    EngineStatus,
    FoundInstance,
    Handle,
    HealthResult,
    LogPage,
    Observation,
    Progress,
    SweepResult,
)
from agora.runtimes.process import host
from agora.runtimes.process.ports import Ports
from agora.runtimes.spec import Health, Spec, list_spec_errors

from . import observation as watch
from . import state_archives
from .client import Client, Refused
from .containers import build_container_config
from .images import Images
from .inspection import ContainerInspector
from .labels import (
    GROUP,
    INSTANCE,
    LABELS,
    PORTS,
    TENANT,
    ResourceLabels,
    build_label_filter,
    read_container_generation,
    read_container_handle,
)
from .networks import InstanceNetworks
from .options import Options
from .output import ContainerOutput
from .records import InstanceNotes

__all__ = ["DockerRuntime"]

#: time limit in seconds for the removal of a killed container
STOP_TIMEOUT = 30.0
MAX_CONCURRENT_BACKUPS = 2
#: limits, and the engine's flags that report support for them, which a rootless engine may lack
DAEMON_FIELD_BY_LIMIT = {"memory": "MemoryLimit", "pids": "PidsLimit", "cpu": "CpuCfsQuota"}
LISTEN_HINT = "in a container it has to listen at $HOST, 0.0.0.0"
MAX_PORT_ATTEMPTS = 5  #: attempts to start with other ports if some are in use
PORT_IN_USE_TEXTS = ("port is already allocated", "address already in use", "ports are not available")


class DockerRuntime:
    """Instances as containers. See :class:`agora.runtimes.port.Runtime`."""

    name = "docker"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._client = Client(options.host)
        self._labels = ResourceLabels(options.installation)
        self._notes = InstanceNotes(options.root)
        self._networks = InstanceNetworks(self._client, self._labels)
        self._images = Images(options, self._client, self._labels, self._networks)
        self._output = ContainerOutput(self._client, self._notes, options.log_size)
        self._inspector = ContainerInspector(self._client, self._notes)
        self._ports = Ports(*options.ports)
        self._host_measurement = DaemonThreadCall(
            lambda: host.measure_host(options.root, self._ports.free_count), "agora-host-capacity"
        )
        self._opening_lock = asyncio.Lock()
        self._is_open = False
        self._backup_slots = asyncio.Semaphore(MAX_CONCURRENT_BACKUPS)
        self._cores = 0
        # Weak: a lock disappears with its last holder, so ended instances leave nothing behind.
        self._instance_locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        # Separate from the instance's lock: reading output must not wait for a start or a stop, which may take minutes.
        self._reader_locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    # -- the engine ------------------------------------------------------------------------------------------------

    async def check(self) -> EngineStatus:
        try:
            await self._ensure_open()
            version = await self._client.read_engine_version()
            info = await self._client.request_json("GET", "info")
        except EngineError as error:
            return EngineStatus(False, error.detail + (f" {error.fix}" if error.fix else ""))
        enforcement = {name: "cgroup" if info.get(word) else "none" for name, word in DAEMON_FIELD_BY_LIMIT.items()} | {
            "disk": "rlimit"
        }
        return EngineStatus(True, f"Docker {version['Version']} (API {version['ApiVersion']})", enforcement)

    async def capacity(self) -> Capacity:
        await self._ensure_open()
        host_capacity = await self._host_measurement.run()
        info: dict[str, Any] = await self._client.request_json("GET", "info")
        memory = int(info["MemTotal"])
        return Capacity(
            memory=memory,
            # The engine's host is taken to be this one: it does not report free memory.
            memory_free=min(host_capacity.memory_free, memory),
            cpus=float(info["NCPU"]),
            gpus=0,  # containers have no access to GPUs
            disk=host_capacity.disk,
            disk_free=host_capacity.disk_free,
            ports=self._ports.free_count,
        )

    async def build(self, spec: Spec, progress: Progress | None = None) -> Build:
        await self._ensure_open()
        return await self._images.build(spec, progress or (lambda _: None))

    async def list_instances(self) -> list[FoundInstance]:
        await self._ensure_open()
        latest: dict[str, dict[str, Any]] = {}
        for container in await self._list_containers():
            newest = latest.get(container["Labels"][INSTANCE])
            if newest is None or read_container_generation(newest) < read_container_generation(container):
                latest[container["Labels"][INSTANCE]] = container
        instances = []
        for container in latest.values():
            labels = container["Labels"]
            observation = await self._inspector.observe_container(container, fresh=True)
            instances.append(
                FoundInstance(read_container_handle(container), labels[TENANT], json.loads(labels[LABELS]), observation)
            )
        return instances

    async def discard_builds(self, builds: Collection[Build]) -> None:
        await self._ensure_open()
        for build in builds:
            if build.engine == self.name:
                self._images.discard(build)

    async def sweep(self) -> SweepResult:
        """Remove orphans, volumes without an instance, and empty networks."""
        await self._ensure_open()
        builds = await self._images.sweep()
        in_use = {each["Labels"][INSTANCE] for each in await self._list_containers()}
        volumes = (
            await self._client.request_json(
                "GET", "volumes", params=build_label_filter(self._labels.installation_label)
            )
        )["Volumes"] or []
        for volume in volumes:
            instance_id = volume["Labels"][INSTANCE]
            if instance_id not in in_use and not self._notes.has_instance(instance_id):
                # The engine refuses to delete a volume that a container uses, such as one of an instance being
                # started.
                with suppress(Refused):
                    await self._client.request_json("DELETE", f"volumes/{volume['Name']}")
        await self._networks.sweep()
        return SweepResult(builds, 0)

    async def close(self) -> None:
        await self._client.close()

    # -- starting --------------------------------------------------------------------------------------------------

    async def start(self, spec: Spec, build: Build) -> Handle:
        if errors := list_spec_errors(spec):
            raise InvalidSpec(errors)
        await self._ensure_open()
        async with self._get_instance_lock(spec.instance_id):
            containers = await self._list_containers(spec.instance_id)
            if (handle := await self._find_started_handle(spec, containers)) is not None:
                return handle
            if build.engine != self.name:
                raise BuildMissing(f"The build {build.key[:16]} is not of this engine.", fix="Build it again.")
            previous_ports: dict[str, int] = {}
            for earlier in containers:
                previous_ports |= json.loads(earlier["Labels"][PORTS])
                await self._end_and_delete_container(earlier, keep_output=True)
            async with self._networks.hold_network(spec.co_location or spec.instance_id):
                return await self._begin_generation(spec, build, previous_ports)

    async def _find_started_handle(self, spec: Spec, containers: Sequence[Mapping[str, Any]]) -> Handle | None:
        """Find the handle of a generation that was started before. Raises StartFailed if it has ended."""
        note = self._notes.read_note(spec.instance_id)
        latest = max([note.begun, *map(read_container_generation, containers)])
        if latest > spec.generation:
            raise StartFailed(f"Generation {spec.generation} is over: {latest} was begun.")
        if note.stopped >= spec.generation and note.begun < spec.generation:
            raise StartFailed(f"Generation {spec.generation} was stopped before it had begun.")
        for container in containers:
            if read_container_generation(container) == spec.generation and container["State"] != "created":
                return read_container_handle(container)
        if note.begun >= spec.generation:
            raise StartFailed(f"Generation {spec.generation} had begun, and its container is gone.")
        return None

    async def _begin_generation(self, spec: Spec, build: Build, previous_ports: Mapping[str, int]) -> Handle:
        gateway = await self._networks.ensure_network(spec.co_location)
        reusable_ports = dict(previous_ports)
        for _ in range(MAX_PORT_ATTEMPTS):
            try:
                ports = self._ports.allocate_named_ports((port.name for port in spec.ports), reusable_ports)
                self._ports.release_ports(set(reusable_ports.values()) - set(ports.values()))
            except PortsExhausted:
                self._ports.release_ports(previous_ports.values())
                raise
            try:
                return await self._launch_container(spec, build, ports, gateway)
            except BaseException as error:
                if not (isinstance(error, Refused) and any(each in error.detail for each in PORT_IN_USE_TEXTS)):
                    self._ports.release_ports(set(ports.values()) | set(previous_ports.values()))
                    if isinstance(error, Refused):
                        raise StartFailed(f"It could not be started: {error.detail}") from error
                    raise
                reusable_ports = {}  # another program uses them; they stay reserved until the server restarts
        raise PortsExhausted("All tried ports are in use by other programs on the host.")

    async def _launch_container(self, spec: Spec, build: Build, ports: Mapping[str, int], gateway: str) -> Handle:
        config = build_container_config(self._options, self._labels, spec, (build.reference, build.key), ports, gateway)
        host_config = config["HostConfig"]  # a limit above the number of CPUs is refused, and has no effect
        host_config["NanoCpus"] = min(host_config["NanoCpus"], self._cores * 10**9)
        try:
            name = {"name": self._labels.container_name(spec.instance_id, spec.generation)}
            created = await self._client.request_json("POST", "containers/create", params=name, body=config)
        except Refused as error:
            if error.status == 404 and "image" in error.detail.lower():
                raise BuildMissing(f"The image {build.reference} does not exist.", fix="Build it again.") from None
            raise
        container = str(created["Id"])
        try:
            await self._connect_to_group_networks(spec, container)
            details = await self._client.request_json("GET", f"containers/{container}/json")
            note = self._notes.read_note(spec.instance_id)
            self._notes.write_note(spec.instance_id, note)
            if spec.restore or not note.begun:  # later generations continue with the state of the previous one
                await state_archives.create_state_directory(
                    self._client, container, details["Config"].get("User") or "", spec.restore
                )
            await self._client.request_json("POST", f"containers/{container}/start", wait=STOP_TIMEOUT * 4)
            note = self._notes.read_note(spec.instance_id)  # copying the output may have changed it meanwhile
            note.begun = spec.generation
            self._notes.write_note(spec.instance_id, note)
        except BaseException as error:
            # Without an answer of the engine the container may be running: it stays, and the next start finds it.
            if not isinstance(error, EngineUnavailable):
                # A cancelled start still removes its container.
                await asyncio.shield(self._delete_container(container))
            if isinstance(error, OSError):
                raise convert_to_disk_full_or_none(error) or EngineUnavailable(f"The host refuses: {error}.") from error
            raise
        return read_container_handle(details)

    async def _connect_to_group_networks(self, spec: Spec, container: str) -> None:
        """Connect the containers of a co-location group, which is named after the instance that the others run
        beside."""
        if spec.co_location is None:
            await self._networks.connect_container(spec.instance_id, container, spec.instance_id)
            return
        for each in await self._list_containers(spec.co_location):
            if each["Labels"][TENANT] == spec.tenant:
                await self._networks.connect_container(spec.co_location, str(each["Id"]), spec.co_location)

    # -- observation -----------------------------------------------------------------------------------------------

    async def inspect(self, handle: Handle) -> Observation:
        await self._ensure_open()
        container = await self._find_container(handle)
        return (
            self._inspector.observe_removed(handle)
            if container is None
            else await self._inspector.observe_container(container, fresh=True)
        )

    async def inspect_all(self, handles: Sequence[Handle]) -> list[Observation]:
        await self._ensure_open()
        containers = {
            (each["Labels"][INSTANCE], read_container_generation(each)): each for each in await self._list_containers()
        }

        async def inspect_container(handle: Handle) -> Observation:
            container = containers.get((handle.instance_id, handle.generation))
            return (
                self._inspector.observe_removed(handle)
                if container is None
                else await self._inspector.observe_container(container)
            )

        return list(await asyncio.gather(*map(inspect_container, handles)))

    async def probe(self, handle: Handle, health: Health) -> HealthResult:
        state = (await self.inspect(handle)).state
        if state != "running" or not health.has_probe or not handle.ports:
            return HealthResult(state == "running", f"it is {state}")
        # At the published address: the container's own may be in another machine's network (Docker Desktop).
        verdict = await probe_health(self._options.publish, next(iter(handle.ports.values())), health)
        if verdict.healthy or verdict.detail.startswith("HTTP"):
            return verdict
        return replace(verdict, detail=f"{verdict.detail} ({LISTEN_HINT})")

    # -- pausing and ending ----------------------------------------------------------------------------------------

    async def pause(self, handle: Handle) -> Observation:
        return await self._pause_or_unpause(handle, "pause", "paused")

    async def resume(self, handle: Handle) -> Observation:
        return await self._pause_or_unpause(handle, "unpause", "running")

    async def _pause_or_unpause(self, handle: Handle, verb: str, target_state: str) -> Observation:
        await self._ensure_open()
        async with self._get_instance_lock(handle.instance_id):
            container = await self._find_container(handle)
            if container is None or watch.STATE_BY_STATUS.get(container["State"]) not in ("running", "paused"):
                raise Unknown(f"{handle.instance_id[:100]!r} does not run, so it cannot be {verb}d.")
            if container["State"] != target_state:
                try:
                    await self._client.request_json("POST", f"containers/{container['Id']}/{verb}")
                except Refused as error:
                    if "not running" in error.detail or error.status == 404:
                        raise Unknown(f"{handle.instance_id} does not run any more.") from None
                    if error.status != 409:
                        raise
        return await self.inspect(handle)

    async def stop(self, handle: Handle, grace: float = 10.0) -> Observation:
        await self._ensure_open()
        async with self._get_instance_lock(handle.instance_id):
            container = await self._find_container(handle)
            if container is not None:
                await self._end_container(container, grace)
        return await self.inspect(handle)

    async def _end_container(self, container: Mapping[str, Any], grace: float) -> None:
        """End a running container. The request is recorded first."""
        name, handle = container["Id"], read_container_handle(container)
        note = self._notes.read_note(handle.instance_id)
        if container["State"] in ("exited", "dead"):
            return
        # Before the container is touched: after a crash in between, this generation cannot begin (see _find_started_handle).
        note.stopped = max(note.stopped, handle.generation)
        self._notes.write_note(handle.instance_id, note)
        if container["State"] == "created":
            await self._delete_container(name)
            return
        with suppress(Refused):  # last measurement of its usage
            await self._inspector.measure_usage(name, fresh=True)
        # A frozen process does not handle signals: it could not end within its grace period.
        if container["State"] == "paused":
            with suppress(Refused):
                await self._client.request_json("POST", f"containers/{name}/unpause")
        if grace > 0:
            await self._signal_container(name, "SIGTERM")
            if await self._wait_until_ended(name, grace):
                return
        await self._signal_container(name, "SIGKILL")
        if not await self._wait_until_ended(name, STOP_TIMEOUT):
            raise EngineUnavailable(f"{handle.instance_id} could not be ended in {STOP_TIMEOUT:g} seconds.")

    async def _signal_container(self, name: str, signal: str) -> None:
        """Signal a container, unless it has ended."""
        try:
            await self._client.request_json("POST", f"containers/{name}/kill", params={"signal": signal})
        except Refused as error:
            if error.status not in (404, 409):
                raise

    async def _wait_until_ended(self, name: str, seconds: float) -> bool:
        """Wait until a container has ended."""
        try:
            async with asyncio.timeout(seconds):
                await self._client.request_json("POST", f"containers/{name}/wait", wait=seconds + STOP_TIMEOUT)
        except TimeoutError:
            return False
        except Refused as error:
            if error.status != 404:
                raise
        return True

    async def remove(self, handle: Handle) -> None:
        await self._ensure_open()
        async with self._get_instance_lock(handle.instance_id), self._get_reader_lock(handle.instance_id):
            containers = await self._list_containers(handle.instance_id)
            if any(read_container_generation(each) > handle.generation for each in containers):
                return  # the container is of a later generation
            for container in containers:
                await self._end_and_delete_container(container)
                self._ports.release_ports(json.loads(container["Labels"][PORTS]).values())
            with suppress(Refused):
                await self._client.request_json("DELETE", f"volumes/{self._labels.volume_name(handle.instance_id)}")
            for group in {handle.instance_id, *(each["Labels"][GROUP] for each in containers)} - {""}:
                await self._networks.remove_network(group)
            await asyncio.to_thread(self._notes.erase_instance, handle.instance_id)

    async def _end_and_delete_container(self, container: Mapping[str, Any], *, keep_output: bool = False) -> None:
        """End and remove a container. keep_output: with its exit, too."""
        name, handle = str(container["Id"]), read_container_handle(container)
        if keep_output and container["State"] != "created":
            await self._end_container(container, 0.0)
            # Before the deletion, which deletes the engine's log of the container as well.
            async with self._get_reader_lock(handle.instance_id):
                await self._output.copy_output(handle.instance_id, name)
            with suppress(Refused):
                await self._inspector.observe_and_store_exit(container)
        await self._delete_container(name)
        self._inspector.clear_cache(name)

    async def _delete_container(self, name: str) -> None:
        try:
            await self._client.request_json("DELETE", f"containers/{name}", params={"force": "1", "v": "1"})
        except Refused as error:
            if error.status not in (404, 409):  # 409: it is being removed
                raise

    # -- logs and state --------------------------------------------------------------------------------------------

    async def logs(self, handle: Handle, offset: int = 0, limit: int = 65_536) -> LogPage:
        await self._ensure_open()
        async with self._get_reader_lock(handle.instance_id):
            container = await self._find_container(handle)
            if container is None and not self._notes.has_instance(handle.instance_id):
                raise Unknown(f"{handle.instance_id} is not on this host.")
            if container is not None and container["State"] != "created":
                try:
                    await self._output.copy_output(handle.instance_id, str(container["Id"]))
                except Refused as error:
                    if error.status != 404:
                        raise
            return await asyncio.to_thread(self._output.read_page, handle.instance_id, offset, limit)

    async def backup(self, handle: Handle, file: Path) -> int:
        await self._ensure_open()
        container = await self._find_container(handle)
        if container is None:
            raise Unknown(f"{handle.instance_id} is not on this host.")
        limits = BackupLimits(file.parent, self._options.backup_size)
        async with self._backup_slots:
            return await state_archives.save_state(self._client, str(container["Id"]), file, limits)

    # -- helpers ---------------------------------------------------------------------------------------------------

    async def _ensure_open(self) -> None:
        """Open the engine before its first use: its directory, and the reserved ports."""
        if self._is_open:
            return
        async with self._opening_lock:
            if self._is_open:
                return
            containers = await self._list_containers()
            self._cores = int((await self._client.request_json("GET", "info"))["NCPU"])
            await asyncio.to_thread(self._notes.create_directory)
            await asyncio.to_thread(self._images.reset_directories)
            for container in containers:
                self._ports.reserve_ports(json.loads(container["Labels"][PORTS]).values())
            self._is_open = True

    async def _list_containers(self, instance_id: str | None = None) -> list[dict[str, Any]]:
        """List the containers of this installation, or of one instance."""
        labels = self._labels.installation_label if instance_id is None else self._labels.instance_labels(instance_id)
        containers: list[dict[str, Any]] = await self._client.request_json(
            "GET", "containers/json", params={"all": "1", **build_label_filter(labels)}
        )
        return containers

    async def _find_container(self, handle: Handle) -> dict[str, Any] | None:
        """Find the container of a generation; None if there is none. Raises Unknown for an invalid id."""
        name = self._labels.container_name(handle.instance_id, handle.generation)
        for container in await self._list_containers(handle.instance_id):
            if f"/{name}" in container["Names"] or read_container_generation(container) == handle.generation:
                return container
        return None

    def _get_instance_lock(self, instance_id: str) -> asyncio.Lock:
        return self._instance_locks.setdefault(instance_id, asyncio.Lock())

    def _get_reader_lock(self, instance_id: str) -> asyncio.Lock:
        return self._reader_locks.setdefault(instance_id, asyncio.Lock())
