"""Measurement of the longest time for which a server's event loop was blocked, in CPU time: the minimum wait of other
callers.

A one-millisecond timer runs on the server's loop, started by a signal; between two of its ticks the loop has not polled
its sockets. CPU time of the loop's thread is measured, so other programs on the machine have no influence.
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
    """A probe in one server. environment: for the start of the server; then call :meth:`attach`."""

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
        """Start measuring in a ready server."""
        os.kill(pid, signal.SIGUSR1)
        self._wait_for_ticks(1)

    def reset(self) -> None:
        """Reset the measurement."""
        self._memory[8:] = bytes(8)

    def longest(self) -> float:
        """Return the seconds of CPU time of the longest block since the reset, including the most recent work."""
        self._wait_for_ticks(2)
        return float(struct.unpack("Qd", self._memory)[1])

    def _wait_for_ticks(self, count: int) -> None:
        due = struct.unpack("Qd", self._memory)[0] + count
        poll_until(lambda: struct.unpack("Qd", self._memory)[0] >= due, "the server's loop runs again")
