"""A server process that the suite kills and restarts with the same data and port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.harness import free_port
from tests.polling import eventually
from tests.processes import spawn_tethered

__all__ = ["Victim"]

STARTING = 30.0


class Victim:
    """``agora serve`` in a separate process."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.directory, self.port = directory, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = directory.parent / "server.log"
        self.settings = {"rate_basic": "1000000", "log_level": "warning", "loop_stall_seconds": "5"} | settings
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> Path:
        return self.directory / "agora.db"

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AGORA_")}
        environment |= {f"AGORA_{name.upper()}": value for name, value in self.settings.items()}
        environment |= {"AGORA_DATA_DIR": str(self.directory), "AGORA_PORT": str(self.port), "AGORA_EVENTS_PORT": "0"}
        with self.log.open("ab") as log:
            self.process = spawn_tethered(
                [sys.executable, "-m", "agora.cli", "serve"], env=environment, stdout=log, stderr=log
            )
        async with httpx.AsyncClient(base_url=self.url) as client:
            await eventually(lambda: self._is_ready(client), bool, STARTING)

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the server ended:\n{self.log.read_text()[-4000:]}"
        try:
            return (await client.get("/ready")).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """Send SIGKILL: nothing is flushed."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self, seconds: float = 20.0) -> int:
        """Send SIGTERM: the server drains. Returns its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)
