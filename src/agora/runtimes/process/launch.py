"""Start of a guard: everything that an instance needs is prepared first, so that a start is atomic."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zlib
from collections.abc import Mapping
from pathlib import Path

from agora.runtimes.builds.cache import erase_directory
from agora.runtimes.builds.tree import convert_to_disk_full_or_none
from agora.runtimes.errors import StartFailed
from agora.runtimes.spec import Limits
from agora.value_classes import value_class

from . import archives
from .cgroups import Cgroups
from .options import Options
from .records import InstanceDirectory

__all__ = ["GuardLaunch", "create_instance_directories", "launch_guard"]

MAX_SEGMENTS = 10
START_TIMEOUT = 30.0  # seconds for a guard to start a program
#: beside the guard, which polls, the kernel refuses far larger allocations
HEADROOM_BYTES = 256 * 1024**2
GUARD_PROGRAM = "import sys; sys.path.append(sys.argv.pop(1)); import guard.main"


@value_class
class GuardLaunch:
    """Parameters of a guard: one generation of an instance, its limits, its shell command and its variables."""

    instance: InstanceDirectory
    generation: int
    limits: Limits
    command: str
    environment: Mapping[str, str]


def create_instance_directories(instance: InstanceDirectory, build_key: str, build: Path, restore: str | None) -> None:
    """Create an instance's directories; its work directory is a copy of the build, kept while the build is the same."""
    for directory in (instance.directory, instance.logs):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    erase_if_exists(instance.tmp)
    instance.tmp.mkdir(mode=0o700)
    if not instance.state.exists():
        state = instance.directory / "state.new"
        erase_if_exists(state)
        state.mkdir(mode=0o700)
        if restore is not None:
            _restore_state(Path(restore), state)
        # Renamed when complete: a crash while a backup is restored leaves no partial state.
        state.rename(instance.state)
    marker = instance.directory / "build"
    if not marker.exists() or marker.read_text() != build_key:
        marker.unlink(missing_ok=True)
        erase_if_exists(instance.work)
        _copy_work(build / "tree", instance.work)
        # Last: after a crash in between, the copy is made again.
        marker.write_text(build_key)
    instance.lock.touch(mode=0o600)


def _copy_work(tree: Path, work: Path) -> None:
    """Copy a build; npm dependencies are shared by a symbolic link, because they are many files that are not modified."""
    shared = "node_modules"
    shutil.copytree(
        tree, work, symlinks=True, ignore=lambda at, names: {shared} & set(names) if Path(at) == tree else set()
    )
    # Writable, like all that is the server's user's: this engine does not isolate programs (ADR 0013), so a copy of
    # it would cost disk space and keep no other program out.
    if (tree / shared).is_dir():
        (work / shared).symlink_to(tree / shared)


def _restore_state(file: Path, state: Path) -> None:
    try:
        archives.unpack_archive(file, state)
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise StartFailed(f"The backup cannot be restored: {error}.") from error
    except OSError as error:
        raise convert_to_disk_full_or_none(error) or StartFailed(f"The backup cannot be restored: {error}.") from error


def erase_if_exists(directory: Path) -> None:
    if directory.is_dir() and not directory.is_symlink():
        erase_directory(directory)
    else:
        directory.unlink(missing_ok=True)


def launch_guard(options: Options, groups: Cgroups, launch: GuardLaunch) -> str:
    """Start a guard and wait for its report.

    ``begun``: started; ``started``: it was already started; ``held``: another guard of the instance is running;
    ``stopped``: the start is fenced. Raises StartFailed.
    """
    instance = launch.instance
    arguments = {
        "directory": str(instance.directory),
        "generation": str(launch.generation),
        "work": str(instance.work),
        "segment": str(max(options.log_size // MAX_SEGMENTS, 4096)),
        "segments": str(MAX_SEGMENTS),
        **_choose_guard_limits(options, launch.limits, groups, instance.instance_id),
    }
    log = instance.generation_directory(launch.generation) / "guard.log"
    try:
        with open(log, "ab") as errors:
            completed = subprocess.run(  # noqa: S603
                # Isolated: the variables of the program must not reach the modules of its guard.
                [sys.executable, "-I", "-S", "-c", GUARD_PROGRAM, str(Path(__file__).parent),
                 *(f"{name}={value}" for name, value in arguments.items()), launch.command],
                env=dict(launch.environment), cwd=instance.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=errors, start_new_session=True, timeout=START_TIMEOUT, check=False,
            )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise StartFailed("The host is too busy to start a program.") from None
    except OSError as error:
        raise StartFailed(f"The program cannot be started: {error.strerror}.") from error
    report = completed.stdout.decode()
    if report not in ("begun", "started", "held", "stopped"):
        message = log.read_text(errors="replace")[-500:] if log.exists() else ""
        raise StartFailed(f"The program cannot be started: {message.strip() or 'its guard died'}.")
    return report


def _read_process_limit() -> int:
    """Return the maximum number of processes of this host. Callers use half of it, so that no user but root can exhaust
    it by forking."""
    return min(int(Path(f"/proc/sys/kernel/{name}").read_text()) for name in ("pid_max", "threads-max"))


def _choose_guard_limits(options: Options, limits: Limits, groups: Cgroups, instance_id: str) -> dict[str, str]:
    """Choose the enforcement of each limit: by the kernel for all processes together if there are groups."""
    effective = Limits(limits.memory, limits.cpu, limits.pids or options.pids, limits.disk)
    options_by_name: dict[str, str] = {}
    group = groups.create_group(instance_id, effective)
    if group is not None:
        options_by_name["cgroup"] = str(group)
    if effective.memory and "memory" not in groups.controllers:
        options_by_name |= {"memory": str(effective.memory), "data": str(2 * effective.memory + HEADROOM_BYTES)}
    if "pids" not in groups.controllers:
        options_by_name |= {"pids": str(effective.pids), "processes": str(_read_process_limit() // 2)}
    if effective.cpu and "cpu" not in groups.controllers:
        own_cpus = sorted(os.sched_getaffinity(0))
        count = min(math.ceil(effective.cpu), len(own_cpus))
        first = time.time_ns() // 1000 % len(own_cpus)  # spread over the cores
        options_by_name["cpus"] = ",".join(str(own_cpus[(first + step) % len(own_cpus)]) for step in range(count))
    if effective.disk:
        options_by_name["file"] = str(effective.disk)
    return options_by_name
