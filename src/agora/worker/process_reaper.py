"""Ends the processes of jobs, also where the worker was killed: as a process beside it, at the other end of a pipe that ends with it.

They are found by a variable of their environment, which whatever they start inherits: a tool that an agent runs in a session of
its own is in no process group that the worker knows. As a program it needs the standard library alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from itertools import count
from uuid import uuid4

__all__ = ["MARK", "kill_marked", "mark_processes"]

MARK = "AGORA_JOB_PROCESS"
MAX_ROUNDS = 20  #: each of which may find what a process has started before it was killed

_token = ""
_numbers = count(1)
_reapers: list[subprocess.Popen[bytes]] = []  # whose pipes stay open as long as this process lives


def mark_processes() -> dict[str, str]:
    """A variable for the environment of a process of a job; with what it starts, it is killed at the latest when this process ends."""
    global _token
    if not _token:
        _token = uuid4().hex
        _start_reaper(_token)
    return {MARK: f"{_token}.{next(_numbers)}."}


def kill_marked(mark: str) -> None:
    """Kill every process of this user with a mark, or one that begins so."""
    variable = f"\0{MARK}={mark}".encode()
    for _ in range(MAX_ROUNDS):
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
        marked = [pid for pid in pids if variable in _read_environment(pid)]
        if not marked:
            return
        for pid in marked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _read_environment(pid: int) -> bytes:
    """The environment of a process, each variable after a NUL; nothing if it has ended, or is another user's."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return b"\0" + file.read()
    except OSError:
        return b""


def _start_reaper(token: str) -> None:
    reaper = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl+C in the terminal is for the worker, which may take its time
        env={},
        cwd="/",
    )
    reaper.returncode = 0  # it outlives this process, which never waits for it
    assert reaper.stdin is not None
    reaper.stdin.write(token.encode() + b"\n")
    reaper.stdin.flush()
    _reapers.append(reaper)


def main() -> None:
    """Wait for the end of the worker, and kill what it has left."""
    token = sys.stdin.readline().strip()
    sys.stdin.read()
    if token:
        kill_marked(token)


if __name__ == "__main__":
    main()
