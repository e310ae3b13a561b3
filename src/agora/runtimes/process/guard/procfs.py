"""Processes in /proc. A process is identified by its pid and start time, because pids are reused."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # without enum: import cost counts once per instance
import os

__all__ = [
    "BOOT_ID",
    "PAGE_BYTES",
    "TICKS_PER_SECOND",
    "Process",
    "has_start_variables",
    "list_child_pids",
    "list_process_tree",
    "read_process",
    "send_signal",
]

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
STOPPED_STATES = "Tt"
DEAD_STATES = "ZXx"
_lists_children = os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # CONFIG_PROC_CHILDREN


class Process:
    """A process. state: a letter, as in proc(5). started: clock ticks since boot. ticks: CPU time. waited: CPU time of
    reaped children. pages: resident."""

    __slots__ = ("pages", "parent", "pid", "started", "state", "ticks", "waited")

    # Indexes of ``fields`` are the field numbers of proc(5) minus 3: the name and what precedes it are removed.
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
        return self.state in DEAD_STATES

    @property
    def is_stopped(self) -> bool:
        return self.state in STOPPED_STATES


def read_proc_file(path: str) -> bytes | None:
    """Read a small file of /proc; None if it does not exist or is not readable."""
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


#: id of the current boot: start times of another boot are meaningless
BOOT_ID = (read_proc_file("/proc/sys/kernel/random/boot_id") or b"").decode().strip()


def read_process(pid: int) -> Process | None:
    """Read a process, including zombies; None if there is none."""
    line = read_proc_file(f"/proc/{pid}/stat")
    if not line:
        return None
    # The name of a program may contain spaces and parentheses, so the last one counts.
    return Process(pid, line[line.rindex(b")") + 2 :].split())


def list_process_tree(pid: int) -> list[Process]:
    """List a process and all its descendants, parents before children; empty if it does not exist."""
    root = read_process(pid)
    processes = [] if root is None else [root]
    of = list_child_pids if _lists_children else _scan_children().__getitem__
    for parent in processes:  # grows during iteration
        for child in of(parent.pid):
            process = read_process(child)
            # The list is not a snapshot: meanwhile the pid may belong to a process elsewhere.
            if process is not None and process.parent == parent.pid:
                processes.append(process)
    return processes


def list_child_pids(pid: int) -> list[int]:
    """List the pids of a process's children, including zombies."""
    if not _lists_children:
        return _scan_children()[pid]
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    pids: list[int] = []
    # The kernel lists the children per thread: those that this thread forked.
    for thread in threads:
        line = read_proc_file(f"/proc/{pid}/task/{thread}/children")
        if line:
            pids.extend(map(int, line.split()))
    return pids


class _Families(dict[int, list[int]]):
    def __missing__(self, pid: int) -> list[int]:
        return []


def _scan_children() -> _Families:
    """Collect the children of each process, if the kernel does not list them."""
    families = _Families()
    for name in os.listdir("/proc"):
        if name.isdecimal():
            process = read_process(int(name))
            if process is not None:
                families.setdefault(process.parent, []).append(process.pid)
    return families


def has_start_variables(pid: int, identifying_variables: list[bytes]) -> bool:
    """Whether a process was started with these variables, each ``b"NAME=value"``."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            variables = file.read(4_194_304).split(b"\0")
    except OSError:
        return False
    return all(mark in variables for mark in identifying_variables)


def send_signal(process: Process, number: int) -> bool:
    """Signal exactly this process. Returns False if it has ended, even if another one has its pid now."""
    try:
        fd = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        now = read_process(process.pid)  # after opening the descriptor: it cannot be another process any more
        if now is None or now.started != process.started:
            return False
        signal.pidfd_send_signal(fd, number)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True
