"""The venue: a server that runs already, or one for the occasion."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from agora_sdk.errors import ServerUnreachable

__all__ = ["Venue", "venue"]

DEFAULT_URL = "http://127.0.0.1:8080"
START_SECONDS = 15.0
STOP_SECONDS = 5.0
PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Venue:
    """Where the demo takes place. ``token`` is the operator's, if the server is the demo's own."""

    url: str
    token: str | None = None


@asynccontextmanager
async def venue(url: str | None, directory: Path, say: Callable[[str], None]) -> AsyncIterator[Venue]:
    """A ready server until the block ends; raises ServerUnreachable if the given one does not answer."""
    wanted = url or os.environ.get("AGORA_URL") or DEFAULT_URL
    if await _is_ready(wanted):
        say(f"Using the server at {wanted}.")
        yield Venue(wanted)
        return
    if url:
        raise ServerUnreachable(f"No Agora server is ready at {url}.", fix="Start it, or leave the address out.")
    async with _own(directory) as own:
        say(f"No server is ready at {wanted}: started one at {own.url}.")
        yield own


async def _is_ready(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=PROBE_SECONDS) as client:
            return (await client.get(f"{url.rstrip('/')}/ready")).status_code == 200
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


@asynccontextmanager
async def _own(directory: Path) -> AsyncIterator[Venue]:
    """A server process with its data in the directory; nothing of the person's settings reaches it."""
    port, data, log = _free_port(), directory / "data", directory / "server.log"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AGORA_")}
    environ |= {"AGORA_PORT": str(port), "AGORA_EVENTS_PORT": "0", "AGORA_DATA_DIR": str(data)}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agora.cli", "serve"),
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            env=environ,
            cwd=directory,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        await _until_ready(url, process, log)
        yield Venue(url, (data / "admin-token").read_text("utf-8").strip())
    finally:
        await _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _until_ready(url: str, process: Process, log: Path) -> None:
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
    raise ServerUnreachable(f"The demo's own server did not start. It said: {_text(log) or 'nothing'}")


def _text(log: Path) -> str:
    return log.read_text("utf-8", "replace").strip()


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
