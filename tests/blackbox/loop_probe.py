"""How long a server's event loop was held in one piece, in CPU time: what whoever else has a call under way waits at least.

A timer of a millisecond runs on the server's loop, started by a signal; between two of its turns the loop has not looked
at its sockets. CPU time of the loop's thread counts, so other programs on the machine do not.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
from pathlib import Path

from tests.polling import poll_until

__all__ = ["LoopProbe"]

#: run by Python before the server
PROGRAM = """
import asyncio, mmap, os, signal, struct, time

def start_probe(*_):
    loop = asyncio.get_running_loop()
    with open(os.environ["LOOP_PROBE"], "r+b") as file:
        memory = mmap.mmap(file.fileno(), 16)
    last = time.thread_time()

    def tick():
        nonlocal last
        now = time.thread_time()
        ticks, longest = struct.unpack("Qd", memory)
        memory[:] = struct.pack("Qd", ticks + 1, max(longest, now - last))
        last = now
        loop.call_later(0.001, tick)

    tick()

signal.signal(signal.SIGUSR1, start_probe)
"""


class LoopProbe:
    """A probe in one server. environment: what the server is to be started with; then :meth:`attach`."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "sitecustomize.py").write_text(PROGRAM)
        file = directory / "loop-probe"
        file.write_bytes(bytes(16))
        path = os.pathsep.join(filter(None, (str(directory), os.environ.get("PYTHONPATH"))))
        self.environment = {"PYTHONPATH": path, "LOOP_PROBE": str(file)}
        with file.open("r+b") as memory:
            self._memory = mmap.mmap(memory.fileno(), 16)

    def attach(self, pid: int) -> None:
        """Start measuring in a server that is ready."""
        os.kill(pid, signal.SIGUSR1)
        self._wait_for_ticks(1)

    def reset(self) -> None:
        """Forget what was measured so far."""
        self._memory[8:] = bytes(8)

    def longest(self) -> float:
        """Seconds of CPU time in the longest piece since the reset; what has just been done is in it."""
        self._wait_for_ticks(2)
        return float(struct.unpack("Qd", self._memory)[1])

    def _wait_for_ticks(self, count: int) -> None:
        due = struct.unpack("Qd", self._memory)[0] + count
        poll_until(lambda: struct.unpack("Qd", self._memory)[0] >= due, "the loop of the server goes on")
