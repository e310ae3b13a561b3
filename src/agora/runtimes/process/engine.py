"""The process engine: implementation of the port. Blocking calls run in threads; operations on one instance are
serialized."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from agora.daemon_threads import DaemonThreadCall
from agora.runtimes.backup_files import BackupLimits
from agora.runtimes.builds.cache import BuildCache
from agora.runtimes.builds.tree import convert_to_disk_full_or_none
from agora.runtimes.errors import EngineError, EngineUnavailable, InvalidSpec, Unknown
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
from agora.runtimes.spec import Health, Spec, list_spec_errors

from . import host, observation
from .builder import Builder
from .cgroups import Cgroups, find_delegated_group
from .instance_store import InstanceStore
from .options import Options
from .ports import Ports

__all__ = ["ProcessRuntime"]

T = TypeVar("T")
# Blocking file operations, a few at a time: more would only compete for the same disk.
FILE_THREADS = 4  #: for file and process operations: they mostly wait for the disk, and must not fill the default pool
BACKUP_THREADS = 2


def _resolve_future(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class ProcessRuntime:
    """Instances as processes of this host. See :class:`agora.runtimes.port.Runtime`."""

    name = "process"

    def __init__(self, options: Options) -> None:
        self._options = options
        cache = BuildCache(options.root)
        self._builder = Builder(options, cache)
        self._groups = Cgroups(options.cgroup or find_delegated_group())
        self._store = InstanceStore(options, cache, Ports(*options.ports), self._groups)
        self._threads = ThreadPoolExecutor(FILE_THREADS, thread_name_prefix="instances")
        # Apart: backups take minutes, and others' instances must be started and checked meanwhile.
        self._backup_threads = ThreadPoolExecutor(BACKUP_THREADS, thread_name_prefix="backups")
        self._host_measurement = DaemonThreadCall(
            lambda: host.measure_host(options.root, self._store.ports.free_count), "agora-host-capacity"
        )
        self._opening_lock = asyncio.Lock()
        self._closed = False
        # Weak: a lock disappears with its last holder, so ended instances leave nothing behind.
        self._instance_locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    # -- the engine ------------------------------------------------------------------------------------------------

    async def check(self) -> EngineStatus:
        try:
            # Opening the store is the check: it fails if another server uses the directory.
            await self._run_in_thread(lambda: None)
        except EngineError as error:
            return EngineStatus(False, error.detail)
        enforcement = {name: "cgroup" if name in self._groups.controllers else "guard" for name in ("memory", "pids")}
        enforcement |= {"cpu": "cgroup" if "cpu" in self._groups.controllers else "affinity", "disk": "rlimit"}
        return EngineStatus(True, f"processes of {os.uname().sysname} {os.uname().release}", enforcement)

    async def capacity(self) -> Capacity:
        await self._run_in_thread(lambda: None)  # opens the store
        try:
            return await self._host_measurement.run()
        except OSError as error:
            raise EngineUnavailable(f"The host refuses: {error}.") from error

    async def build(self, spec: Spec, progress: Progress | None = None) -> Build:
        # Opens the store first: no build may run in a directory that another server uses.
        await self._run_in_thread(lambda: None)
        return await self._builder.build(spec, progress or (lambda _: None))

    async def list_instances(self) -> list[FoundInstance]:
        return await self._run_in_thread(self._store.list_instances)

    async def discard_builds(self, builds: Collection[Build]) -> None:
        keys = [build.key for build in builds if build.engine == "process" and build.key.isalnum()]
        await self._run_in_thread(lambda: self._store.discard_builds(keys))

    async def sweep(self) -> SweepResult:
        return await self._run_in_thread(self._store.sweep)

    async def close(self) -> None:
        self._closed = True
        self._backup_threads.shutdown(wait=True, cancel_futures=True)
        self._threads.shutdown(wait=True)
        self._store.close()

    # -- an instance -----------------------------------------------------------------------------------------------

    async def start(self, spec: Spec, build: Build) -> Handle:
        if errors := list_spec_errors(spec):
            raise InvalidSpec(errors)
        async with self._get_instance_lock(spec.instance_id):
            for earlier in await self._run_in_thread(lambda: self._store.list_earlier_generations(spec)):
                await self._end_generation(earlier, 0.0)
            return await self._run_in_thread(lambda: self._store.start(spec, build))

    async def inspect(self, handle: Handle) -> Observation:
        return (await self.inspect_all([handle]))[0]

    async def inspect_all(self, handles: Sequence[Handle]) -> list[Observation]:
        return await self._run_in_thread(
            lambda: [observation.observe_instance(*self._store.find_instance(handle)) for handle in handles]
        )

    async def probe(self, handle: Handle, health: Health) -> HealthResult:
        state = (await self.inspect(handle)).state
        if state != "running" or not health.has_probe or not handle.ports:
            return HealthResult(state == "running", f"it is {state}")
        return await probe_health("127.0.0.1", next(iter(handle.ports.values())), health)

    async def pause(self, handle: Handle) -> Observation:
        return await self._signal_instance(handle, observation.pause_processes, "paused")

    async def resume(self, handle: Handle) -> Observation:
        return await self._signal_instance(handle, observation.resume_processes, "resumed")

    async def stop(self, handle: Handle, grace: float = 10.0) -> Observation:
        async with self._get_instance_lock(handle.instance_id):
            await self._end_generation(handle, grace)
        return await self.inspect(handle)

    async def remove(self, handle: Handle) -> None:
        async with self._get_instance_lock(handle.instance_id):
            await self._end_generation(handle, 0.0)
            await self._run_in_thread(lambda: self._store.remove(handle))

    async def logs(self, handle: Handle, offset: int = 0, limit: int = 65_536) -> LogPage:
        return await self._run_in_thread(lambda: self._store.logs(handle, offset, limit))

    async def backup(self, handle: Handle, file: Path) -> int:
        await self._run_in_thread(lambda: None)  # opens the store
        has_ended = threading.Event()
        limits = BackupLimits(file.parent, self._options.backup_size, lambda: has_ended.is_set() or self._closed)
        try:
            # Not shielded: a backup that nobody waits for ends by itself.
            return await asyncio.get_running_loop().run_in_executor(
                self._backup_threads, self._store.backup, handle, file, limits
            )
        finally:
            has_ended.set()

    # -- helpers ---------------------------------------------------------------------------------------------------

    async def _signal_instance(
        self, handle: Handle, signal_and_wait: Callable[[int], bool], participle: str
    ) -> Observation:
        """Signal all processes of an instance. participle: name of the action, for errors."""

        def signal_processes() -> Observation:
            instance, handle_on_disk = self._store.find_instance(handle)
            guard = instance.find_live_guard(handle_on_disk, self._options.installation)
            if guard is None:
                raise Unknown(f"{handle.instance_id} does not run, so it cannot be {participle}.")
            if (
                not signal_and_wait(guard.pid)
                and instance.find_live_guard(handle_on_disk, self._options.installation) is not None
            ):
                raise EngineUnavailable(f"{handle.instance_id} could not be {participle} in time.")
            return observation.observe_instance(instance, handle_on_disk)

        async with self._get_instance_lock(handle.instance_id):
            return await self._run_in_thread(signal_processes)

    async def _end_generation(self, handle: Handle, grace: float) -> None:
        """End a generation; no-op if it has ended. The guard ends it, so it completes even if this process dies."""
        fd = await self._run_in_thread(lambda: self._store.request_end(handle, grace))
        if fd is None:
            return
        loop = asyncio.get_running_loop()
        guard_gone: asyncio.Future[None] = loop.create_future()
        loop.add_reader(fd, _resolve_future, guard_gone)
        try:
            async with asyncio.timeout(grace + self._options.stop_timeout):
                await guard_gone
        except TimeoutError:
            await self._run_in_thread(lambda: self._store.kill_guard(handle))
        finally:
            loop.remove_reader(fd)
            os.close(fd)

    def _get_instance_lock(self, instance_id: str) -> asyncio.Lock:
        return self._instance_locks.setdefault(instance_id, asyncio.Lock())

    async def _run_in_thread(self, work: Callable[[], T]) -> T:
        """Run a blocking function in a thread, to its end even if the caller is cancelled."""
        if self._closed:
            raise EngineUnavailable("The engine has been closed.")
        loop = asyncio.get_running_loop()
        if not self._store.is_open:
            async with self._opening_lock:
                await self._translate_errors(loop.run_in_executor(self._threads, self._store.open))
        return await self._translate_errors(loop.run_in_executor(self._threads, work))

    async def _translate_errors(self, running: asyncio.Future[T]) -> T:
        try:
            # A thread cannot be cancelled: the instance's lock must be held until it has ended.
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            with suppress(BaseException):
                await asyncio.wait([running])
            raise
        except OSError as error:
            raise convert_to_disk_full_or_none(error) or EngineUnavailable(f"The host refuses: {error}.") from error
