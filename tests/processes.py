"""Child processes of tests: none outlives the test process that started it, whatever interrupts the run."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["process_cpu_seconds", "process_rss_bytes", "spawn_tethered"]

PR_SET_PDEATHSIG = 1  # Linux prctl(2): the signal a process gets when its parent ends
_libc = ctypes.CDLL(None, use_errno=True)


def spawn_tethered(
    command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a process that the kernel kills (SIGKILL) when this process ends, even by SIGKILL.

    The signal follows the thread that forks, so call this from a thread that lives as long as the test does.
    """
    parent = os.getpid()

    def tether() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended between fork and prctl
            os.kill(os.getpid(), signal.SIGKILL)

    return subprocess.Popen([str(part) for part in command], env=env, preexec_fn=tether, **options)


def process_rss_bytes(pid: int) -> int:
    """Resident memory of one process, in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def process_cpu_seconds(pid: int) -> float:
    """User and system CPU time of one process so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
