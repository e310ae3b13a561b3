"""Ports of the host: each allocated to one instance at a time, and only if no process listens on it."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterable, Mapping

from agora.runtimes.errors import PortsExhausted

__all__ = ["Ports"]


class Ports:
    """The port range from first to last. Ports in use are registered once at the start, from the instances' records."""

    def __init__(self, first: int, last: int) -> None:
        self._first = first
        self._count = last - first + 1
        self._next = 0
        self._reserved_ports: set[int] = set()
        self._lock = threading.Lock()

    @property
    def free_count(self) -> int:
        return max(self._count - len(self._reserved_ports), 0)

    def reserve_ports(self, ports: Iterable[int]) -> None:
        with self._lock:
            self._reserved_ports.update(ports)

    def release_ports(self, ports: Iterable[int]) -> None:
        with self._lock:
            self._reserved_ports.difference_update(ports)

    def allocate_named_ports(self, names: Iterable[str], reusable: Mapping[str, int]) -> dict[str, int]:
        """Allocate a port for each name: the reusable one of that name, or else a free one. Raises PortsExhausted, and
        then allocates none."""
        allocated: dict[str, int] = {}
        try:
            for name in names:
                allocated[name] = reusable[name] if name in reusable else self.allocate_port()
        except PortsExhausted:
            self.release_ports(port for name, port in allocated.items() if name not in reusable)
            raise
        return allocated

    def allocate_port(self) -> int:
        """Allocate a free port. Raises PortsExhausted.

        A released port is the last to be reused, so that a late client does not reach another instance.
        """
        with self._lock:
            for step in range(self._count):
                index = (self._next + step) % self._count
                port = self._first + index
                if port not in self._reserved_ports and is_port_free(port):
                    self._reserved_ports.add(port)
                    self._next = index + 1
                    return port
        raise PortsExhausted(
            f"All {self._count} ports from {self._first} to {self._first + self._count - 1} are taken.",
            fix="Remove instances that have ended, or widen the setting instance_ports.",
        )


def is_port_free(port: int) -> bool:
    """Whether a program could listen on the port now, at any address."""
    for family, address in ((socket.AF_INET, ""), (socket.AF_INET6, "::")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT do not count
                probe.bind((address, port))
        except OSError as error:
            # Other errors mean that the host lacks the address family: only the other one counts then.
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
    return True
