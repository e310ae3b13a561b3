"""The health monitor: samples of the server's own measurements over the last hour.

A query may await only the store, so every other measurement of the health report is taken here, every few seconds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Protocol

from agora.clock import SECOND, Clock
from agora.core.ports import Port
from agora.daemon_threads import DaemonThreadCall
from agora.domains.bus.engines.port import Bridge
from agora.store.port import Store, StoreUnavailable
from agora.telemetry import LoopWatchdog
from agora.value_classes import value_class

from . import trend

__all__ = ["HEALTH_MONITOR", "HealthMonitor", "LoopStatus", "Probe", "Sample", "measure_disk", "measure_memory"]

log = logging.getLogger(__name__)

SAMPLE_INTERVAL = 5.0
WINDOW_SECONDS = 3600.0
CHECK_SECONDS = 10.0  # time without an answer after which an engine is unreachable
PROBE_SECONDS = 3.0  # time limit for committing a row; if it is exceeded, calls cannot be served
PROBE_MAX_AGE = 1.5  # seconds for which the result of a successful probe is reused
UNREACHABLE = "unreachable"

Measurement = Callable[[], Mapping[str, float]]


class LoopStatus(Protocol):
    """Status of a controller for health reports."""

    name: str
    interval: float
    last_run: int | None
    failures: int
    last_error: str | None


@value_class
class Sample:
    """One measurement.

    failure: why the store did not answer, None if it did. values: disk_free, disk_total, memory_rss,
    memory_available, memory_total in bytes; event_lag; statistics of the store.
    """

    at: int
    failure: str | None
    values: Mapping[str, float] = field(default_factory=dict)


@value_class
class Probe:
    """The result of a test write to the store. seconds: its duration. failure: the reason, as a sentence.

    cause: the failure as a code, as in :class:`agora_sdk.errors.StorageUnavailable`. at: end time, in seconds of the
    monotonic clock.
    """

    seconds: float
    failure: str | None = None
    cause: str = UNREACHABLE
    at: float = 0.0


class HealthMonitor:
    """A ring buffer of samples, one every ``interval`` seconds, for an hour; and the last probe of the store.

    live: counters of the event streams. disk, memory: measure them.
    draining: set when the server has begun to stop. watchdog: counts blockages of the event loop. bus: state of Redis,
    if used; needs_bus: whether the server is not ready without it.
    on_failure: called when a probe has failed.
    check_seconds: time without an answer after which an engine is unreachable. probe_seconds: limit of one commit.
    """

    interval = SAMPLE_INTERVAL
    check_seconds, probe_seconds = CHECK_SECONDS, PROBE_SECONDS

    def __init__(
        self,
        store: Store,
        clock: Clock,
        live: Mapping[str, int],
        directory: Path,
        *,
        disk: Measurement | None = None,
        memory: Measurement | None = None,
    ) -> None:
        self._store, self._clock, self._live = store, clock, live
        self._disk = DaemonThreadCall(disk or partial(measure_disk, directory), "agora-disk-usage")
        self._memory = memory or measure_memory
        # Bounded by its length; an hour is the longest window of a trend.
        self.samples: deque[Sample] = deque(maxlen=int(WINDOW_SECONDS / SAMPLE_INTERVAL))
        self.loops: Sequence[LoopStatus] = ()
        self.draining = False
        self.watchdog = LoopWatchdog(0)
        self.last_probe: Probe | None = None
        self.on_failure: Callable[[], None] = lambda: None
        self._probing: asyncio.Task[Probe] | None = None
        self.bus: Callable[[], Bridge | None] = lambda: None
        self.needs_bus = False

    async def take_sample(self) -> Sample:
        """Take all measurements now. A failure of the store is a result, not an error."""
        values, failure = dict(await self._measure_disk()) | dict(self._memory()), None
        values["event_lag"] = float(self._live.get("lag", 0))
        try:
            async with asyncio.timeout(self.check_seconds):
                values |= await self._store.measure_health()
        except TimeoutError:
            failure = f"no answer within {self.check_seconds:g} s"
        except Exception as error:
            log.warning("the store failed its check", exc_info=error)
            failure = _describe_failure(error)
        sample = Sample(self._clock.now(), failure, values)
        self.samples.append(sample)
        return sample

    async def _measure_disk(self) -> Mapping[str, float]:
        """Measure the disk in a thread; empty if it does not answer in time.

        A network disk that hangs blocks the thread, possibly for ever. So only the sample that started it waits for it.
        """
        if self._disk.is_running:
            return {}
        try:
            async with asyncio.timeout(self.check_seconds):
                return await self._disk.run()
        except TimeoutError:
            log.warning("the disk could not be measured within %g s", self.check_seconds)
        except Exception:
            log.exception("a measurement failed")
        return {}

    async def probe_store(self) -> Probe:
        """Commit a row to the store now. A failure is a result, not an error; the store logs its outages itself."""
        started_at, failure, cause = time.perf_counter(), None, UNREACHABLE
        try:
            async with asyncio.timeout(self.probe_seconds):
                await self._store.probe_write()
        except TimeoutError:
            failure = f"no commit within {self.probe_seconds:g} s"
        except StoreUnavailable as error:
            failure, cause = _describe_failure(error), error.extra["cause"]
        except Exception as error:
            failure = type(error).__name__
        previous_failure = self.last_probe.failure if self.last_probe is not None else None
        if failure is not None and previous_failure is None:
            log.warning("not ready: %s", failure)
        elif failure is None and previous_failure is not None:
            log.warning("ready again")
        self.last_probe = Probe(time.perf_counter() - started_at, failure, cause, time.monotonic())
        if failure is not None:
            self.on_failure()
        return self.last_probe

    async def refresh_store_probe(self) -> None:
        """Probe again if the last success is not recent; concurrent callers share one probe.

        A failure is reported at once: the subscriber (``on_failure``) probes until the store is back.
        """
        probe = self.last_probe
        recent = probe is not None and time.monotonic() - probe.at < PROBE_MAX_AGE
        # /ready is public: requests must not be able to cause a write each.
        if recent or self.probe_failure or self.draining:
            return
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self.probe_store())
        await asyncio.shield(self._probing)  # a cancelled caller does not end the probe for the others

    @property
    def probe_failure(self) -> str | None:
        """Why the last probe failed; None if it succeeded."""
        return self.last_probe.failure if self.last_probe is not None else None

    @property
    def latest_sample(self) -> Sample | None:
        """The last measurement; None before the first."""
        return self.samples[-1] if self.samples else None

    def seconds_since_sample(self, now: int) -> float | None:
        """Seconds since the last measurement."""
        return (now - self.samples[-1].at) / SECOND if self.samples else None

    def estimate_seconds_until(self, name: str, limit: float, *, window: float, at_least: float) -> float | None:
        """Seconds until a value reaches a limit, by the trend of the last ``window`` seconds."""
        if not self.samples:
            return None
        since = self.samples[-1].at - window * SECOND
        points = [
            (sample.at / SECOND, sample.values[name])
            for sample in self.samples
            if sample.at >= since and name in sample.values
        ]
        return trend.seconds_until(points, limit, at_least=at_least)

    def find_outage_reason(self) -> str | None:
        """Why calls cannot be served now; None if they can."""
        if self.draining:
            return "The server is shutting down."
        sample = self.latest_sample
        if sample is None:
            return "The store has not been checked yet."
        failure = self.last_probe.failure if self.last_probe is not None else sample.failure
        if failure is not None:
            return f"The store takes no writes: {failure.rstrip('.')}."
        # A failed sample has no values of the store.
        if sample.failure is None and sample.values["queue_depth"] >= sample.values["queue_limit"]:
            return "The store's write queue is full."
        if self.needs_bus and (error := self.find_bus_error()):
            return error
        return None

    @property
    def is_store_unreadable(self) -> bool:
        """Whether the store cannot even be read; a store that takes no writes may still be readable."""
        return (
            self.last_probe is not None
            and self.last_probe.failure is not None
            and self.last_probe.cause in (UNREACHABLE, "timeout")
        )

    def describe_components(self) -> dict[str, str]:
        """States of the server's dependencies: ``ok``, or the cause for the store and ``unreachable`` for the bus.

        The bus is included only if it is Redis.
        """
        probe = self.last_probe
        states = {"store": "ok" if probe is None or probe.failure is None else probe.cause}
        if self.bus() is not None:
            states["bus"] = "unreachable" if self.find_bus_error() else "ok"
        return states

    def find_bus_error(self) -> str | None:
        """Why Redis cannot be reached; None if it can, or if the bus is embedded."""
        bridge = self.bus()
        return None if bridge is None or bridge.connected else f"Redis cannot be reached: {bridge.error}."


def _describe_failure(error: Exception) -> str:
    """Describe a failure of the store without its error text, which may contain a password."""
    return error.detail if isinstance(error, StoreUnavailable) else type(error).__name__


# -- the machine -------------------------------------------------------------------------------


def measure_disk(directory: Path) -> dict[str, float]:
    """Measure the disk of a directory, in bytes; empty if the system does not provide it."""
    try:
        disk = shutil.disk_usage(directory)
    except OSError:
        log.debug("the disk cannot be measured", exc_info=True)
        return {}
    return {"disk_free": float(disk.free), "disk_total": float(disk.total)}


def measure_memory(root: Path = Path("/")) -> dict[str, float]:
    """Measure the memory of this process and its machine or container, in bytes; empty if the system does not provide it.

    root: where its ``proc`` and ``sys`` are.
    """
    try:
        return _read_memory(root)
    except (OSError, ValueError, IndexError, KeyError):
        log.debug("the memory cannot be measured", exc_info=True)
        return {}


def _read_memory(root: Path) -> dict[str, float]:
    rss = float(int((root / "proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    lines = (line.split() for line in (root / "proc/meminfo").read_text("ascii").splitlines())
    machine = {words[0].rstrip(":"): float(words[1]) * 1024 for words in lines}
    total, available = machine["MemTotal"], machine["MemAvailable"]
    limit = _read_container_limit(root)
    if limit is not None and limit < total:
        # Only this process is subtracted: the container's own count includes the page cache, which the kernel gives back.
        total, available = limit, min(available, limit - rss)
    return {"memory_rss": rss, "memory_available": available, "memory_total": total}


def _read_container_limit(root: Path) -> float | None:
    """Read the memory limit of the container in bytes; None if it has none."""
    try:
        return float((root / "sys/fs/cgroup/memory.max").read_text("ascii"))
    except (OSError, ValueError):  # no limit, or "max"
        return None


#: the measurements of the server itself
HEALTH_MONITOR: Port[HealthMonitor] = Port("health monitor")
