"""Processes that were started for something that is no more, found by the variables they were started with."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping

from .guard import procfs

__all__ = ["kill", "kill_orphans"]

DYING = 2.0  # seconds that killed processes have to be gone


def kill(marks: list[bytes]) -> int:
    """Kill every process that was started with these variables; answers how many there were."""
    return _kill(lambda: (pid for pid in _pids() if procfs.is_marked(pid, marks)))


def kill_orphans(installation: str, belongs: Callable[[Mapping[str, str]], bool]) -> int:
    """Kill processes of an installation whose variables (``AGORA_...``) say that they belong to nothing."""
    mark = [f"AGORA_INSTALLATION={installation}".encode()]
    return _kill(lambda: (pid for pid in _pids() if procfs.is_marked(pid, mark) and not belongs(_variables(pid))))


def _kill(find: Callable[[], Iterator[int]]) -> int:
    """Until none is found, for they may fork meanwhile, and all are dead."""
    killed: dict[tuple[int, int], procfs.Process] = {}
    deadline = time.monotonic() + DYING
    while time.monotonic() < deadline:
        found = [process for pid in find() if (process := procfs.read(pid)) is not None and not process.dead]
        for process in found:
            if procfs.send(process, signal.SIGKILL):
                killed[process.pid, process.started] = process
        if not found and not any(map(_lives, killed.values())):
            break
        time.sleep(0.002)
    return len(killed)


def _lives(process: procfs.Process) -> bool:
    now = procfs.read(process.pid)
    return now is not None and now.started == process.started and not now.dead


def _variables(pid: int) -> dict[str, str]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            parts = [part.decode(errors="replace").split("=", 1) for part in file.read().split(b"\0")]
    except OSError:
        return {}
    return {part[0]: part[1] for part in parts if len(part) == 2 and part[0].startswith("AGORA_")}


def _pids() -> list[int]:
    own = os.getpid()
    return [int(name) for name in os.listdir("/proc") if name.isdecimal() and int(name) != own]
