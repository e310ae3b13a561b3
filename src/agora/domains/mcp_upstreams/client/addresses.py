"""URL checks for upstreams: a URL from a caller must not lead into the operator's private network (SSRF).

A host is checked syntactically when the upstream is added, and again when a connection is opened: its name is resolved
here, every address is checked, and the connection goes to a checked address, so that the name cannot resolve to another
address in between (DNS rebinding).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from agora.net.egress_policy import (
    AddressRefused,
    EgressPolicy,
    Resolve,
    is_evidently_private,
    is_public_address,
    resolve_host,
    resolve_public_addresses,
)
from agora_sdk.errors import InvalidRequest, field_error

__all__ = [
    "AddressRefused",
    "EgressPolicy",
    "Resolve",
    "is_public_address",
    "reject_forbidden_url",
    "resolve_host",
    "resolve_public_addresses",
]


def reject_forbidden_url(url: str, *, private: bool) -> None:
    """Check that a URL uses HTTP, has no password, and is not evidently private. Raises InvalidRequest."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        # The HTTP client encodes the host so: a name that it would reject later is refused now.
        (host or "").encode("idna")
    except ValueError:
        raise _build_url_error("It is not a URL.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise _build_url_error("It is not a URL of http or https.")
    if parts.username is not None or parts.password is not None:
        raise _build_url_error("Credentials do not belong into the URL; give them as headers.")
    if not private and is_evidently_private(host):
        raise _build_url_error(
            f"{host} is a private or loopback address.",
            "An operator allows them with the setting mcp_private_networks, or names the URL in mcp_server_urls.",
        )


def _build_url_error(detail: str, fix: str | None = None) -> InvalidRequest:
    return InvalidRequest(detail, fix=fix, errors=[field_error("url", detail)])
