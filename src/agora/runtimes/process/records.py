"""Files of an instance. Each is written atomically, and by one side only.

::

    instances/<instance_id>/
        lock            held by the guard while any process of the instance lives
        instance.json   tenant, labels, ports, build                        (engine)
        build           key of the build that was copied to work            (engine)
        work/  state/  tmp/  logs/
        generations/<n>/
            stop        seconds of grace; its existence prevents a start    (engine)
            state.json  the guard's pid, start time and boot                (guard)
            exit.json   the exit                                            (guard)
            guard.log   errors of the guard itself
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from agora.runtimes.port import Handle, ProcessExit
from agora.value_classes import convert_to_dict, value_class

from .guard import procfs

__all__ = ["GuardRecord", "InstanceDirectory", "InstanceRecord"]

MAX_GENERATIONS = 5  #: number of earlier runs of an instance whose exit is stored
MAX_FILE_BYTES = 1 << 20
EXIT_REASONS: Mapping[str, Literal["exited", "stopped", "memory", "pids"]] = {
    "exited": "exited",
    "stopped": "stopped",
    "memory": "memory",
    "pids": "pids",
}
FLOCK_FORMAT = "hhqqi"  # struct flock: type, whence, start, length, pid


@value_class
class GuardRecord:
    """The guard process of a generation. started: clock ticks since boot; began: microseconds since 1970."""

    pid: int
    started: int
    boot: str
    began: int


@value_class
class InstanceRecord:
    """instance.json: data of an instance that is stored only in its files."""

    tenant: str
    generation: int
    ports: Mapping[str, int]
    build: str
    labels: Mapping[str, str] = field(default_factory=dict)


class InstanceDirectory:
    """An instance's directory."""

    def __init__(self, root: Path, instance_id: str) -> None:
        self.instance_id = instance_id
        self.directory = root / "instances" / instance_id
        self.lock = self.directory / "lock"
        self.work = self.directory / "work"
        self.state = self.directory / "state"
        self.tmp = self.directory / "tmp"
        self.logs = self.directory / "logs"

    def generation_directory(self, number: int) -> Path:
        return self.directory / "generations" / str(number)

    def list_generations(self) -> list[int]:
        """List the numbers of started generations, in order."""
        try:
            names = os.listdir(self.directory / "generations")
        except FileNotFoundError:
            return []
        return sorted(int(name) for name in names if name.isdecimal())

    def delete_old_generations(self) -> None:
        for number in self.list_generations()[:-MAX_GENERATIONS]:
            shutil.rmtree(self.generation_directory(number), ignore_errors=True)

    def read_record(self) -> InstanceRecord | None:
        document = load_json_object_or_empty(self.directory / "instance.json")
        with suppress(KeyError, TypeError, ValueError, AttributeError):
            return InstanceRecord(
                tenant=str(document["tenant"]),
                generation=int(document["generation"]),
                ports={str(name): int(port) for name, port in document["ports"].items()},
                build=str(document["build"]),
                labels={str(name): str(value) for name, value in document["labels"].items()},
            )
        return None

    def read_guard_record(self, generation: int) -> GuardRecord | None:
        """Read the guard of a generation, running or not; None if it was not started."""
        document = load_json_object_or_empty(self.generation_directory(generation) / "state.json")
        with suppress(KeyError, TypeError, ValueError):
            return GuardRecord(
                int(document["pid"]), int(document["started"]), str(document["boot"]), int(document["began"])
            )
        return None

    def read_exit(self, generation: int) -> tuple[ProcessExit, float] | None:
        """Read the exit and CPU seconds of a generation, if its guard recorded them."""
        document = load_json_object_or_empty(self.generation_directory(generation) / "exit.json")
        with suppress(KeyError, TypeError, ValueError):
            code, number = (None if document[name] is None else int(document[name]) for name in ("code", "signal"))
            return ProcessExit(code, number, EXIT_REASONS[document["reason"]], int(document["at"])), float(
                document["cpu_seconds"]
            )
        return None

    def is_locked(self) -> bool:
        """Whether a guard runs, or is about to start."""
        try:
            fd = os.open(self.lock, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:  # testing does not acquire the lock
            answer = fcntl.fcntl(fd, fcntl.F_GETLK, struct.pack(FLOCK_FORMAT, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        finally:
            os.close(fd)
        return bool(struct.unpack(FLOCK_FORMAT, answer)[0] != fcntl.F_UNLCK)

    def build_handle_or_none(self, record: InstanceRecord, generation: int) -> Handle | None:
        """Build the handle of a started generation."""
        guard_record = self.read_guard_record(generation)
        if guard_record is None:
            return None
        first = next(iter(record.ports.values()), None)
        return Handle(
            engine="process",
            instance_id=self.instance_id,
            generation=generation,
            ports=dict(record.ports),
            address=None if first is None else f"http://127.0.0.1:{first}",
            data=convert_to_dict(guard_record),
        )

    def build_identifying_variables(self, installation: str) -> list[bytes]:
        """Variables with which every process of the instance was started."""
        return [f"AGORA_INSTALLATION={installation}".encode(), f"AGORA_INSTANCE={self.instance_id}".encode()]

    def find_live_guard(self, handle: Handle, installation: str) -> procfs.Process | None:
        """Find the guard of a handle's generation, if it runs and its start time matches."""
        data = handle.data
        process = procfs.read_process(int(data["pid"])) if data.get("boot") == procfs.BOOT_ID else None
        if process is None or process.started != data["started"] or process.is_dead:
            return None
        # The program can write these files: a forged pid must not direct signals at a process outside the instance.
        return (
            process if procfs.has_start_variables(process.pid, self.build_identifying_variables(installation)) else None
        )


def load_json_object_or_empty(path: Path) -> dict[str, Any]:
    """Load a JSON object; empty if there is none. The instance's program can write here, so it is not trusted."""
    try:
        # A link could lead anywhere, and opening a named pipe would block.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return {}
    try:
        document = json.loads(os.read(fd, MAX_FILE_BYTES)) if stat.S_ISREG(os.fstat(fd).st_mode) else {}
    except (OSError, ValueError, RecursionError):
        return {}
    finally:
        os.close(fd)
    return document if isinstance(document, dict) else {}
