"""A server on a socket, and clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.harness import Running
from tests.unit.protocols.mcp.mcp_clients import Wire


@pytest.fixture
async def wire(server: Running) -> AsyncIterator[Wire]:
    """A local client without a credential: the local operator."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        yield Wire(http)


async def register(wire: Wire, name: str, **profile: object) -> Wire:
    """Register an agent. Returns its client."""
    answer = await wire.http.post("/agents/register", json={"agent_name": name, **profile})
    assert answer.status_code == 200, answer.text
    return Wire(wire.http, answer.json()["token"])
