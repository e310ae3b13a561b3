"""A process that outlives a test run for a moment, to kill what the run has left.

It reads marks from its standard input, one a line, until that ends: then whoever holds the other end of the pipe has ended,
by whatever means. A process belongs to the run if a mark stands in its environment, or if it works in a marked directory.
Uses nothing but the standard library, so that it starts quickly.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence

__all__ = ["find_processes"]

ROUNDS, PAUSE = 100, 0.05  # a process may start another one while it is looked for


def find_processes(marks: Sequence[bytes]) -> Iterator[int]:
    """Ids of the living processes with one of the marks: a NAME=value of an environment, or a directory that ends with /."""
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    environment = file.read()
                directory = os.readlink(f"/proc/{name}/cwd").removesuffix(" (deleted)").encode() + b"/"
            except OSError:  # it has ended, is ending, or belongs to somebody else
                continue
            if any(mark in environment or directory.startswith(mark) for mark in marks):
                yield int(name)


def main() -> None:
    marks = [line.rstrip(b"\n") for line in sys.stdin.buffer]
    for _ in range(ROUNDS):
        pids = list(find_processes(marks))
        if not pids:
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
