"""Support for MCP's tests: hand-written requests of both protocol generations, and the official client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from pydantic_core import from_json

__all__ = ["ACCEPT", "ERAS", "LEGACY", "MODERN", "Wire", "answer", "connect", "envelope"]

MODERN, LEGACY = "2026-07-28", "2025-11-25"
ERAS = ("legacy", "modern")
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


def envelope(**more: Any) -> dict[str, Any]:
    """Build the ``_meta`` of a request of the newer generation."""
    own = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return own | more


def answer(response: httpx.Response) -> Any:
    """Return the JSON-RPC message of a response: JSON, or the last message of a stream."""
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        lines = [line[5:].strip() for line in response.text.splitlines() if line.startswith("data:")]
        return from_json([line for line in lines if line][-1])
    return from_json(response.content)


@dataclass
class Wire:
    """A scripted client. token: its credential, if any."""

    http: httpx.AsyncClient
    token: str = ""
    session: str = ""
    query: str = ""
    sent: int = field(default=0)

    async def modern(self, method: str, params: Mapping[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Send a request of the newer generation; header names with underscores."""
        given = dict(params or {})
        given["_meta"] = envelope(**given.get("_meta", {}))
        own = {"mcp-protocol-version": MODERN, "mcp-method": method}
        if method in NAMED and isinstance(given.get(NAMED[method]), str):
            own["mcp-name"] = given[NAMED[method]]
        return await self.post(self.request(method, given), own | _spelled(headers))

    async def legacy(self, method: str, params: Mapping[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Send a request of the older generation, in the session opened by :meth:`shake_hands`."""
        own = {"mcp-protocol-version": LEGACY, "mcp-session-id": self.session}
        return await self.post(self.request(method, params), own | _spelled(headers))

    async def call(self, era: str, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Send a request of a generation. Returns the JSON-RPC response."""
        if era == "legacy" and not self.session:
            await self.shake_hands()
        return answer(await (self.modern if era == "modern" else self.legacy)(method, params))

    def request(self, method: str, params: Mapping[str, Any] | None) -> dict[str, Any]:
        self.sent += 1
        found: dict[str, Any] = {"jsonrpc": "2.0", "id": self.sent, "method": method}
        return found if params is None else found | {"params": dict(params)}

    async def shake_hands(self, version: str = LEGACY) -> Any:
        """Open a session. Returns the result of ``initialize``."""
        params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        response = await self.post(self.request("initialize", params), {})
        self.session = response.headers["mcp-session-id"]
        told = await self.post(
            {"jsonrpc": "2.0", "method": "notifications/initialized"}, {"mcp-session-id": self.session}
        )
        assert told.status_code == 202
        return answer(response)["result"]

    async def post(self, message: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.http.post(f"/mcp{self.query}", json=message, headers=self.headers(headers or {}))

    def headers(self, more: Mapping[str, str]) -> dict[str, str]:
        own = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return ACCEPT | own | dict(more)


def _spelled(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@contextlib.asynccontextmanager
async def connect(url: str, era: str, token: str = "", **options: Any) -> AsyncIterator[Client]:
    """Connect the official client. url: of the endpoint."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(url, http_client=http)
        mode: Any = MODERN if era == "modern" else "legacy"
        async with Client(transport, mode=mode, cache=None, **options) as client:
            yield client
