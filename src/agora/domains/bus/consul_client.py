"""Client of a Consul agent's HTTP API (https://developer.hashicorp.com/consul/api-docs/agent/service).

The service is registered with a health check that the Consul agent runs. The agent deregisters a service that is
critical for too long, so a crashed server disappears from the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any
from urllib.parse import quote

from pydantic_core import to_json

from agora.net.egress_policy import EgressPolicy
from agora.net.http_client import ConnectionLost, send_single_request
from agora.value_classes import value_class
from agora_sdk.errors import UpstreamFailed, UpstreamUnavailable

__all__ = ["Consul", "Service"]

TIMEOUT_SECONDS = 5.0
MAX_ANSWER_BYTES = 262_144
MAX_ERROR_BYTES = 200  # bytes of a response in an error
INTERVAL, TIMEOUT, DEREGISTERED = "10s", "5s", "90s"  # Consul deregisters a service no sooner than after a minute


@value_class
class Service:
    """A service registration. address: empty for the Consul agent's own. check: URL that responds 200 while healthy."""

    id: str
    name: str
    address: str
    port: int
    check: str
    tags: Sequence[str] = ()
    meta: Mapping[str, str] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
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
    """Client of one Consul agent. Raises UpstreamUnavailable if it is unreachable, UpstreamFailed if it refuses."""

    def __init__(self, url: str, token: str = "") -> None:
        self._url, self._token = url.rstrip("/"), token

    async def register_service(self, service: Service) -> None:
        """Register a service, replacing one with the same id."""
        await self._send_request(
            # Without the parameter, Consul keeps checks of an earlier registration beside the new one.
            "PUT",
            "/v1/agent/service/register?replace-existing-checks=true",
            service.to_document(),
        )

    async def deregister_service(self, service_id: str) -> None:
        """Deregister a service. Idempotent."""
        await self._send_request("PUT", f"/v1/agent/service/deregister/{quote(service_id, safe='')}")

    async def is_registered(self, service_id: str) -> bool:
        """Whether the Consul agent knows the service; a restart may have lost it."""
        return await self._send_request("GET", f"/v1/agent/service/{quote(service_id, safe='')}") != 404

    async def _send_request(self, method: str, path: str, body: Any = None) -> int:
        """Send a request; return the status, 200 or 404."""
        headers = {"x-consul-token": self._token} if self._token else {}
        if body is not None:
            headers["content-type"] = "application/json"
        content = b"" if body is None else to_json(body)
        # The operator names the address in the settings, and Consul agents are usually on this machine.
        policy = EgressPolicy(private=True)
        try:
            status, answer = await send_single_request(
                method, self._url + path, policy, headers, content, seconds=TIMEOUT_SECONDS, max_bytes=MAX_ANSWER_BYTES
            )
        except (OSError, ValueError, ConnectionLost) as error:  # TimeoutError is an OSError
            raise UpstreamUnavailable(
                f"Consul at {self._url} cannot be reached: {str(error) or type(error).__name__}.",
                fix="Start it, or correct the setting 'consul_url'.",
            ) from None
        if status not in (200, 404):
            text = answer[:MAX_ERROR_BYTES].decode("utf-8", "replace").strip()
            raise UpstreamFailed(
                f"Consul at {self._url} refused: {status} {text}",
                fix="Look at the setting 'consul_token'." if status == 403 else None,
            )
        return status
