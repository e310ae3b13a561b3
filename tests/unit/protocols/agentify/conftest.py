"""A marketplace with the two agents of the protocol's examples."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.harness import Running

APP, CALCULATOR = "agent.app.orchestrator", "agent.calculator.calculation"


@dataclass
class Pair:
    """The requesting and the answering agent, over HTTP."""

    url: str
    app: httpx.AsyncClient
    calculator: httpx.AsyncClient
    tokens: dict[str, str]

    @property
    def ws_url(self) -> str:
        return self.url.replace("http://", "ws://") + "/agent/ws"


async def register(url: str, name: str, **profile: Any) -> tuple[httpx.AsyncClient, str]:
    async with httpx.AsyncClient(base_url=url) as http:
        answer = await http.post("/agents/register", json={"agent_name": name, **profile})
        assert answer.status_code == 200, answer.text
    token = answer.json()["token"]
    client = httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    return client, token


@pytest.fixture
async def pair(server: Running) -> AsyncIterator[Pair]:
    app, app_token = await register(server.url, "App", alias=APP)
    calculator, token = await register(server.url, "Calculation", alias=CALCULATOR, capabilities=["calculation"])
    async with app, calculator:
        yield Pair(server.url, app, calculator, {APP: app_token, CALCULATOR: token})
