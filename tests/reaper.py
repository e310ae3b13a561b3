"""A process that outlives a test run for a moment, to kill what the run has left.

It reads marks from its standard input, one a line, until that ends: then whoever holds the other end of the pipe has ended,
by whatever means. A process belongs to the run if a mark stands in its environment, or if it works in a marked directory.
A directory is known by its inode, too: pytest gives the number of a run that left nothing to the next run, whose processes
are none of ours. Uses nothing but the standard library, so that it starts quickly.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence

__all__ = ["Mark", "find_processes"]

ROUNDS, PAUSE = 100, 0.05  # a process may start another one while it is looked for
DELETED = " (deleted)"  # how /proc ends the name of a directory that is no more


class Mark:
    """What tells a process of this run: a NAME=value of its environment, or a directory, which ends with /."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        # held open, so that its inode is nobody else's meanwhile
        self.directory = os.open(text, os.O_PATH) if text.endswith(b"/") and os.path.isdir(text) else None

    def is_on(self, environment: bytes, directory: str) -> bool:
        """environment, directory: of a process, as /proc shows them."""
        inside = os.fsencode(directory.removesuffix(DELETED) + "/").startswith(self.text)
        if inside and directory.endswith(DELETED):
            return True
        return (inside or self.text in environment) and not self._is_replaced()

    def _is_replaced(self) -> bool:
        """Whether another directory has the name by now."""
        if self.directory is None:
            return False
        try:
            return not os.path.samestat(os.stat(self.text), os.fstat(self.directory))
        except FileNotFoundError:
            return False


def find_processes(marks: Sequence[Mark]) -> Iterator[int]:
    """Ids of the living processes with one of the marks."""
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    environment = file.read()
                directory = os.readlink(f"/proc/{name}/cwd")
            except OSError:  # it has ended, is ending, or belongs to somebody else
                continue
            if any(mark.is_on(environment, directory) for mark in marks):
                yield int(name)


def main() -> None:
    marks = [Mark(line.rstrip(b"\n")) for line in sys.stdin.buffer]
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
