"""Location of the bridge's server: the configured address, else the default local address, else an embedded server.

Without an address (``--url``, ``AGORA_URL``) the default local one is tried first; if no server answers there, the
bridge starts one with the user's data directory, on a free port of the loopback. It publishes its address in that
directory, so that the bridge of a second client uses the same server, and takes over when the first one ends. If a server
at the default address goes away, the bridge waits for it and starts none in its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from urllib.parse import urlsplit

import httpx

from ..credentials import find_data_directory
from .server_client import ServerUnavailable

__all__ = [
    "ADDRESS_FILE",
    "LOCKED_EXIT_CODE",
    "FixedLocation",
    "LocalLocation",
    "is_agora_server",
    "read_published_address_or_none",
]

logger = logging.getLogger("agora.mcp")

ADDRESS_FILE = "embedded-address"
LOCKED_EXIT_CODE = 75  #: exit code of an embedded server if another process holds the data directory
PROBE_SECONDS = 2.0
MAX_HEALTH_BYTES = 65_536
START_SECONDS = 30.0
STOP_SECONDS = 3.0
MAX_ATTEMPTS, PAUSE_SECONDS = 50, 0.2


class FixedLocation:
    """A server at a configured address."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def resolve_address(self) -> str:
        return self._url

    def mark_lost(self) -> None:
        """Do nothing: the address is fixed."""

    async def close(self) -> None:
        """Do nothing: no server was started."""


class LocalLocation:
    """A server on this machine. url: the default address; embedded: start a server without trying that address."""

    def __init__(self, url: str, *, embedded: bool = False) -> None:
        self._default_url, self._embedded = url, embedded
        self._address: str | None = None
        self._is_settled = False
        self._resolution_lock = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def resolve_address(self) -> str:
        async with self._resolution_lock:
            if self._address is None:
                self._address = (
                    self._default_url
                    if self._is_settled
                    else await self._find_running_server() or await self._start_server()
                )
            return self._address

    def mark_lost(self) -> None:
        self._address = None

    async def close(self) -> None:
        """Stop the started server by closing its input."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _find_running_server(self) -> str | None:
        """Find a running server: at the default address, or one started by another bridge."""
        if not self._embedded and await is_agora_server(self._default_url):
            self._is_settled = (
                True  # an independent server: it will come back after a stop, and needs its data directory
            )
            return self._default_url
        published_address = read_published_address_or_none()
        return published_address if published_address and await is_agora_server(published_address) else None

    async def _start_server(self) -> str:
        await self.close()
        logger.info("No server answers at %s; starting one for %s.", self._default_url, find_data_directory())
        command = (sys.executable, "-m", f"{__package__}.embedded")
        self._process = process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(START_SECONDS):
                line = await process.stdout.readline()
        except TimeoutError:
            await self.close()
            raise ServerUnavailable(f"The server did not start within {START_SECONDS:.0f} s") from None
        if line:
            return str(line.decode().strip())
        code = await process.wait()
        self._process = None
        if code == LOCKED_EXIT_CODE:
            return await self._wait_for_other_server()
        raise ServerUnavailable(f"The server could not be started (exit code {code}); its output is above")

    async def _wait_for_other_server(self) -> str:
        """Wait for the server that holds the data directory, which another bridge may have just started. Returns its
        address."""
        for _ in range(MAX_ATTEMPTS):
            if url := await self._find_running_server():
                return url
            await asyncio.sleep(PAUSE_SECONDS)
        raise ServerUnavailable(
            f"A server has the data directory {find_data_directory()} and its address is unknown: pass it with --url"
        )


def read_published_address_or_none() -> str | None:
    """Read the address published by another bridge's server, if it is local."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        url = (find_data_directory() / ADDRESS_FILE).read_text("ascii").strip()
        parts = urlsplit(url)
        # Whoever can write the file must not direct the bridge, with its credentials, to another machine.
        if parts.scheme == "http" and parts.hostname == "127.0.0.1":
            return url
    return None


async def is_agora_server(url: str) -> bool:
    """Whether an Agora server responds at an address."""
    document = b""
    with contextlib.suppress(httpx.HTTPError, ValueError, OSError, RecursionError):
        # Without verification: the request contains no secret, and the answer is only looked at.
        async with (
            # Of the whole answer: another program may send one without an end.
            asyncio.timeout(PROBE_SECONDS),
            httpx.AsyncClient(trust_env=False, verify=False, timeout=PROBE_SECONDS) as client,  # noqa: S501
            client.stream("GET", f"{url}/health") as response,
        ):
            async for part in response.aiter_bytes():
                document += part
                if len(document) > MAX_HEALTH_BYTES:
                    return False
        answer = json.loads(document)
        return isinstance(answer, dict) and {"status", "version"} <= answer.keys()
    return False
