"""Egress policy: URLs given by callers must not lead into the operator's network, only to public addresses."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

__all__ = [
    "AddressRefused",
    "EgressPolicy",
    "Resolve",
    "is_evidently_private",
    "is_loopback_host",
    "is_public_address",
    "resolve_host",
    "resolve_public_addresses",
]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
CACHE_SECONDS = 30.0  #: for which a checked address is used again; short, because addresses of services change
MAX_CACHED_HOSTS = 1000
NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: global by the registries of some versions of Python, but local: site-local addresses, and those at which clouds
#: serve the credentials of a machine (Azure, Oracle)
LOCAL_NETWORKS = tuple(map(ipaddress.ip_network, ("fec0::/10", "3fff::/20", "192.0.0.0/24", "168.63.129.16/32")))
LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa")


class AddressRefused(OSError):
    """The host has an address that must not be connected to."""


def is_public_address(address: str) -> bool:
    """Whether an IP address is public, including addresses embedded in IPv6."""
    try:
        # Without the zone of a scoped address (fe80::1%eth0).
        parsed = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        # A gateway of the network delivers these to the IPv4 address inside: 64:ff9b::7f00:1 is 127.0.0.1.
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo or (None, None))[1]
        if parsed in NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public_address(str(inner))
    if any(parsed in network for network in LOCAL_NETWORKS):
        return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def is_evidently_private(host: str) -> bool:
    """Whether a host is recognizably private or loopback without a DNS look-up."""
    host = host.removesuffix(".")  # of an absolute name
    # A name without a dot is completed by the search domain of the operator's network.
    if host == "localhost" or host.endswith(LOCAL_NAMES) or ("." not in host and ":" not in host):
        return True
    return _is_numeric(host) and not is_public_address(host)


def is_loopback_host(host: str) -> bool:
    """Whether the host of a URL is this machine by name or address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_numeric(host: str) -> bool:
    """Whether a host is an IP address, including unusual forms (0x7f.1, 2130706433) that some resolvers accept."""
    if ":" in host:
        return True
    return all(part.isdecimal() or part.startswith("0x") for part in host.rstrip(".").split(".") if part)


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """Resolve the addresses of a host, in the system's order."""
    loop = asyncio.get_running_loop()
    addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in addresses))


async def resolve_public_addresses(host: str, port: int, resolver: Resolve = resolve_host) -> Sequence[str]:
    """Resolve the addresses of a host. Raises AddressRefused if one is not public, OSError if there are none."""
    addresses = await resolver(host, port)
    # One private address refuses the host: which of several is connected to is up to the resolver's order.
    hidden = [address for address in addresses if not is_public_address(address)]
    if hidden:
        raise AddressRefused(f"{host} is at {hidden[0]}, which is not a public address")
    return addresses


class EgressPolicy:
    """Resolves hosts to addresses, checks them unless private ones are allowed, and caches them for a short time."""

    def __init__(self, *, private: bool, resolver: Resolve = resolve_host) -> None:
        self._private, self._resolver = private, resolver
        self._address_cache: dict[tuple[str, int], tuple[str, float]] = {}

    async def resolve_allowed_address(self, host: str, port: int) -> str:
        """Resolve a host to the address to connect to. Raises AddressRefused, OSError."""
        if self._private:
            return host
        now = asyncio.get_running_loop().time()
        address, until = self._address_cache.get((host, port), ("", 0.0))
        if until < now:
            address = (await resolve_public_addresses(host, port, self._resolver))[0]
            if len(self._address_cache) >= MAX_CACHED_HOSTS:  # callers choose the hosts, so their number is unbounded
                self._address_cache.clear()
            # The caller connects to the checked address: a second look-up could return another one (DNS rebinding).
            self._address_cache[host, port] = (address, now + CACHE_SECONDS)
        return address

    def clear_cache(self) -> None:
        """Drop the cached addresses after a failed connection, so that its host is resolved again."""
        self._address_cache.clear()
