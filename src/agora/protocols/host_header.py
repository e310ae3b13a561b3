"""The headers Host and Origin: the name by which a client reached the server, and the origin of a requesting page.

They determine whether a caller is the operator (a local program needs no credential), so parsing is strict: a name and
a port, without forms that parsers interpret differently, such as ``localhost:80@evil.example``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from agora.settings import Settings
from agora_sdk.errors import MalformedRequest, field_error

__all__ = [
    "DEFAULT_PORTS",
    "LOOPBACK_NAMES",
    "Host",
    "Origin",
    "choose_server_url",
    "list_own_host_names",
    "parse_host_or_none",
    "parse_origin_or_none",
    "require_valid_host_and_origin",
]

MAX_HOST_LENGTH: Final = 300  # characters: a name has at most 253
MAX_PORT: Final = 65_535
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9_.-]+))(?::(?P<port>[0-9]{1,5}))?", re.ASCII)


class Host(NamedTuple):
    """A host and its port. name: lower case; an IPv6 address without brackets. port: None for the scheme's default."""

    name: str
    port: int | None


class Origin(NamedTuple):
    """The site of a page."""

    scheme: str
    host: Host


@lru_cache(maxsize=1024)
def parse_host_or_none(text: str) -> Host | None:
    """Parse the host of a ``Host`` header or an origin: ``NAME``, ``NAME:PORT``, or the same with ``[IPV6]`` (RFC 3986,
    section 3.2, without user information); otherwise None."""
    match = _HOST.fullmatch(text) if len(text) <= MAX_HOST_LENGTH else None
    if match is None:
        return None
    port = int(match["port"]) if match["port"] else None
    if port is not None and port > MAX_PORT:
        return None
    if match["address"] is None:
        return Host(match["name"].lower(), port)
    try:
        return Host(str(ipaddress.IPv6Address(match["address"])), port)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def parse_origin_or_none(text: str) -> Origin | None:
    """Parse an ``Origin`` header; None for ``null`` and for anything but an ``http`` or ``https`` origin (RFC 6454)."""
    scheme, separator, authority = text.partition("://")
    host = parse_host_or_none(authority) if separator and scheme in ("http", "https") else None
    return None if host is None else Origin(scheme, host)


def require_valid_host_and_origin(scope: MutableMapping[str, Any]) -> None:
    """Reject a request whose ``Host`` is missing, repeated or malformed (RFC 9112, section 3.2), or whose ``Origin`` is
    repeated. Raises MalformedRequest."""
    hosts, origins, host = 0, 0, b""
    for name, value in scope["headers"]:  # one loop, because it runs for every request
        if name == b"host":
            hosts, host = hosts + 1, value
        elif name == b"origin":
            origins += 1
    if hosts == 1:
        problem = None if parse_host_or_none(host.decode("latin-1")) is not None else "The header Host is malformed."
    elif hosts:
        problem = "The header Host occurs more than once."
    else:
        problem = "The header Host is missing." if scope.get("http_version") != "1.0" else None
    if problem is not None:
        raise MalformedRequest(
            problem,
            fix="Send one header 'Host: NAME' or 'Host: NAME:PORT', and nothing else in it.",
            errors=[field_error("Host", "missing, repeated or malformed")],
        )
    if origins > 1:
        raise MalformedRequest(
            "The header Origin occurs more than once.",
            fix="Send it once, or not at all.",
            errors=[field_error("Origin", "repeated")],
        )


def list_own_host_names(settings: Settings) -> frozenset[str]:
    """List the configured names and addresses of this server: other names that resolve to it are not trusted."""
    hosts = (settings.host, *settings.trusted_hosts)
    return LOOPBACK_NAMES | {name.strip("[]").lower() for name in hosts}


def choose_server_url(scope: MutableMapping[str, Any], settings: Settings) -> str:
    """Choose the URL of this server: the setting ``public_url``, otherwise the URL under which the client reached the server; both without a
    trailing slash."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), None)
    return f"{scope.get('scheme', 'http')}://{host}" if host and not settings.public_url else settings.own_url
