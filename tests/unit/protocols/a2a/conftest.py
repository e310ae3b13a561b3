"""A server with its built-in agents, and a client of its A2A bindings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from agora.settings import Settings
from tests.harness import Running, make_settings
from tests.unit.protocols.a2a.raw_requests import Wire


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path / "data", builtin_agents=True)


@pytest.fixture
async def wire(server: Running) -> AsyncIterator[Wire]:
    """A local client without a credential: the local operator, at the Echo Agent's address."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        yield Wire(http, "/a2a/Echo%20Agent")
