"""The pages beside the operations: ``/openapi.json``, ``/docs``, ``/health``, ``/ready``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from importlib.resources import files

from pydantic_core import to_json

from agora_sdk.contract import Operation

from ..http import Scope, Send, respond
from .openapi import document

__all__ = ["Pages"]

STATIC = {
    "/docs": ("docs.html", b"text/html; charset=utf-8"),
    "/docs/docs.js": ("docs.js", b"text/javascript; charset=utf-8"),
    "/docs/docs.css": ("docs.css", b"text/css; charset=utf-8"),
}
POLICY = (
    b"content-security-policy",
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
)
CACHED = (b"cache-control", b"no-cache")


class Pages:
    """Answers the fixed pages; everything they need is in the package, nothing comes from elsewhere."""

    def __init__(
        self, operations: Sequence[Operation], version: str, ready: Callable[[], Awaitable[str | None]]
    ) -> None:
        self._operations, self._version, self._ready = operations, version, ready
        self._openapi: bytes | None = None

    async def __call__(self, scope: Scope, send: Send) -> bool:
        """Answer if the path is one of ours; tells whether it did."""
        path = scope["path"]
        if scope["method"] not in ("GET", "HEAD"):
            return False
        if path == "/openapi.json":
            await respond(send, 200, self.openapi())
        elif path == "/health":
            await self._status(send, None)
        elif path == "/ready":
            await self._status(send, await self._ready())
        elif path in STATIC or path == "/docs/":
            name, kind = STATIC[path.rstrip("/")]
            body = files(__package__).joinpath("static", name).read_bytes()
            await respond(send, 200, body, (POLICY,), kind=(b"content-type", kind))
        else:
            return False
        return True

    def openapi(self) -> bytes:
        """The OpenAPI document, made at first use."""
        if self._openapi is None:
            self._openapi = to_json(document(self._operations, self._version))
        return self._openapi

    async def _status(self, send: Send, trouble: str | None) -> None:
        body = {
            "status": "healthy" if trouble is None else "unavailable",
            "version": self._version,
            "timestamp": datetime.now(UTC),
        }
        if trouble:
            body["detail"] = trouble
        await respond(send, 200 if trouble is None else 503, to_json(body))
