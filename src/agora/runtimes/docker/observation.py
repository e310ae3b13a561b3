"""Docker container states as the port's observations."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from agora.clock import SECOND
from agora.runtimes.port import ExitReason, ProcessExit, Usage

__all__ = ["STATE_BY_STATUS", "parse_time_or_none", "to_exit", "to_usage"]

#: states of the port by those of the engine; ``created`` has not started
STATE_BY_STATUS = {
    "running": "running",
    "restarting": "running",
    "paused": "paused",
    "exited": "exited",
    "dead": "exited",
}
SIGNAL_NUMBERS = {int(each) for each in signal.Signals}
LOST_EXIT_CODE = 255  #: exit code of containers that the engine finds dead after its own restart


def parse_time_or_none(text: str) -> int | None:
    """Parse an engine's time to microseconds since 1970; None for year 1, which means never."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    if not whole or whole.startswith("0001-"):
        return None
    seconds = datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp()
    return int(seconds) * SECOND + int((fraction + "000000")[:6])


def to_exit(state: Mapping[str, Any], *, stopped: bool) -> ProcessExit:
    """Convert to the exit of a container. stopped: whether a stop was requested."""
    code, at = int(state["ExitCode"]), parse_time_or_none(str(state["FinishedAt"]))
    if at is None or (code == LOST_EXIT_CODE and not stopped and not state.get("OOMKilled")):
        return ProcessExit(reason="stopped" if stopped else "lost", at=at if stopped else None)
    number = code - 128 if code - 128 in SIGNAL_NUMBERS else None
    reason: ExitReason = "stopped" if stopped else "memory" if state.get("OOMKilled") and code else "exited"
    return ProcessExit(None if number else code, number, reason, at)


def to_usage(stats: Mapping[str, Any]) -> Usage:
    """Convert to the resource usage of a container, for both versions of cgroups, without reclaimable page cache."""
    memory = stats.get("memory_stats") or {}
    detail = memory.get("stats") or {}
    idle = detail.get("total_inactive_file", detail.get("inactive_file", 0))
    networks = (stats.get("networks") or {}).values()
    return Usage(
        cpu_seconds=stats.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage", 0) / 1e9,
        rss=max(0, memory.get("usage", 0) - idle),
        processes=int((stats.get("pids_stats") or {}).get("current", 0)),
        received=sum(each["rx_bytes"] for each in networks) if networks else None,
        sent=sum(each["tx_bytes"] for each in networks) if networks else None,
    )
