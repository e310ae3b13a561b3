"""Resources of this host."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from agora.runtimes.port import Capacity

__all__ = ["measure_host"]


def measure_host(root: Path, ports: int) -> Capacity:
    memory = _read_memory()
    disk = shutil.disk_usage(root)
    return Capacity(
        memory=memory.get("MemTotal", 0),
        memory_free=memory.get("MemAvailable", 0),
        cpus=float(len(os.sched_getaffinity(0))),
        gpus=_count_gpus(),
        disk=disk.total,
        disk_free=disk.free,
        ports=ports,
    )


def _read_memory() -> dict[str, int]:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return {parts[0].rstrip(":"): int(parts[1]) * 1024 for line in lines if len(parts := line.split()) >= 2}


def _count_gpus() -> int:
    """Count graphics processors with a loaded driver: NVIDIA's, or AMD's compute driver."""
    try:
        nvidia = len(os.listdir("/proc/driver/nvidia/gpus"))
    except OSError:
        nvidia = 0
    nodes = Path("/sys/class/kfd/kfd/topology/nodes").glob("*/gpu_id")
    return nvidia or sum(node.read_text().strip() != "0" for node in nodes)
