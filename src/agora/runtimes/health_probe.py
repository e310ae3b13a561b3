"""Health probes of instances, over HTTP or by a TCP connection. Used by engines whose instances have an address."""

from __future__ import annotations

import asyncio
import time

from agora.net.egress_policy import EgressPolicy
from agora.net.http_client import ConnectionLost, HttpClient
from agora.runtimes.port import HealthResult
from agora.runtimes.spec import Health

__all__ = ["probe_health"]

CLOSE_SECONDS = 0.1  #: seconds within which a proxy closes a connection if no process listens behind it


async def probe_health(host: str, port: int, health: Health) -> HealthResult:
    """Probe an instance. With a path, GET it: healthy with 2xx or 3xx. Without, connect: healthy if accepted. Raises no
    errors."""
    started_at = time.monotonic()

    def build_result(healthy: bool, detail: str) -> HealthResult:
        return HealthResult(healthy, detail, time.monotonic() - started_at)

    try:
        async with asyncio.timeout(health.timeout):
            if health.path is None:
                await _probe_connection(host, port)
                return build_result(True, "it listens")
            # A connection per probe: a pooled one would hide that the program no longer accepts any. One second more than the
            # probe's own timeout, which decides.
            client = HttpClient(f"http://{host}:{port}", EgressPolicy(private=True), health.timeout + 1, None)
            headers = {"host": client.host, "user-agent": "agora-health"}
            try:
                status = (await client.request("GET", health.path, headers)).status
            finally:
                client.close()
    except TimeoutError:
        return build_result(False, f"it did not answer in {health.timeout:g} seconds")
    except ConnectionRefusedError:
        return build_result(False, "it does not listen")
    except ConnectionError as error:
        return build_result(False, f"it does not listen: {error}"[:200])
    except (ConnectionLost, OSError, ValueError) as error:
        return build_result(False, f"it does not speak HTTP: {error}"[:200])
    return build_result(200 <= status < 400, f"HTTP {status}")


async def _probe_connection(host: str, port: int) -> None:
    """Connect, and check that the connection stays open: a container's port is accepted by a proxy before it reaches
    the program."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            if not await reader.read(1):
                raise ConnectionResetError("the connection was closed at once")
    except TimeoutError:
        pass
    finally:
        writer.transport.abort()
