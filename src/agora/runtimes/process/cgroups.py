"""Control groups (version 2): limits that the kernel enforces for all processes of an instance together.

They are used if a directory is delegated to the server, for example by systemd with ``Delegate=yes``; otherwise
resource limits and the guard are used.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from agora.runtimes.spec import Limits

__all__ = ["Cgroups", "find_delegated_group"]

MOUNT_POINT = Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "memory", "pids")
PERIOD_MICROSECONDS = 100_000  # microseconds


def find_delegated_group() -> Path | None:
    """Find the group that systemd delegated to this process; for root, a separate one beside the system's; or None."""
    return _find_systemd_group() or (
        MOUNT_POINT / "agora" if os.geteuid() == 0 and (MOUNT_POINT / "cgroup.controllers").exists() else None
    )


def _find_systemd_group() -> Path | None:
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    own_cgroup = next((line[3:] for line in lines if line.startswith("0::/")), None)
    if own_cgroup is None:
        return None
    group = MOUNT_POINT / own_cgroup.lstrip("/")
    for candidate in (group, group.parent):  # with DelegateSubgroup=, the server is in a subgroup
        with suppress(OSError):
            if os.getxattr(candidate, "user.delegate") == b"1":
                return candidate
    return None


class Cgroups:
    """Groups below a parent. controllers: those available there; none without a parent."""

    def __init__(self, parent: Path | None) -> None:
        self._parent = parent
        self.controllers: frozenset[str] = frozenset()
        if parent is not None:
            with suppress(OSError):
                parent.mkdir(exist_ok=True)
                self.controllers = _enable_controllers(parent)

    def create_group(self, instance_id: str, limits: Limits) -> Path | None:
        """Create a group with limits for an instance; None without groups."""
        if self._parent is None or not self.controllers:
            return None
        group = self._parent / f"agora-{instance_id}"
        group.mkdir(exist_ok=True)
        values = {
            "memory.max": str(limits.memory or "max"),
            # All processes of the instance are killed together, instead of the largest one alone.
            "memory.oom.group": "1",
            "pids.max": str(limits.pids or "max"),
            "cpu.max": f"{round(limits.cpu * PERIOD_MICROSECONDS)} {PERIOD_MICROSECONDS}"
            if limits.cpu
            else f"max {PERIOD_MICROSECONDS}",
        }
        for name, value in values.items():
            if name.split(".")[0] in self.controllers:
                (group / name).write_text(value)
        return group

    def remove_group(self, instance_id: str) -> None:
        if self._parent is not None:
            with suppress(OSError):
                (self._parent / f"agora-{instance_id}").rmdir()


def _enable_controllers(parent: Path) -> frozenset[str]:
    offered = set((parent / "cgroup.controllers").read_text().split()) & set(CONTROLLERS)
    control = parent / "cgroup.subtree_control"
    for name in offered:
        with suppress(OSError):
            # One by one: the kernel refuses a write as a whole if it refuses one controller.
            control.write_text(f"+{name}")
    return frozenset(offered & set(control.read_text().split()))
