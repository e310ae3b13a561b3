"""The process reaper: kills the processes of jobs, even after the worker was killed. It runs as a separate process and
waits for the end of a pipe from the worker.

Processes are identified by an inherited environment variable: a tool that an agent starts in its own session is in no
process group that the worker knows. As a program it needs only the standard library.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from itertools import count
from uuid import uuid4

__all__ = ["MARK_VARIABLE", "create_process_mark", "kill_marked_processes"]

MARK_VARIABLE = "AGORA_JOB_PROCESS"
MAX_ROUNDS = 20  #: each round may find processes that were started by those killed before

_token = ""
_numbers = count(1)
_reapers: list[subprocess.Popen[bytes]] = []  # their pipes stay open as long as this process lives


def create_process_mark() -> dict[str, str]:
    """Return an environment variable that marks a process of a job. Marked processes and their descendants are killed
    at the latest when this process ends."""
    global _token
    if not _token:
        _token = uuid4().hex
        _start_reaper(_token)
    # With a final dot, so that the mark of process 1 is no prefix of that of process 10.
    return {MARK_VARIABLE: f"{_token}.{next(_numbers)}."}


def kill_marked_processes(mark: str) -> None:
    """Kill every process of this user with this mark or a mark with this prefix."""
    variable = f"\0{MARK_VARIABLE}={mark}".encode()
    for _ in range(MAX_ROUNDS):
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
        marked = [pid for pid in pids if variable in _read_environment_or_empty(pid)]
        if not marked:
            return
        for pid in marked:
            _kill_process_if_marked(pid, variable)


def _kill_process_if_marked(pid: int, variable: bytes) -> None:
    """Kill a process if it has this variable."""
    with contextlib.suppress(ProcessLookupError):
        fd = os.pidfd_open(pid)
        try:
            # Once more: before the descriptor was opened, the pid may have passed to another process.
            if variable in _read_environment_or_empty(pid):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
        finally:
            os.close(fd)


def _read_environment_or_empty(pid: int) -> bytes:
    """Read the environment of a process, each variable after a NUL; empty if it has ended or belongs to another
    user."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return b"\0" + file.read()
    except OSError:
        return b""


def _start_reaper(token: str) -> None:
    reaper = subprocess.Popen(
        # Isolated: it imports nothing from places that PYTHONPATH or a job's directory could provide.
        [sys.executable, "-I", "-S", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl+C in the terminal is for the worker, which may drain
        env={},
        cwd="/",
    )
    reaper.returncode = 0  # it outlives this process, which never waits for it
    assert reaper.stdin is not None
    reaper.stdin.write(token.encode() + b"\n")
    reaper.stdin.flush()
    _reapers.append(reaper)


def main() -> None:
    """Wait for the end of the worker, and kill its remaining processes."""
    token = sys.stdin.readline().strip()
    # Returns when every copy of the pipe's writing end is closed: when the worker has ended, however it did.
    sys.stdin.read()
    if token:
        kill_marked_processes(token)


if __name__ == "__main__":
    main()
