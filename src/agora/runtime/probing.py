"""Asking an instance over HTTP whether it works. Any engine may use it: it needs an address and a path."""

from __future__ import annotations

import asyncio
import time

from .port import Verdict
from .spec import Health

__all__ = ["probe"]

LARGEST = 65_536


async def probe(host: str, port: int, health: Health) -> Verdict:
    """GET the path: healthy with 2xx or 3xx. Raises nothing."""
    began = time.monotonic()

    def verdict(healthy: bool, detail: str) -> Verdict:
        return Verdict(healthy, detail, time.monotonic() - began)

    try:
        async with asyncio.timeout(health.timeout):
            status = await _status(host, port, health.path or "/")
    except TimeoutError:
        return verdict(False, f"it did not answer in {health.timeout:g} seconds")
    except ConnectionRefusedError:
        return verdict(False, "it does not listen")
    except (OSError, EOFError, ValueError) as error:
        return verdict(False, f"it does not speak HTTP: {error}"[:200])
    return verdict(200 <= status < 400, f"HTTP {status}")


async def _status(host: str, port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(host, port, limit=LARGEST)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: agora-health\r\nConnection: close\r\n\r\n"
        writer.write(request.encode("ascii"))
        line = await reader.readuntil(b"\n")
        version, status, *_ = line.decode("latin-1").split()
        if not version.startswith("HTTP/"):
            raise ValueError("no status line")
        return int(status)
    finally:
        writer.transport.abort()
