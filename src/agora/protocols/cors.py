"""Cross-origin requests: origins whose pages may call the server from a browser (Fetch standard, "CORS protocol").

An allowed origin can read responses; it gains no permissions. Its pages are anonymous until they send a credential,
also on a loopback server, where a program without one is the operator. Cookies never count across origins.
"""

from __future__ import annotations

import re
from typing import Final

from agora.protocols.host_header import DEFAULT_PORTS, LOOPBACK_NAMES, Origin, parse_host_or_none, parse_origin_or_none
from agora.protocols.http import Scope, Send, read_header
from agora.settings import Settings
from agora_sdk.errors import PermissionDenied

__all__ = ["CorsPolicy"]

Headers = tuple[tuple[bytes, bytes], ...]

MAX_AGE_VALUE: Final = b"600"  # seconds that a browser caches a preflight response
ALLOWED_METHODS: Final = b"GET, HEAD, POST, PUT, PATCH, DELETE"
#: headers that a page may read besides those that the Fetch standard always exposes
EXPOSED_HEADERS: Final = b", ".join(
    [
        b"A2A-Version",
        b"Content-Disposition",
        b"Deprecation",
        b"ETag",
        b"Idempotency-Replayed",
        b"Link",
        b"Mcp-Session-Id",
        b"Retry-After",
        b"Sunset",
        b"WWW-Authenticate",
        b"X-Request-Id",
    ]
)
VARY_HEADER: Final = (b"vary", b"Origin")
_HEADER_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,4000}", re.ASCII)


class CorsPolicy:
    """The settings ``cors_origins`` and ``allow_loopback_origins``."""

    def __init__(self, settings: Settings) -> None:
        self._allows_any = "*" in settings.cors_origins
        self._origins = {
            _strip_default_port(origin)
            for text in settings.cors_origins
            if (origin := parse_origin_or_none(text)) is not None
        }
        self._loopback = settings.allow_loopback_origins
        self._own_origin = parse_origin_or_none(settings.public_url.rstrip("/")) if settings.public_url else None
        self.enabled = bool(settings.cors_origins) or settings.allow_loopback_origins

    def allows_origin(self, text: str) -> bool:
        """Whether pages of an origin may read responses. ``null`` never may, because every sandboxed page has it."""
        origin = parse_origin_or_none(text)
        if origin is None:
            return False
        if self._allows_any or _strip_default_port(origin) in self._origins:
            return True
        return self._loopback and origin.host.name in LOOPBACK_NAMES

    def build_response_headers(self, scope: Scope) -> Headers:
        """Build the headers to add to a response; empty if no other origin is allowed."""
        if not self.enabled:
            return ()
        origin = read_header(scope, b"origin")
        if origin is None or not self.allows_origin(origin):
            # Also for other origins: a cache must not give an allowed page this response, which it cannot read.
            return (VARY_HEADER,)
        return (
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", EXPOSED_HEADERS),
            VARY_HEADER,
        )

    @staticmethod
    def is_preflight(scope: Scope) -> bool:
        """Whether a request is a CORS preflight request."""
        return (
            scope["method"] == "OPTIONS"
            and read_header(scope, b"access-control-request-method") is not None
            and read_header(scope, b"origin") is not None
        )

    async def send_preflight(self, scope: Scope, send: Send) -> None:
        """Answer a preflight request. Raises PermissionDenied for an origin that is not allowed."""
        origin = read_header(scope, b"origin") or ""
        if not self.allows_origin(origin):
            raise _build_origin_refused_error(origin)
        headers = [
            (b"content-length", b"0"),
            (b"access-control-allow-methods", ALLOWED_METHODS),
            (b"access-control-max-age", MAX_AGE_VALUE),
        ]
        names = read_header(scope, b"access-control-request-headers")
        # Repeated as sent: the protocols have many headers. A line break in it would begin another header.
        if names is not None and _HEADER_NAMES.fullmatch(names):
            headers.append((b"access-control-allow-headers", names.encode("latin-1")))
        # Private Network Access: Chrome asks for it before a page of a public site may call this machine.
        if read_header(scope, b"access-control-request-private-network") == "true":
            headers.append((b"access-control-allow-private-network", b"true"))
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def require_allowed_handshake_origin(self, scope: Scope) -> None:
        """Reject a WebSocket handshake from an origin that is not allowed: browsers leave this check to the server.

        Raises PermissionDenied. Programs send no ``Origin``, or the server's own.
        """
        text = read_header(scope, b"origin")
        if text is None:
            return
        origin = parse_origin_or_none(text)
        if origin is not None and (
            origin == self._own_origin or origin.host == parse_host_or_none(read_header(scope, b"host") or "")
        ):
            return
        if not self.allows_origin(text):
            raise _build_origin_refused_error(text)


def _strip_default_port(origin: Origin) -> Origin:
    if origin.host.port == DEFAULT_PORTS[origin.scheme]:
        return origin._replace(host=origin.host._replace(port=None))
    return origin


def _build_origin_refused_error(origin: str) -> PermissionDenied:
    return PermissionDenied(
        f"Pages of {origin[:200]} may not call this server.",
        fix="Add the origin to the setting cors_origins, or for pages of this machine start the server with "
        "--allow-loopback-origins.",
    )
