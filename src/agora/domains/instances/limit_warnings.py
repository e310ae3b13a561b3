"""Warnings about limits that an engine cannot enforce, in responses about an instance and by ``agora doctor``."""

from __future__ import annotations

import math

from agora.core.call import decode_json

from .records import HostRow, InstanceRow
from .specs import parse_effective_limits

__all__ = ["find_limit_warnings"]


def find_limit_warnings(row: InstanceRow, host: HostRow | None) -> list[str]:
    """Build a sentence for each limit of an instance that its engine does not enforce on this host."""
    if host is None:
        return []
    enforcement = decode_json(host.capacity).get("limits", {}).get(row.engine)
    if enforcement is None:  # not reported by the host: a hosting agent, or before its first heartbeat
        return []
    try:
        limits, warnings = parse_effective_limits(row), []
    except ValueError:  # a manifest that is no longer readable: responses must not fail
        return []
    for name in ("memory", "cpu", "pids", "disk"):
        limit, mode = getattr(limits, name), enforcement.get(name, "none")
        if limit is not None and (text := _describe_unenforced_limit(name, limit, mode)) is not None:
            warnings.append(f"The engine {row.engine} of the host {host.name} {text}")
    return warnings


def _describe_unenforced_limit(name: str, limit: float, enforcement: str) -> str | None:
    """Describe the part of a limit that an engine does not enforce; None if it enforces the whole limit."""
    if enforcement == "none":
        return f"does not enforce {name}_limit."
    if name == "cpu" and enforcement == "affinity" and limit != int(limit):
        cores = math.ceil(limit)
        return (
            f"does not enforce cpu_limit {limit:g}: the instance may use {cores} whole core{'s' if cores > 1 else ''}. "
            "It takes a delegated control group, or the engine docker."
        )
    if name == "disk" and enforcement == "rlimit":
        return "applies disk_limit to each file, not to all of them together."
    return None
