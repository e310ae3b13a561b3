"""The official MCP client in a host: answers requests of the server and records notifications."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import mcp_types as types
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

__all__ = ["MODES", "Host"]

MODES = ("legacy", "2026-07-28")  #: client modes, one for each protocol generation
ROOT = "file:///home/person/project"


@dataclass
class Host:
    """A client that answers requests of the server and records them."""

    asked: list[str] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    logs: list[Any] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)

    async def elicit(self, context: Any, params: Any) -> types.ElicitResult:
        self.asked.append(f"elicitation {params.mode if hasattr(params, 'mode') else 'form'}: {params.message}")
        if isinstance(params, types.ElicitRequestURLParams):
            return types.ElicitResult(action="accept")
        return types.ElicitResult(action="accept", content={"name": "Ada", "check": True})

    async def sample(self, context: Any, params: Any) -> types.CreateMessageResult:
        self.asked.append(f"sampling: {params.messages[0].content}")
        content = types.TextContent(type="text", text="So be it.")
        return types.CreateMessageResult(role="assistant", content=content, model="test")

    async def roots(self, context: Any) -> types.ListRootsResult:
        self.asked.append("roots")
        return types.ListRootsResult(roots=[types.Root(uri=ROOT, name="project")])

    async def progress(self, progress: float, total: float | None, message: str | None) -> None:
        self.told.append(progress)

    async def log(self, params: Any) -> None:
        self.logs.append(params.data)

    async def hear(self, message: Any) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            self.updated.append(str(message.params.uri))

    @contextlib.asynccontextmanager
    async def connect(
        self, url: str, mode: Any = "legacy", token: str = "", log_level: types.LoggingLevel | None = None
    ) -> AsyncIterator[Client]:
        """Connect a client. log_level: of its requests, in the generation where each request sets it."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(
                streamable_http_client(url, http_client=http),
                mode=mode,
                cache=None,
                elicitation_callback=self.elicit,
                sampling_callback=self.sample,
                list_roots_callback=self.roots,
                logging_callback=self.log,
                message_handler=self.hear,
                log_level=log_level,
            ) as client,
        ):
            yield client
