"""Client of a Consul agent's HTTP API (https://developer.hashicorp.com/consul/api-docs/agent/service).

The service is registered with a health check that the Consul agent runs. The agent deregisters a service that is
critical for too long, so a crashed server disappears from the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from agora_sdk.errors import UpstreamFailed, UpstreamUnavailable

__all__ = ["Consul", "Service"]

SECONDS = 5.0
INTERVAL, TIMEOUT, DEREGISTERED = "10s", "5s", "90s"  # Consul drops nothing sooner than after a minute


@dataclass(frozen=True, slots=True)
class Service:
    """A service registration. address: empty for the Consul agent's own. check: URL that responds 200 while healthy."""

    id: str
    name: str
    address: str
    port: int
    check: str
    tags: Sequence[str] = ()
    meta: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The JSON body of a registration."""
        check = {
            "Name": f"{self.name} is ready",
            "HTTP": self.check,
            "Method": "GET",
            "Interval": INTERVAL,
            "Timeout": TIMEOUT,
            "DeregisterCriticalServiceAfter": DEREGISTERED,
        }
        return {
            "ID": self.id,
            "Name": self.name,
            "Tags": list(self.tags),
            "Address": self.address,
            "Port": self.port,
            "Meta": dict(self.meta),
            "Check": check,
        }


class Consul:
    """One Consul agent. Methods raise UpstreamUnavailable if it cannot be reached, UpstreamFailed if it refuses."""

    def __init__(self, url: str, token: str = "") -> None:
        self._url, self._token = url.rstrip("/"), token

    async def register(self, service: Service) -> None:
        """Register a service, replacing one with the same id."""
        await self._send_request("PUT", "/v1/agent/service/register?replace-existing-checks=true", service.document())

    async def deregister(self, service_id: str) -> None:
        """Deregister a service. Idempotent."""
        await self._send_request("PUT", f"/v1/agent/service/deregister/{quote(service_id, safe='')}")

    async def knows(self, service_id: str) -> bool:
        """Whether the Consul agent knows the service; it may have lost it in a restart."""
        return await self._send_request("GET", f"/v1/agent/service/{quote(service_id, safe='')}") != 404

    async def _send_request(self, method: str, path: str, body: Any = None) -> int:
        """Send a request; return the status, 200 or 404."""

        headers = {"X-Consul-Token": self._token} if self._token else {}
        try:
            async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
                answer = await client.request(method, self._url + path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise UpstreamUnavailable(
                f"Consul at {self._url} cannot be reached: {error or type(error).__name__}.",
                fix="Start it, or correct the setting 'consul_url'.",
            ) from None
        if answer.status_code not in (200, 404):
            raise UpstreamFailed(
                f"Consul at {self._url} refused: {answer.status_code} {answer.text[:200].strip()}",
                fix="Look at the setting 'consul_token'." if answer.status_code == 403 else None,
            )
        return answer.status_code
