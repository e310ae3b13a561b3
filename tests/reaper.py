"""A process that briefly outlives a test run to kill its remaining processes.

It reads marks from its standard input, one per line, until end of file: the process at the other end of the pipe has
ended. A process belongs to the run if its environment contains a mark, or if it works in a marked directory. A
directory is also identified by its inode: if a run leaves no files, pytest reuses its number for the next run, whose
processes must survive. Only the standard library is imported, for a fast start.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence

__all__ = ["Mark", "find_processes"]

ROUNDS, PAUSE = 100, 0.05  # a process may start another one during the search
DELETED = " (deleted)"  # suffix in /proc of the name of a deleted directory


class Mark:
    """Identifies processes of this run: by NAME=value in the environment, or by a directory, which ends with /."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        # held open, so that its inode is not reused
        self.directory = os.open(text, os.O_PATH) if text.endswith(b"/") and os.path.isdir(text) else None

    def is_on(self, environment: bytes, directory: str) -> bool:
        """Whether a process has the mark. environment, directory: as shown by /proc."""
        inside = os.fsencode(directory.removesuffix(DELETED) + "/").startswith(self.text)
        if inside and directory.endswith(DELETED):
            return True
        return (inside or self.text in environment) and not self._is_replaced()

    def _is_replaced(self) -> bool:
        """Whether the name now belongs to another directory."""
        if self.directory is None:
            return False
        try:
            return not os.path.samestat(os.stat(self.text), os.fstat(self.directory))
        except FileNotFoundError:
            return False


def find_processes(marks: Sequence[Mark]) -> Iterator[int]:
    """Yield the ids of live processes with one of the marks."""
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    environment = file.read()
                directory = os.readlink(f"/proc/{name}/cwd")
            except OSError:  # it has ended, is ending, or belongs to another user
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
