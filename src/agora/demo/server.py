"""The demo's server: a running one, or a temporary one."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from agora.runtimes.process import orphans
from agora.settings import ConfigurationError, Settings
from agora_sdk.errors import ServerUnreachable

__all__ = ["DemoServer", "OwnServer", "use_server"]

DEFAULT_URL = "http://127.0.0.1:8080"
START_SECONDS = 15.0
STOP_SECONDS = 5.0
PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class DemoServer:
    """The server of the demo.

    data_dir: data directory of a server on this machine, if known. token: the operator's, if
    the server is the demo's own, which is ``own_server``.
    """

    url: str
    data_dir: Path
    token: str | None = None
    own_server: OwnServer | None = None


class OwnServer:
    """A server process of the demo: it can be killed and restarted at the same address."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.data_dir, self.log = directory, directory / "data", directory / "server.log"
        self.port = _find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: Process | None = None

    async def start_process(self) -> None:
        """Start the process and wait until it is ready; raises ServerUnreachable if it does not start."""
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "agora.cli", "serve"),
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                env=self._build_server_environment(),
                cwd=self.directory,
                start_new_session=True,
            )
        await _wait_until_ready(self.url, self._process, self.log)

    def _build_server_environment(self) -> Mapping[str, str]:
        """Build the environment of the server, without the user's settings."""
        # The user's settings would give the demo the user's database, or other limits than it expects.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("AGORA_")}
        first = 20_000 + (os.getpid() * 37) % 9_900  # concurrent demos use different ports
        return environ | {
            "AGORA_PORT": str(self.port),
            "AGORA_EVENTS_PORT": "0",
            "AGORA_DATA_DIR": str(self.data_dir),
            "AGORA_INSTANCE_PORTS": f"{first}-{first + 99}",
            "AGORA_INSTANCE_CHECK": "0.5",
        }

    async def kill(self) -> int:
        """Kill the server with SIGKILL, so that nothing is flushed. Return how the process ended."""
        assert self._process is not None
        self._process.kill()
        return await self._process.wait()

    async def stop(self) -> None:
        """Stop the server and its instances."""
        if self._process is not None:
            await _stop_process(self._process)
        # Reads all processes of this machine.
        await asyncio.to_thread(self._end_instances)

    def _end_instances(self) -> None:
        """Terminate instances left by an interrupted demo: instances outlive their server."""
        host = self.data_dir / "host-id"
        if host.exists():
            orphans.kill_processes_with_variables([f"AGORA_INSTALLATION={host.read_text('ascii').strip()}".encode()])


@asynccontextmanager
async def use_server(url: str | None, directory: Path, print_line: Callable[[str], None]) -> AsyncIterator[DemoServer]:
    """Use a ready server until the block ends; raises ServerUnreachable if the given one does not answer."""
    candidate = url or os.environ.get("AGORA_URL") or DEFAULT_URL
    if await _is_ready(candidate):
        print_line(f"Using the server at {candidate}.")
        # Perhaps another server's data directory: the address does not tell.
        yield DemoServer(candidate, _find_default_data_dir())
        return
    if url:
        raise ServerUnreachable(f"No Agora server is ready at {url}.", fix="Start it, or leave the address out.")
    async with _run_own_server(directory) as own:
        print_line(f"No server is ready at {candidate}: started one at {own.url}.")
        yield own


def _find_default_data_dir() -> Path:
    """Return the default data directory of this user's server, whether or not that server is running."""

    try:
        return Settings.load_settings().data_dir
    except ConfigurationError:
        return Path(os.devnull)


async def _is_ready(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=PROBE_SECONDS) as client:
            return (await client.get(f"{url.rstrip('/')}/ready")).status_code == 200
    # InvalidURL is no HTTPError.
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


@asynccontextmanager
async def _run_own_server(directory: Path) -> AsyncIterator[DemoServer]:
    """Run a server process with its data in the directory."""
    server = OwnServer(directory)
    try:
        await server.start_process()
        token = (server.data_dir / "admin-token").read_text("utf-8").strip()
        yield DemoServer(server.url, server.data_dir, token, server)
    finally:
        # Also if the start failed: the process may be running without being ready.
        await server.stop()


def _find_free_port() -> int:
    with socket.socket() as probe:
        # Free when asked; another process can take it before the server does, which then does not start.
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _wait_until_ready(url: str, process: Process, log: Path) -> None:
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await _is_ready(url):
                if process.returncode is not None:
                    break
                await asyncio.sleep(0.05)
            else:
                return
    except TimeoutError:
        pass
    raise ServerUnreachable(f"The demo's own server did not start. It said: {_read_log(log) or 'nothing'}")


def _read_log(log: Path) -> str:
    return log.read_text("utf-8", "replace").strip()


async def _stop_process(process: Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
