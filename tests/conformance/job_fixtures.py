"""Fixtures of the controller tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic_core import from_json

from agora.core.call import Caller
from agora.core.jobs import Controller, JobContext
from agora.domains.agents.jobs import HeartbeatController
from tests.conformance.engines import Engine
from tests.market import Market

__all__ = ["DAY", "HOUR", "MARK", "RECEIVE", "SEND", "Make", "context", "count", "data", "heartbeats", "status"]

HOUR, DAY = 3600, 86_400
SEND, RECEIVE, MARK = "messaging.send", "messaging.receive", "messaging.mark"

Make = Callable[[type[Controller]], Any]


@pytest.fixture
def context(market: Market) -> JobContext:
    app = market.app
    return JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, market.clock)


@pytest.fixture
def heartbeats(context: JobContext) -> HeartbeatController:
    return HeartbeatController(context)


def data(market: Market, type: str) -> list[Any]:
    return [from_json(event.data) for event in market.of_type(type)]


async def status(market: Market, agent: Caller) -> str:
    return str((await market.call(market.operator, "agent.get", agent_id=agent.subject)).status)


async def count(engine: Engine, table: str, where: str = "1 = 1") -> int:
    (row,) = await engine.run(f"select count(*) as n from {table} where {where}")
    return int(row["n"])
