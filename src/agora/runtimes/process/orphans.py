"""Removal of orphaned processes of this engine, found by the environment variables that they were started with.

Containers of the same installation are visible as processes, too, and name the same instances in their variables. Hence
``AGORA_ENGINE``: only processes that the process engine started are ever killed here.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping

from .guard import procfs

__all__ = ["ENGINE", "kill_orphans", "kill_processes_with_variables"]

ENGINE = "process"  #: value of AGORA_ENGINE for all processes of this engine
KILL_TIMEOUT = 2.0  # seconds for killed processes to end


def kill_processes_with_variables(variables: list[bytes]) -> int:
    """Kill every process of this engine that was started with these variables. Returns their number."""
    return _kill_until_gone(
        lambda: (
            pid for pid in _list_other_pids() if procfs.has_start_variables(pid, variables) and _belongs_to_engine(pid)
        )
    )


def kill_orphans(installation: str, is_in_use: Callable[[Mapping[str, str]], bool]) -> int:
    """Kill this engine's processes of an installation whose variables (``AGORA_...``) name nothing that exists.
    is_in_use: whether given variables name something that exists."""
    variables = [f"AGORA_INSTALLATION={installation}".encode()]

    def find_orphans() -> Iterator[int]:
        marked = (pid for pid in _list_other_pids() if procfs.has_start_variables(pid, variables))
        return (pid for pid in marked if _belongs_to_engine(pid) and not is_in_use(_read_variables(pid)))

    return _kill_until_gone(find_orphans)


def _belongs_to_engine(pid: int) -> bool:
    """Whether the process engine started a process, or an ancestor of it.

    Releases before AGORA_ENGINE marked processes and containers alike. Of those, a process in the server's pid
    namespace belongs to this engine; a container has its own namespace.
    """
    engine = _read_variables(pid).get("AGORA_ENGINE")
    if engine is not None:
        return engine == ENGINE
    try:
        return os.readlink(f"/proc/{pid}/ns/pid") == os.readlink("/proc/self/ns/pid")
    except OSError:  # it has ended, or belongs to another user
        return False


def _kill_until_gone(find: Callable[[], Iterator[int]]) -> int:
    """Kill repeatedly until none is left, because they may fork in between, and wait until all have ended."""
    killed: dict[tuple[int, int], procfs.Process] = {}
    deadline = time.monotonic() + KILL_TIMEOUT
    while time.monotonic() < deadline:
        processes = [
            process for pid in find() if (process := procfs.read_process(pid)) is not None and not process.is_dead
        ]
        for process in processes:
            if procfs.send_signal(process, signal.SIGKILL):
                killed[process.pid, process.started] = process
        if not processes and not any(map(_is_alive, killed.values())):
            break
        time.sleep(0.002)
    return len(killed)


def _is_alive(process: procfs.Process) -> bool:
    now = procfs.read_process(process.pid)
    return now is not None and now.started == process.started and not now.is_dead


def _read_variables(pid: int) -> dict[str, str]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            parts = [part.decode(errors="replace").split("=", 1) for part in file.read().split(b"\0")]
    except OSError:
        return {}
    return {part[0]: part[1] for part in parts if len(part) == 2 and part[0].startswith("AGORA_")}


def _list_other_pids() -> list[int]:
    own_pid = os.getpid()
    return [int(name) for name in os.listdir("/proc") if name.isdecimal() and int(name) != own_pid]
