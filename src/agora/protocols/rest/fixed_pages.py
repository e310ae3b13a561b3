"""Fixed pages: ``/openapi.json``, ``/docs``, ``/health`` and the paths below it, ``/ready``.

====================  =========================================================================================
``/health``           whether the process responds; also ``/health/live``; degraded, with the reason, while calls
                      cannot be served; halted or paused, with the time, while the caller's whole tenant is
``/ready``            whether it can serve calls: 200, or 503 with the reason; also ``/health/ready``
``/health/detail``    each component with its state and the duration of its check; 503 if one is critical;
                      operators see more; server operators see every halted or paused tenant
====================  =========================================================================================
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from pydantic_core import to_json

from agora.domains.monitoring.health_monitor import HealthMonitor
from agora.protocols.http import Scope, Send, send_response
from agora_sdk.contract import Operation

from .openapi import build_openapi_document

__all__ = ["FixedPages"]

STATIC_FILES = {
    "/docs": ("docs.html", b"text/html; charset=utf-8"),
    "/docs/docs.js": ("docs.js", b"text/javascript; charset=utf-8"),
    "/docs/migration/messaging-v1": ("migration-messaging-v1.html", b"text/html; charset=utf-8"),
    "/docs/migration/v4": ("migration-v4.html", b"text/html; charset=utf-8"),
    "/docs/docs.css": ("docs.css", b"text/css; charset=utf-8"),
}
POLICY_HEADER = (
    b"content-security-policy",
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
)


class FixedPages:
    """Serves the fixed pages; all their assets are in the package."""

    def __init__(
        self,
        operations: Sequence[Operation],
        version: str,
        monitor: HealthMonitor,
        read_health_detail: Callable[[Scope], Awaitable[tuple[bool, bytes]]],
        find_stop_reason: Callable[[Scope], Awaitable[tuple[str, datetime] | None]],
    ) -> None:
        """read_health_detail: returns whether no component is critical, and the document. find_stop_reason: returns ``halted`` or ``paused`` and its time if the whole marketplace of a request's tenant is
        stopped."""
        self._operations, self._version, self._monitor = operations, version, monitor
        self._read_health_detail, self._find_stop_reason = read_health_detail, find_stop_reason
        self._openapi: bytes | None = None
        self._openapi_lock = asyncio.Lock()

    async def __call__(self, scope: Scope, send: Send) -> bool:
        """Answer a request for one of these pages; returns whether it was one."""
        path = scope["path"]
        if scope["method"] not in ("GET", "HEAD"):
            return False
        if path == "/openapi.json":
            await send_response(send, 200, await self.encode_openapi())
        elif path in ("/health", "/health/live"):
            await self._send_liveness(scope, send)
        elif path in ("/ready", "/health/ready"):
            await self._monitor.refresh_store_probe()
            await self._send_readiness(send, self._monitor.find_outage_reason(), self._monitor.describe_components())
        elif path == "/health/detail":
            is_ready, body = await self._read_health_detail(scope)
            await send_response(send, 200 if is_ready else 503, body)
        elif path in STATIC_FILES or path == "/docs/":
            name, media_type = STATIC_FILES[path.rstrip("/")]
            body = files(__package__).joinpath("static", name).read_bytes()
            await send_response(send, 200, body, (POLICY_HEADER,), content_type=(b"content-type", media_type))
        else:
            return False
        return True

    async def encode_openapi(self) -> bytes:
        """Encode the OpenAPI document as JSON, once, at first use."""
        async with self._openapi_lock:
            if self._openapi is None:
                self._openapi = to_json(await build_openapi_document(self._operations, self._version))
            return self._openapi

    async def _send_liveness(self, scope: Scope, send: Send) -> None:
        """Report that the process is alive and needs no restart; ``/ready`` reports faults in its status."""
        outage_reason = self._monitor.find_outage_reason()
        status: dict[str, Any] = (
            {"status": "degraded", "detail": outage_reason} if outage_reason else {"status": "healthy"}
        )
        stopped = await self._find_stop_reason(scope)
        if stopped is not None:
            status |= {
                "status": status["status"] if outage_reason else stopped[0],
                "stopped": stopped[0],
                "since": stopped[1],
            }
        await send_response(send, 200, to_json(status | {"version": self._version, "timestamp": datetime.now(UTC)}))

    async def _send_readiness(self, send: Send, outage_reason: str | None, components: Mapping[str, str]) -> None:
        body: dict[str, Any] = {
            "status": "unavailable"
            if outage_reason
            else "degraded"
            if set(components.values()) - {"ok"}
            else "healthy",
            "version": self._version,
            "timestamp": datetime.now(UTC),
        }
        if outage_reason:
            body["detail"] = outage_reason
        await send_response(send, 503 if outage_reason else 200, to_json(body | {"components": components}))
