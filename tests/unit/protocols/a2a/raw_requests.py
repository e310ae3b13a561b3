"""A2A with hand-written requests, to test omissions and errors of clients."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

__all__ = ["Wire", "events_of", "said"]

V1 = {"A2A-Version": "1.0"}
_NUMBERS = itertools.count(1)


def said(*parts: Any, **more: Any) -> dict[str, Any]:
    """Build a message of A2A 1.0 with a unique id; texts become parts."""
    given = [{"text": part} if isinstance(part, str) else part for part in parts]
    return {"messageId": f"m{next(_NUMBERS)}", "role": "ROLE_USER", "parts": given, **more}


@dataclass
class Wire:
    """One agent's address, and a credential."""

    http: httpx.AsyncClient
    path: str = "/"
    token: str | None = None
    version: str | None = "1.0"
    more: Mapping[str, str] = field(default_factory=dict)

    def headers(self, **more: str) -> dict[str, str]:
        found = {**self.more, **more}
        if self.version is not None:
            found["A2A-Version"] = self.version
        if self.token is not None:
            found["Authorization"] = f"Bearer {self.token}"
        return found

    def at(self, path: str, **more: Any) -> Wire:
        return Wire(self.http, path, more.get("token", self.token), more.get("version", self.version))

    async def rpc(self, method: str, params: Any = None, id: Any = 1) -> httpx.Response:
        """Send one JSON-RPC request."""
        request = {"jsonrpc": "2.0", "id": id, "method": method}
        if params is not None:
            request["params"] = params
        return await self.http.post(self.path, json=request, headers=self.headers())

    async def result(self, method: str, params: Any = None) -> Any:
        """Send one JSON-RPC request. Returns its result."""
        document = (await self.rpc(method, params)).json()
        assert "result" in document, document
        return document["result"]

    async def error(self, method: str, params: Any = None) -> dict[str, Any]:
        """Send one JSON-RPC request. Returns its error."""
        answer = await self.rpc(method, params)
        document: dict[str, Any] = answer.json()
        assert "error" in document, document
        found: dict[str, Any] = document["error"]
        return found

    async def call(self, http_method: str, path: str, body: Any = None, **more: str) -> httpx.Response:
        """Send one HTTP+JSON request."""
        return await self.http.request(
            http_method, self.path.rstrip("/") + path, json=body, headers=self.headers(**more)
        )

    @contextlib.asynccontextmanager
    async def stream(self, method: str, params: Any, **more: str) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
        """Open a JSON-RPC stream. Yields ids and results."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        async with self.http.stream("POST", self.path, json=request, headers=self.headers(**more)) as response:
            assert response.headers["content-type"].startswith("text/event-stream"), await response.aread()
            yield events_of(response)


async def events_of(response: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """Yield id and document of each message of a stream."""
    id = ""
    async for line in response.aiter_lines():
        if line.startswith("id:"):
            id = line.removeprefix("id:").strip()
        elif line.startswith("data:"):
            yield id, json.loads(line.removeprefix("data:"))
