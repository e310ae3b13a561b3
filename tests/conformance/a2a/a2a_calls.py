"""Calls of the A2A conformance tests, with results in wire format."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic_core import from_json

from agora.core.call import Caller
from tests.market import Market

__all__ = ["ask", "follow", "followed", "say", "shown", "state_of", "stream_of", "texts"]


async def ask(market: Market, caller: Caller, name: str, /, *, key: str | None = None, **arguments: Any) -> Any:
    """Call ``agora.a2a.NAME``. Returns its JSON."""
    operation = market.app.registry.resolve(f"agora.a2a.{name}")
    outcome = await market.app.dispatcher.invoke(operation, caller, arguments, idempotency_key=key)
    return from_json(outcome.body)


async def say(market: Market, caller: Caller, message: Any, agent: str | None = None, **arguments: Any) -> Any:
    """Send a message without waiting. Returns the task."""
    answer = await ask(
        market, caller, "send", message=message, agent=agent, **({"return_immediately": True} | arguments)
    )
    return answer["task"]


async def shown(market: Market, caller: Caller, task_id: str, **arguments: Any) -> Any:
    return await ask(market, caller, "get", task_id=task_id, **arguments)


async def stream_of(market: Market, caller: Caller, task_id: str, **arguments: Any) -> Any:
    operation = market.app.registry.resolve("agora.a2a.subscribe")
    return await market.app.dispatcher.open_stream(operation, caller, {"task_id": task_id, **arguments})


async def follow(market: Market, caller: Caller, task_id: str, **arguments: Any) -> list[tuple[int, Any]]:
    """Return sequence numbers and documents of a stream, until its end."""
    stream = await stream_of(market, caller, task_id, **arguments)
    return [(entry.number, from_json(entry.json)) async for entry in stream]


def followed(market: Market, caller: Caller, task_id: str, **arguments: Any) -> asyncio.Task[list[tuple[int, Any]]]:
    """Run :func:`follow` concurrently with the test."""
    return asyncio.ensure_future(follow(market, caller, task_id, **arguments))


def state_of(task: Any) -> str:
    return str(task["status"]["state"])


def texts(task: Any) -> list[str]:
    """Return the texts of a task's history."""
    return [message["parts"][0].get("text", "") for message in task["history"]]
