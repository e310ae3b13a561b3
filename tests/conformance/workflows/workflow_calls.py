"""Calls of the workflow conformance tests."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from agora.core.call import Caller
from tests.market import Market

__all__ = ["create", "do", "fail", "idle", "states", "status", "told"]


async def create(market: Market, caller: Caller, steps: list[Any], **given: Any) -> str:
    answer = await market.call(caller, "workflow.create", workflow_name="pipeline", steps=steps, **given)
    return str(answer.workflow_id)


async def status(market: Market, workflow_id: str) -> Any:
    return await market.call(market.operator, "workflow.status", workflow_id=workflow_id)


async def states(market: Market, workflow_id: str) -> dict[str, str]:
    return {step.name: step.status.value for step in (await status(market, workflow_id)).steps}


async def do(market: Market, doer: Caller, result: Any = None, **given: Any) -> str:
    """Claim the next task and complete it. Returns its type."""
    task = (await market.call(doer, "task.claim", **given)).task
    assert task is not None, "nothing to do"
    await market.call(doer, "task.complete", task_id=task.task_id, result=result, fencing_token=task.fencing_token)
    return str(task.task_type)


async def fail(market: Market, doer: Caller, error: str = "broken") -> str:
    task = (await market.call(doer, "task.claim")).task
    assert task is not None, "nothing to do"
    await market.call(doer, "task.fail", task_id=task.task_id, error=error, fencing_token=task.fencing_token)
    return str(task.task_type)


async def idle(market: Market, doer: Caller) -> bool:
    return (await market.call(doer, "task.claim")).task is None


def told(market: Market, happening: str) -> list[Any]:
    return [from_json(event.data) for event in market.of_type(f"agora.workflow.{happening}")]
