"""Servers under test as separate processes, and their resource usage."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.processes import spawn_tethered

__all__ = ["Server", "agora", "anchor", "cpu_of", "free_port"]

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of all threads of a process (nanosecond counters if the kernel has them)."""
    with contextlib.suppress(OSError, ValueError):
        total = 0
        for thread in Path(f"/proc/{pid}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
        return total / 1e9
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """Return the CPU seconds used so far."""
        return cpu_of(self.process.pid)

    def memory(self) -> float:
        """Return the resident memory in MB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def wait(self, path: str = "/ready", seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                urllib.request.urlopen(self.url + path, timeout=1).close()
                return
            except OSError as error:
                if getattr(error, "code", None) in (404, 405, 406, 422):
                    return
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError(f"the server did not start: {error}") from error
                time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _running(command: list[str], port: int, path: str, environment: dict[str, str]) -> Iterator[Server]:
    process = spawn_tethered(command, env=os.environ | environment, stdout=subprocess.DEVNULL)
    try:
        server = Server(process, port)
        server.wait(path)
        yield server
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def agora(directory: Path, variables: Mapping[str, str] = {}, /, **settings: str) -> Iterator[Server]:
    """Run ``agora serve`` on a free port. variables: additional environment variables."""
    port = free_port()
    environment = {f"AGORA_{name.upper()}": value for name, value in settings.items()}
    environment |= {"AGORA_DATA_DIR": str(directory), "AGORA_EVENTS_PORT": "0", "AGORA_PORT": str(port)}
    environment = dict(variables) | environment
    environment.setdefault("AGORA_LOG_LEVEL", "warning")
    with _running([sys.executable, "-m", "agora.cli", "serve"], port, "/ready", environment) as server:
        yield server


@contextlib.contextmanager
def anchor(name: str, path: str = "/") -> Iterator[Server]:
    """Run an ASGI application, such as ``benchmarks.anchors:app``, with uvicorn and the same loop and parser as
    ours."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", name, "--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    command += ["--log-level", "error", "--no-access-log", "--no-server-header", "--no-date-header"]
    with _running(command, port, path, {}) as server:
        yield server
