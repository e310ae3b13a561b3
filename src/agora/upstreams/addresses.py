"""Addresses: where an upstream may be. A URL that a caller gives must not lead into the operator's own network.

A host is checked when it is added, as far as it can be told by looking at it, and again when a connection is made:
its name is resolved here, every address is checked, and the connection goes to a checked address, so that a name
cannot mean another one a moment later.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from agora_sdk.errors import InvalidRequest

__all__ = ["AddressRefused", "Resolve", "check_url", "is_public", "public_addresses", "resolve"]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
NAT64 = ipaddress.ip_network("64:ff9b::/96")
SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa")


class AddressRefused(OSError):
    """The host is at an address that may not be connected to."""


def is_public(address: str) -> bool:
    """Whether an IP address is of the public internet, also where it is wrapped in an IPv6 one."""
    try:
        found = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast and not found.is_reserved


async def resolve(host: str, port: int) -> Sequence[str]:
    """Addresses of a host, in the system's order."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def public_addresses(host: str, port: int, resolver: Resolve = resolve) -> Sequence[str]:
    """Addresses of a host, all public; AddressRefused if one of them is not, OSError if there are none."""
    addresses = await resolver(host, port)
    hidden = [address for address in addresses if not is_public(address)]
    if hidden:
        raise AddressRefused(f"{host} is at {hidden[0]}, which is not a public address")
    return addresses


def check_url(url: str, *, private: bool) -> None:
    """Refuse what is no URL of HTTP, has a password in it, or evidently leads to a private address."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _refused("It is not a URL.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise _refused("It is not a URL of http or https.")
    if parts.username is not None or parts.password is not None:
        raise _refused("Credentials do not belong into the URL; give them as headers.")
    if private:
        return
    if host == "localhost" or host.endswith(LOCAL_NAMES) or ("." not in host and ":" not in host):
        raise _private(host)
    if _numeric(host) and not is_public(host):
        raise _private(host)


def _numeric(host: str) -> bool:
    """Whether a host is an address, also one in disguise (0x7f.1, 2130706433) that some resolvers take for one."""
    if ":" in host:
        return True
    return all(part.isdecimal() or part.startswith("0x") for part in host.rstrip(".").split(".") if part)


def _private(host: str) -> InvalidRequest:
    return _refused(
        f"{host} is a private or loopback address.",
        "An operator allows them with the setting mcp_private_networks, or names the URL in mcp_server_urls.",
    )


def _refused(detail: str, fix: str | None = None) -> InvalidRequest:
    return InvalidRequest(detail, fix=fix, errors=[{"field": "url", "message": detail}])
