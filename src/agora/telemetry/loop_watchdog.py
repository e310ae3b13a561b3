"""A thread that detects a blocked event loop, and logs its stack.

The thread schedules a callback on the loop twice in each threshold. A callback that does not run within the threshold
is a stall: it is counted, and the stack of the loop's thread is logged repeatedly while it lasts, at doubling
intervals. A stall without CPU usage waits (for a lock or disk); one with full CPU usage computes or loops forever.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback

from agora.value_classes import value_class

__all__ = ["LoopWatchdog", "Stall"]

log = logging.getLogger(__name__)

MAX_FRAMES = 40  # innermost frames of a stack
MAX_LOG_INTERVAL = 60.0  # seconds between stacks of one stall


@value_class
class Stall:
    """A stall of the loop.

    began: seconds since 1970. seconds: duration, so far if not ended. cpu_seconds: CPU time of the loop's thread in it.
    """

    began: float
    seconds: float
    cpu_seconds: float
    stack: str
    ended: bool


class LoopWatchdog:
    """Watches one event loop. threshold: seconds without a callback that count as a stall; 0 disables it.

    ``stalls`` and ``stalled_seconds`` are totals since the start; ``last`` is the latest stall, including a current
    one.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.stalls = 0
        self.stalled_seconds = 0.0
        self.last: Stall | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch the running loop; called in its thread."""
        if self.threshold <= 0:
            return
        self._loop, self._ident = asyncio.get_running_loop(), threading.get_ident()
        self._cpu_clock = time.pthread_getcpuclockid(self._ident)
        self._thread = threading.Thread(target=self._watch_loop, name="loop-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, without using the loop."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    # -- in the thread ---------------------------------------------------------------------------

    def _watch_loop(self) -> None:
        while not self._stopped.wait(self.threshold / 2):
            answered = threading.Event()
            start, cpu_start = time.monotonic(), self._read_cpu_seconds()
            try:
                self._loop.call_soon_threadsafe(answered.set)
            except RuntimeError:  # the loop is closed
                return
            if answered.wait(self.threshold) or self._was_process_suspended(start, cpu_start, answered):
                continue
            self._record_stall(answered, start, cpu_start)

    def _was_process_suspended(self, start: float, cpu_start: float, answered: threading.Event) -> bool:
        """Whether the whole process was suspended (SIGSTOP, a sleeping machine), so that the loop could not respond."""
        overslept = time.monotonic() - start > 2 * self.threshold
        idle = self._read_cpu_seconds() - cpu_start < self.threshold / 2
        return overslept and idle and answered.wait(self.threshold)

    def _record_stall(self, answered: threading.Event, start: float, cpu_start: float) -> None:
        """Count a stall, and log the stack until the loop responds."""
        started_at, pause = time.time() - (time.monotonic() - start), self.threshold
        self.stalls += 1
        has_ended = False
        while not has_ended and not self._stopped.is_set():
            stack = self._format_stack()
            self.last = self._build_stall(started_at, start, cpu_start, stack)
            log.error(
                "The event loop has been blocked for %.1f s, using %.1f s of CPU time, in:\n%s",
                self.last.seconds,
                self.last.cpu_seconds,
                stack,
            )
            has_ended = answered.wait(pause)
            pause = min(2 * pause, MAX_LOG_INTERVAL)
        self.last = self._build_stall(started_at, start, cpu_start, stack, ended=True)
        self.stalled_seconds += self.last.seconds
        log.warning(
            "The event loop runs again after %.1f s, %.1f s of them on the CPU.",
            self.last.seconds,
            self.last.cpu_seconds,
        )

    def _build_stall(self, began: float, start: float, cpu_start: float, stack: str, *, ended: bool = False) -> Stall:
        return Stall(began, time.monotonic() - start, self._read_cpu_seconds() - cpu_start, stack, ended)

    def _read_cpu_seconds(self) -> float:
        return time.clock_gettime(self._cpu_clock)

    def _format_stack(self) -> str:
        """Format the innermost frames of the loop's thread, without values of variables, which may be secret."""
        frame = sys._current_frames().get(self._ident)
        return (
            "".join(traceback.format_stack(frame)[-MAX_FRAMES:]).rstrip() if frame is not None else "(no Python code)"
        )
