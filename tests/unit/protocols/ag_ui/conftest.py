"""A server with its built-in agents, and runs posted to it; every event is parsed with the protocol's own models."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from ag_ui.core import Event
from pydantic import TypeAdapter

from agora.settings import Settings
from tests.harness import Running, make_settings

EVENTS: TypeAdapter[Any] = TypeAdapter(Event)
SECONDS = 60


class Page:
    """A page that runs an agent: it sends the thread's id and the person's message."""

    def __init__(self, http: httpx.AsyncClient, agent: str) -> None:
        self.http, self.agent = http, agent

    def body(self, thread: str, run: str, text: str | None = None, **more: Any) -> dict[str, Any]:
        said = [{"id": f"{run}-said", "role": "user", "content": text}] if text is not None else []
        return {
            "threadId": thread,
            "runId": run,
            "protocolVersion": "1.0",
            "messages": said,
            "tools": [],
            "context": [],
            **more,
        }

    @asynccontextmanager
    async def stream(self, body: dict[str, Any], **headers: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Yield the events of a run as they arrive."""
        request = self.http.stream("POST", f"/ag-ui/{self.agent}", json=body, headers=headers)
        async with request as response:
            assert response.status_code == 200, (await response.aread()).decode()
            assert response.headers["content-type"].startswith("text/event-stream")
            yield self._events(response)

    async def _events(self, response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                read = EVENTS.validate_python(event)
                unknown = set(read.model_extra or {})
                assert not unknown, f"{event} has members that AG-UI does not: {unknown}"
                yield event

    async def run(self, body: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
        """Return all events of a run, of which one of the last is the end."""
        async with self.stream(body, **headers) as events:
            return [event async for event in events]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path / "data", builtin_agents=True)


@pytest.fixture
async def page(server: Running) -> AsyncIterator[Page]:
    """A local page without a credential: the local operator."""
    async with httpx.AsyncClient(base_url=server.url, timeout=SECONDS) as http:
        yield Page(http, "Echo%20Agent")
