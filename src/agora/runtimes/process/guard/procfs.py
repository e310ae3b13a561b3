"""Processes as /proc shows them. A process is its pid together with its start time: pids are used again."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # without enum: the guard pays for each import once an instance
import os

__all__ = [
    "BOOT",
    "PAGE",
    "TICKS",
    "Process",
    "is_marked",
    "list_child_pids",
    "list_process_tree",
    "read_process",
    "send_signal",
]

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
STOPPED = "Tt"
DEAD = "ZXx"
_lists_children = os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # CONFIG_PROC_CHILDREN


class Process:
    """state: a letter, as in proc(5). started: clock ticks since the machine's start. ticks: CPU time.
    waited: CPU time of the children it has waited for. pages: resident."""

    __slots__ = ("pages", "parent", "pid", "started", "state", "ticks", "waited")

    def __init__(self, pid: int, fields: list[bytes]) -> None:
        self.pid = pid
        self.state = fields[0].decode()
        self.parent = int(fields[1])
        self.ticks = int(fields[11]) + int(fields[12])
        self.waited = int(fields[13]) + int(fields[14])
        self.started = int(fields[19])
        self.pages = int(fields[21])

    @property
    def is_dead(self) -> bool:
        return self.state in DEAD

    @property
    def is_stopped(self) -> bool:
        return self.state in STOPPED


def read_proc_file(path: str) -> bytes | None:
    """A small file of /proc, or None if it is gone or not to be seen."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return os.read(fd, 65_536)
    except OSError:
        return None
    finally:
        os.close(fd)


#: id of this boot of the machine: start times of another one mean nothing
BOOT = (read_proc_file("/proc/sys/kernel/random/boot_id") or b"").decode().strip()


def read_process(pid: int) -> Process | None:
    """A process, including zombies; None if there is none."""
    line = read_proc_file(f"/proc/{pid}/stat")
    if not line:
        return None
    return Process(pid, line[line.rindex(b")") + 2 :].split())


def list_process_tree(pid: int) -> list[Process]:
    """A process and all that descend from it, parents before children; empty if it is not there."""
    root = read_process(pid)
    processes = [] if root is None else [root]
    of = list_child_pids if _lists_children else _scan_children().__getitem__
    for parent in processes:  # grows while it is walked
        for child in of(parent.pid):
            process = read_process(child)
            if process is not None and process.parent == parent.pid:
                processes.append(process)
    return processes


def list_child_pids(pid: int) -> list[int]:
    """Pids of a process's children, including zombies."""
    if not _lists_children:
        return _scan_children()[pid]
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    pids: list[int] = []
    for thread in threads:
        line = read_proc_file(f"/proc/{pid}/task/{thread}/children")
        if line:
            pids.extend(map(int, line.split()))
    return pids


class _Families(dict[int, list[int]]):
    def __missing__(self, pid: int) -> list[int]:
        return []


def _scan_children() -> _Families:
    """Children of each process, where the kernel does not list them."""
    families = _Families()
    for name in os.listdir("/proc"):
        if name.isdecimal():
            process = read_process(int(name))
            if process is not None:
                families.setdefault(process.parent, []).append(process.pid)
    return families


def is_marked(pid: int, marks: list[bytes]) -> bool:
    """Whether a process was started with these variables, each ``b"NAME=value"``."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            variables = file.read(4_194_304).split(b"\0")
    except OSError:
        return False
    return all(mark in variables for mark in marks)


def send_signal(process: Process, number: int) -> bool:
    """Signal exactly this process; False if it is not there any more, even if another one has its pid now."""
    try:
        fd = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        now = read_process(process.pid)  # after it is held: what is there now stays it
        if now is None or now.started != process.started:
            return False
        signal.pidfd_send_signal(fd, number)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True
