"""Calls of the task conformance tests."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from agora.core.call import Caller
from agora.domains.tasks.jobs import TaskDeadlineController
from tests.market import Market

__all__ = ["assign", "claim", "get", "pass_time", "told"]


async def assign(market: Market, caller: Caller, task_type: str = "review", **given: Any) -> str:
    """Assign a task. Returns its id."""
    return str((await market.call(caller, "task.assign", task_type=task_type, **given)).task_id)


async def claim(market: Market, caller: Caller, **given: Any) -> Any:
    """Claim one task; None if there is none."""
    return (await market.call(caller, "task.claim", **given)).task


async def get(market: Market, task_id: str) -> Any:
    return await market.call(market.operator, "task.get", task_id=task_id)


def told(market: Market, happening: str) -> list[Any]:
    """Return the data of the events ``agora.task.HAPPENING`` so far."""
    return [from_json(event.data) for event in market.of_type(f"agora.task.{happening}")]


async def pass_time(market: Market, upkeep: TaskDeadlineController, seconds: float) -> None:
    """Advance the clock and run all due work."""
    market.clock.advance(seconds)
    await upkeep.step()
