"""Consul registration: register this server, renew a lost registration, deregister at shutdown."""

from __future__ import annotations

from agora import __version__
from agora.core.jobs import Controller, JobContext
from agora.settings import Settings

from .consul_client import Consul, Service

__all__ = ["ConsulRegistrar", "build_service"]

TAGS = ("agora", "mcp", "a2a", "rest", "bus")
WILDCARD_ADDRESSES = ("0.0.0.0", "::", "")  # noqa: S104  what is listened on, not where it can be reached


def build_service(settings: Settings) -> Service:
    """Build the registration of this server."""
    address = settings.consul_address or ("" if settings.host in WILDCARD_ADDRESSES else settings.host)
    # An IPv6 address is bracketed in a URL (RFC 3986, section 3.2.2).
    host = f"[{address}]" if ":" in address else address or "127.0.0.1"
    return Service(
        id=f"{settings.consul_name}-{settings.port}",
        name=settings.consul_name,
        address=address,
        port=settings.port,
        check=f"{settings.scheme}://{host}:{settings.port}/ready",
        tags=TAGS,
        meta={"version": __version__, "mcp": "/mcp", "bus_stream": settings.bus_stream if settings.bus_url else ""},
    )


class ConsulRegistrar(Controller):
    """Maintains the registration. An unreachable Consul does not affect the server."""

    name = "consul"
    interval = 10.0

    def __init__(self, context: JobContext, consul: Consul, service: Service) -> None:
        super().__init__(context)
        self._consul, self.service = consul, service
        self._registered = False

    @property
    def seconds_until_next_step(self) -> float:
        """Seconds until the next step; 0 until the first attempt."""
        return super().seconds_until_next_step if self._registered or self.failures else 0.0

    async def step(self) -> None:
        if not self._registered or not await self._consul.is_registered(self.service.id):
            self._registered = False
            await self._consul.register_service(self.service)
            self._registered = True

    async def shut_down(self) -> None:
        if self._registered:
            await self._consul.deregister_service(self.service.id)
