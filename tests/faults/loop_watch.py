"""A thread that interrupts a test whose event loop is blocked, or that of a server that it started."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

__all__ = ["LoopStalled", "LoopWatch", "find_server_stall"]

LIMIT = 5.0  # seconds of CPU time of the loop's thread
INTERVAL = 0.5  # seconds between checks
#: log message of a server's own watchdog
STALL = re.compile(r"The event loop has been blocked for [\d.]+ s, using ([\d.]+) s of CPU time, in:.*", re.DOTALL)


def find_server_stall(directory: Path, limit: float = LIMIT) -> str | None:
    """Find the first block that used too much CPU time in the logs of the servers below a directory."""
    for log in directory.rglob("*.log"):
        for line in log.read_text(errors="replace").split("\n20"):  # each line begins with its time
            if (match := STALL.search(line)) and float(match[1]) >= limit:
                return f"{log}: {match[0]}"
    return None


class LoopStalled(AssertionError):
    """An event loop was blocked."""


class LoopWatch(threading.Thread):
    """Interrupts the test with a signal if its loop computes too long without running a callback."""

    def __init__(self, loop: asyncio.AbstractEventLoop, directory: Path, limit: float = LIMIT) -> None:
        super().__init__(name="fault-watchdog", daemon=True)
        self._loop, self._directory, self.limit, self._watched_thread = loop, directory, limit, threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self._watched_thread)
        self.stopped = threading.Event()
        self.reason = ""

    def run(self) -> None:
        answered, cpu = self._ping(), self._cpu_seconds()
        while not self.stopped.wait(INTERVAL):
            if answered.is_set():
                answered, cpu = self._ping(), self._cpu_seconds()
            elif (used := self._cpu_seconds() - cpu) >= self.limit:
                stack = "".join(traceback.format_stack(sys._current_frames()[self._watched_thread])[-20:])
                self._interrupt(f"the test's event loop has used {used:.1f} s of CPU time in one callback:\n{stack}")
                return
            if stall := find_server_stall(self._directory, self.limit):
                self._interrupt(stall)
                return

    def _ping(self) -> threading.Event:
        answered = threading.Event()
        self._loop.call_soon_threadsafe(answered.set)
        return answered

    def _cpu_seconds(self) -> float:
        return time.clock_gettime(self._clock)

    def _interrupt(self, reason: str) -> None:
        self.reason = reason
        signal.pthread_kill(self._watched_thread, signal.SIGUSR2)
