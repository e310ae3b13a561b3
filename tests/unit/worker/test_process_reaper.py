"""The process reaper of the coding worker kills only marked processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from agora.worker import process_reaper
from agora.worker.process_reaper import MARK_VARIABLE, kill_marked_processes

PROGRAM = (sys.executable, "-c", "print(flush=True); import sys; sys.stdin.read()")


@contextmanager
def run_process(mark: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process with a mark, which waits for the end of its input. Yields when its environment is readable."""
    with subprocess.Popen(
        PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {MARK_VARIABLE: mark}
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process


def end_process(process: subprocess.Popen[bytes]) -> int:
    """Let a process end. Returns its exit code."""
    assert process.stdin is not None
    process.stdin.close()
    return process.wait(60)


def test_processes_with_the_prefix_of_a_mark_are_killed() -> None:
    token = uuid4().hex
    with run_process(f"{token}.1.") as job, run_process(f"{token}.2.") as other:
        kill_marked_processes(f"{token}.1.")
        assert job.wait(60) == -signal.SIGKILL
        assert end_process(other) == 0


def test_process_with_a_reused_pid_survives(monkeypatch: pytest.MonkeyPatch) -> None:
    token = uuid4().hex
    with run_process("") as other:
        environments = iter([f"\0{MARK_VARIABLE}={token}.1.".encode()])  # of the process that had the pid first
        read_environment = process_reaper._read_environment_or_empty

        def read_reused(pid: int) -> bytes:
            return next(environments, b"") if pid == other.pid else read_environment(pid)

        monkeypatch.setattr(process_reaper, "_read_environment_or_empty", read_reused)
        kill_marked_processes(token)
        assert end_process(other) == 0
