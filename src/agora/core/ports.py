"""Ports: parts of the server used by services, declared by the consumer and provided by the composition root.

A domain declares ``UPSTREAMS: Port[UpstreamConnections] = Port("MCP upstream connections")`` beside the protocol that describes it;
the server provides an implementation; rules ask for it by the port. This way the core knows no domain, and a part that
a server does not have is absent instead of a field that is ``None`` for everyone.
"""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

from agora.net.sealing import Sealer

__all__ = ["CREDENTIAL_SEALER", "OUTAGE_REPORT", "MissingPort", "OutageReport", "Port", "Ports"]

T = TypeVar("T")


class Port(Generic[T]):
    """The declaration of one port. name: used in errors."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Port({self.name!r})"


class MissingPort(LookupError):
    """A required port is not provided."""


class Ports:
    """The provided implementations, by port."""

    __slots__ = ("_implementations",)

    def __init__(self) -> None:
        self._implementations: dict[Port[Any], Any] = {}

    def provide(self, port: Port[T], implementation: T) -> T:
        """Set the implementation of a port and return it."""
        self._implementations[port] = implementation
        return implementation

    def find(self, port: Port[T]) -> T | None:
        """Return a port's implementation, or None."""
        return self._implementations.get(port)

    def get(self, port: Port[T]) -> T:
        """Return a port's implementation. Raises MissingPort."""
        implementation: T | None = self._implementations.get(port)
        if implementation is None:
            raise MissingPort(f"This server has no {port.name}.")
        return implementation


#: encrypts credentials of agents and instances before they are stored
CREDENTIAL_SEALER: Port[Sealer] = Port("encryption of stored credentials")


class OutageReport(Protocol):
    """Whether the server can serve calls."""

    def find_outage_reason(self) -> str | None:
        """Reason why calls cannot be served; None if they can."""


OUTAGE_REPORT: Port[OutageReport] = Port("report of trouble")
