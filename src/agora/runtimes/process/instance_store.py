"""The directory of a host's instances, and operations on it. All of them block; the engine calls them in threads."""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from agora.net.atomic_files import replace_file, sync_file, write_json, write_then_replace
from agora.runtimes.backup_files import BackupLimits
from agora.runtimes.builds.cache import BuildCache, erase_directory
from agora.runtimes.builds.tree import convert_to_disk_full_or_none
from agora.runtimes.errors import BuildMissing, EngineUnavailable, StartFailed, Unknown
from agora.runtimes.port import Build, FoundInstance, Handle, LogPage, SweepResult
from agora.runtimes.spec import NAME, Spec
from agora.value_classes import convert_to_dict

from . import archives, environment, observation, orphans
from .cgroups import Cgroups
from .guard import procfs, segments
from .launch import GuardLaunch, create_instance_directories, launch_guard
from .options import Options
from .ports import Ports, is_port_free
from .records import InstanceDirectory, InstanceRecord

__all__ = ["InstanceStore"]

HANDOVER_TIMEOUT = 5.0  # seconds for a guard started before a crash to report
HANDOVER_LOCK_TIMEOUT = 0.3  # seconds for a program that is just being started to release the directory
TRASH_PREFIX = ".gone-"


class InstanceStore:
    """Instances by id. Only one process store may use a directory at a time."""

    def __init__(self, options: Options, cache: BuildCache, ports: Ports, groups: Cgroups) -> None:
        self._options = options
        self._cache = cache
        self._groups = groups
        self._instances = options.root / "instances"
        self._lock: int | None = None
        self._starting: set[str] = set()
        self.ports = ports

    # -- opening -------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._lock is not None

    def open(self) -> None:
        """Lock the directory and register ports in use. Raises EngineUnavailable if another engine has it."""
        if self._lock is not None:
            return
        self._instances.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._cache.create_directories()
        # flock, unlike the instances' record locks: it belongs to the descriptor, and child processes do not inherit it.
        lock = os.open(self._options.root / "engine.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + HANDOVER_LOCK_TIMEOUT
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(lock)
                    raise EngineUnavailable(f"Another server uses {self._options.root}.") from None
                time.sleep(0.02)
        for instance in self._list_all_instances():
            if (record := instance.read_record()) is not None:
                self.ports.reserve_ports(record.ports.values())
        # Last: the store is open only when the ports of running instances are registered.
        self._lock = lock

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _list_all_instances(self) -> list[InstanceDirectory]:
        # Trash of a removal has a name that no instance can have.
        names = [name for name in os.listdir(self._instances) if NAME.fullmatch(name)]
        return [InstanceDirectory(self._options.root, name) for name in sorted(names)]

    def _get_instance(self, instance_id: str) -> InstanceDirectory:
        if not NAME.fullmatch(instance_id):
            raise Unknown(f"{instance_id[:100]!r} is not an instance id.")
        return InstanceDirectory(self._options.root, instance_id)

    def find_instance(self, handle: Handle) -> tuple[InstanceDirectory, Handle]:
        """Find an instance, and its complete handle: one created before a crash may lack the engine's part."""
        instance = self._get_instance(handle.instance_id)
        if "pid" in handle.data:
            return instance, handle
        record = instance.read_record()
        recorded = instance.build_handle_or_none(record, handle.generation) if record is not None else None
        return instance, recorded or handle

    # -- starting ------------------------------------------------------------------------------------------------

    def list_earlier_generations(self, spec: Spec) -> list[Handle]:
        """List earlier generations that may still run."""
        instance = self._get_instance(spec.instance_id)
        record = instance.read_record()
        if record is None or not instance.is_locked():
            return []
        return [
            handle
            for number in instance.list_generations()
            if number < spec.generation and (handle := instance.build_handle_or_none(record, number)) is not None
        ]

    def start(self, spec: Spec, build: Build) -> Handle:
        """See Runtime.start; earlier generations have ended."""
        instance = self._get_instance(spec.instance_id)
        record = instance.read_record()
        if record is not None and record.generation > spec.generation:
            raise StartFailed(f"Generation {spec.generation} is over: {record.generation} was begun.")
        if record is not None and (handle := instance.build_handle_or_none(record, spec.generation)) is not None:
            return handle
        if build.engine != "process" or not self._cache.contains_directory(build.reference):
            raise BuildMissing(f"The build {build.key[:16]} is not on this host.", fix="Build it again.")
        # Until the guard has its lock, only this keeps a sweep from killing the new processes.
        self._starting.add(spec.instance_id)
        try:
            return self._begin_generation(instance, record, spec, build)
        finally:
            self._starting.discard(spec.instance_id)

    def _begin_generation(
        self, instance: InstanceDirectory, previous_record: InstanceRecord | None, spec: Spec, build: Build
    ) -> Handle:
        if previous_record is not None and previous_record.generation < spec.generation:
            self._fence_and_kill_generation(instance, previous_record.generation)
        previous_ports = dict(previous_record.ports) if previous_record is not None else {}
        free_ports = {name: port for name, port in previous_ports.items() if is_port_free(port)}
        ports = self.ports.allocate_named_ports((port.name for port in spec.ports), free_ports)
        generation = instance.generation_directory(spec.generation)
        try:
            create_instance_directories(instance, build.key, Path(build.reference), spec.restore)
            generation.mkdir(mode=0o700, parents=True, exist_ok=True)
            record = InstanceRecord(spec.tenant, spec.generation, ports, Path(build.reference).name, dict(spec.labels))
            # Before the guard starts: if the server dies in between, its successor finds ports and generation here (ADR
            # 13).
            write_json(instance.directory / "instance.json", convert_to_dict(record))
        except BaseException as error:
            # Only new ones: those of the previous generation are still in its record.
            self.ports.release_ports(set(ports.values()) - set(previous_ports.values()))
            if previous_record is None:
                erase_directory(instance.directory)
            if isinstance(error, OSError) and (full := convert_to_disk_full_or_none(error)):
                raise full from error
            raise
        # Only now: before the record was written, a crash would have restored the old ports.
        self.ports.release_ports(set(previous_ports.values()) - set(ports.values()))
        instance.delete_old_generations()
        return self._launch_program(instance, record, spec, Path(build.reference))

    def _fence_and_kill_generation(self, instance: InstanceDirectory, generation: int) -> None:
        """Ensure that no process of an earlier generation runs or starts late."""
        # The guard checks for this file under its lock: it fences a generation that would start late (ADR 13).
        if instance.generation_directory(generation).is_dir():
            replace_file(instance.generation_directory(generation) / "stop", "0")
        # a killed guard leaves its program, and one from before a crash may not have started it yet
        orphans.kill_processes_with_variables(
            [
                *instance.build_identifying_variables(self._options.installation),
                f"AGORA_GENERATION={generation}".encode(),
            ]
        )

    def _launch_program(self, instance: InstanceDirectory, record: InstanceRecord, spec: Spec, build: Path) -> Handle:
        variables = environment.build_instance_environment(self._options, spec, instance, build, record.ports)
        command = environment.build_start_command(spec, record.ports)
        launch = GuardLaunch(instance, spec.generation, spec.limits, command, variables)
        deadline = time.monotonic() + HANDOVER_TIMEOUT
        while True:
            guard_report = launch_guard(self._options, self._groups, launch)
            handle = instance.build_handle_or_none(record, spec.generation)
            if handle is not None:
                return handle
            if guard_report == "stopped":
                raise StartFailed(f"Generation {spec.generation} was stopped before it had begun.")
            if time.monotonic() > deadline:
                raise StartFailed(f"Another guard of {spec.instance_id} does not release it.")
            time.sleep(0.02)  # a guard from before a crash is about to start

    # -- ending --------------------------------------------------------------------------------------------------

    def request_end(self, handle: Handle, grace: float) -> int | None:
        """Have the guard end an instance. Returns a pidfd of the guard, or None if nothing runs."""
        instance = self._get_instance(handle.instance_id)
        generation = instance.generation_directory(handle.generation)
        if not generation.is_dir():
            return None
        replace_file(generation / "stop", str(max(grace, 0.0)))  # this generation can no longer start
        deadline = time.monotonic() + HANDOVER_TIMEOUT
        while instance.is_locked():
            _, recorded = self.find_instance(handle)
            guard = instance.find_live_guard(recorded, self._options.installation) if "pid" in recorded.data else None
            if guard is not None:
                return _terminate_process(guard)
            if "pid" in recorded.data or time.monotonic() > deadline:
                return None  # another generation is running
            time.sleep(0.02)
        if instance.read_exit(handle.generation) is None:
            orphans.kill_processes_with_variables(self._build_marker_variables(instance, handle))
        return None

    def kill_guard(self, handle: Handle) -> None:
        """Kill an unresponsive guard with its processes."""
        instance, recorded = self.find_instance(handle)
        guard = instance.find_live_guard(recorded, self._options.installation)
        if guard is not None:
            for process in procfs.list_process_tree(guard.pid):
                procfs.send_signal(process, signal.SIGKILL)
        orphans.kill_processes_with_variables(self._build_marker_variables(instance, handle))

    def _build_marker_variables(self, instance: InstanceDirectory, handle: Handle) -> list[bytes]:
        return [
            *instance.build_identifying_variables(self._options.installation),
            f"AGORA_GENERATION={handle.generation}".encode(),
        ]

    def remove(self, handle: Handle) -> None:
        """Delete the directory of an ended instance."""
        instance = self._get_instance(handle.instance_id)
        record = instance.read_record()
        if record is not None and record.generation > handle.generation:
            return  # a later generation is running
        orphans.kill_processes_with_variables(instance.build_identifying_variables(self._options.installation))
        trash = self._instances / f"{TRASH_PREFIX}{secrets.token_hex(8)}"
        # Renamed first: a crash during deletion leaves trash for the sweep, never a partial instance.
        with suppress(FileNotFoundError):
            instance.directory.rename(trash)
            erase_directory(trash)
        # After the killing: no port is reused on which a process of this instance may still listen.
        if record is not None:
            self.ports.release_ports(record.ports.values())
        self._groups.remove_group(handle.instance_id)

    # -- observation ---------------------------------------------------------------------------------------------

    def list_instances(self) -> list[FoundInstance]:
        """List all instances, each with its last generation."""
        instances = []
        for instance in self._list_all_instances():
            record = instance.read_record()
            if record is None:
                continue
            address = Handle("process", instance.instance_id, record.generation, dict(record.ports))
            handle = instance.build_handle_or_none(record, record.generation) or address
            instances.append(
                FoundInstance(
                    handle, record.tenant, dict(record.labels), observation.observe_instance(instance, handle)
                )
            )
        return instances

    def logs(self, handle: Handle, offset: int, limit: int) -> LogPage:
        instance = self._get_instance(handle.instance_id)
        if not instance.logs.is_dir():
            raise Unknown(f"{handle.instance_id} is not on this host.")
        begin, size, data = segments.read_segments(os.fspath(instance.logs), offset, max(limit, 0))
        return LogPage(begin, begin + len(data), size, data)

    def backup(self, handle: Handle, file: Path, limits: BackupLimits) -> int:
        """Write the state as a tar archive, atomically."""
        instance = self._get_instance(handle.instance_id)
        if not instance.state.is_dir():
            raise Unknown(f"{handle.instance_id} is not on this host.")
        try:
            with write_then_replace(file) as partial:
                archives.pack_archive(instance.state, partial, limits)
                sync_file(partial)
        except OSError as error:
            raise convert_to_disk_full_or_none(error) or EngineUnavailable(
                f"The backup cannot be written: {error}."
            ) from error
        return file.stat().st_size

    # -- cleaning ------------------------------------------------------------------------------------------------

    def discard_builds(self, keys: list[str]) -> None:
        """See Runtime.discard_builds."""
        for key in keys:
            self._cache.mark_long_unused(key)

    def sweep(self) -> SweepResult:
        """See Runtime.sweep."""
        killed = orphans.kill_orphans(self._options.installation, self._is_in_use)
        for name in os.listdir(self._instances):
            if name.startswith(TRASH_PREFIX):
                erase_directory(self._instances / name)
        records = [record for instance in self._list_all_instances() if (record := instance.read_record()) is not None]
        removed = self._cache.delete_stale_builds({record.build for record in records}, self._options.keep_builds)
        return SweepResult(removed, killed)

    def _is_in_use(self, variables: Mapping[str, str]) -> bool:
        """Whether a process's variables name a running build, or a guarded instance."""
        if "AGORA_BUILD" in variables:
            return self._cache.is_attempt_running(variables["AGORA_BUILD"])
        name = variables.get("AGORA_INSTANCE", "")
        if not NAME.fullmatch(name):
            return True  # not a process of an instance, but for example a server started with the variable
        return name in self._starting or self._get_instance(name).is_locked()


def _terminate_process(process: procfs.Process) -> int | None:
    """Send SIGTERM to exactly this process. Returns a pidfd, readable when it has ended."""
    try:
        fd = os.pidfd_open(process.pid)
    except OSError:
        return None
    # Checked after the descriptor was opened: a reused pid has another start time, and is spared.
    now = procfs.read_process(process.pid)
    try:
        if now is not None and now.started == process.started:
            signal.pidfd_send_signal(fd, signal.SIGTERM)
            return fd
    except OSError:
        pass
    os.close(fd)
    return None
