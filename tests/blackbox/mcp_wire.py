"""Hand-written MCP requests for black-box tests: both protocol generations, and streams of change notifications."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

__all__ = ["EXTENSION", "RawClient", "stream_messages"]

MODERN = "2026-07-28"
EXTENSION = "io.modelcontextprotocol/tasks"
NAMED = {"tools/call": "name", "tasks/get": "taskId", "tasks/update": "taskId", "tasks/cancel": "taskId"}


class RawClient:
    """A client. version: of the older generation, with a handshake; empty for the newer one, with these
    capabilities."""

    def __init__(
        self, url: str, token: str, version: str = "", capabilities: Mapping[str, Any] | None = None, path: str = "/mcp"
    ) -> None:
        self.path, self.version, self.capabilities = path, version, dict(capabilities or {})
        self.sent, self.session, self.initialized = 0, "", dict[str, Any]()
        headers = {"authorization": f"Bearer {token}", "accept": "application/json, text/event-stream"}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False, verify=False)
        if version:
            params = {
                "protocolVersion": version,
                "capabilities": self.capabilities,
                "clientInfo": {"name": "t", "version": "1"},
            }
            response = self.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
            self.session, self.initialized = response.headers["mcp-session-id"], read_answer(response)["result"]
            self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def headers(self, method: str, params: Mapping[str, Any]) -> dict[str, str]:
        if self.version:
            return {"mcp-protocol-version": self.version} | ({"mcp-session-id": self.session} if self.session else {})
        named = params.get(NAMED.get(method, ""))
        return {"mcp-protocol-version": MODERN, "mcp-method": method} | (
            {"mcp-name": named} if isinstance(named, str) else {}
        )

    def message(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.sent += 1
        meta = dict(params.get("_meta", {}))
        if not self.version:
            meta = {
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientCapabilities": self.capabilities,
            } | meta
        return {"jsonrpc": "2.0", "id": self.sent, "method": method, "params": {**params, "_meta": meta}}

    def post(self, message: Mapping[str, Any], **headers: str) -> httpx.Response:
        own = self.headers(message["method"], message.get("params", {}))
        return self.http.post(
            self.path, json=message, headers=own | {name.replace("_", "-"): v for name, v in headers.items()}
        )

    def call(self, method: str, params: Mapping[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """Send a request. Returns the JSON-RPC response."""
        return read_answer(self.post(self.message(method, params or {}), **headers))

    def result(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a request that must succeed. Returns its result."""
        answer = self.call(method, params)
        assert "result" in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def code(self, method: str, params: Mapping[str, Any] | None = None, **headers: str) -> int:
        """Send a request that must fail. Returns the error code."""
        answer = self.call(method, params, **headers)
        assert "error" in answer, answer
        code: int = answer["error"]["code"]
        return code


def read_answer(response: httpx.Response) -> dict[str, Any]:
    """Read the JSON-RPC message of a response: JSON, or the last message of a stream."""
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        lines = [line[5:].strip() for line in response.text.splitlines() if line.startswith("data:")]
        return dict(json.loads([line for line in lines if line][-1]))
    return dict(response.json())


def stream_messages(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """Yield the messages of an event stream as they arrive."""
    for line in response.iter_lines():
        if line.startswith("data:") and line[5:].strip():
            yield json.loads(line[5:])
