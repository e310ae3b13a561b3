"""Errands: a call of an agent's offer, carried out as a task for that agent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from agora.core.dispatcher import Dispatcher
from agora_sdk.errors import AgoraError, DeadlineExceeded

from .agent_offers import Offer
from .exchange import Exchange
from .results import ToolResult

__all__ = ["AgentToolCalls"]

log = logging.getLogger(__name__)
LABEL = 64
TASK = "agora/task_id"


class AgentToolCalls:
    """Gives the task, follows its log, answers its result."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._cancelling: set[asyncio.Task[None]] = set()

    async def run_task(
        self, exchange: Exchange, offer: Offer, arguments: Mapping[str, Any], key: str | None
    ) -> ToolResult:
        """Have an agent do it; who cancels the call cancels the task. Raises an AgoraError.

        When the time is over the task goes on, and the error names it.
        """
        receipt = await self._invoke_operation(
            exchange,
            "agora.task.assign",
            {
                "task_type": offer.capability[:LABEL],
                "payload": {"capability": offer.capability, "arguments": dict(arguments)},
                "assignee": offer.agent_id,
                "metadata": {"tool": offer.tool.name},
            },
            key=key,
        )
        task_id: str = receipt["task_id"]
        try:
            async with asyncio.timeout(offer.timeout):
                await self._relay_progress(exchange, task_id)
        except TimeoutError:
            raise DeadlineExceeded(
                f"The agent was not done within {offer.timeout:g} s; the task goes on.",
                fix="Read its result later with agora.task.get.",
                task_id=task_id,
            ) from None
        except asyncio.CancelledError:
            self._cancel_in_background(exchange, task_id)
            raise
        return _task_result(await self._invoke_operation(exchange, "agora.task.get", {"task_id": task_id}))

    async def _invoke_operation(
        self, exchange: Exchange, name: str, arguments: Mapping[str, Any], *, key: str | None = None
    ) -> Any:
        operation = self._dispatcher.context.registry.find(name, None, exchange.caller.tenant)
        outcome = await self._dispatcher.invoke(
            operation, exchange.caller, arguments, idempotency_key=key, request_id=exchange.request_id
        )
        return from_json(outcome.body)

    async def _relay_progress(self, exchange: Exchange, task_id: str) -> None:
        """Relay the task's log as progress, to the task's end."""
        operation = self._dispatcher.context.registry.find("agora.task.stream", None, exchange.caller.tenant)
        stream = await self._dispatcher.stream(operation, exchange.caller, {"task_id": task_id}, valid=exchange.valid)
        progress = 0.0
        async for entry in stream:
            log_entry = from_json(entry.json)
            text = log_entry.get("content") or log_entry["type"]
            progress = max(log_entry.get("progress") or 0.0, progress + 0.001)  # it has to grow with every notification
            await exchange.progress(round(progress, 3), 100.0, text[:500])

    def _cancel_in_background(self, exchange: Exchange, task_id: str) -> None:
        async def cancel_task() -> None:
            try:
                reason = "The call of the tool was cancelled."
                await self._invoke_operation(exchange, "agora.task.cancel", {"task_id": task_id, "reason": reason})
            except AgoraError as error:
                log.info("task %s of a cancelled call could not be cancelled: %s", task_id, error)

        task = asyncio.get_running_loop().create_task(cancel_task())  # the call's own task is at its end
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)


def _task_result(task: Mapping[str, Any]) -> ToolResult:
    meta = {TASK: task["task_id"]}
    if task["status"] != "completed":
        reason = task.get("error") or task.get("notes") or "no reason was given"
        text = f"The task {task['task_id']} ended as {task['status']}: {reason}"
        return ToolResult(text.encode(), is_error=True, meta=meta)
    value = task.get("result")
    if isinstance(value, dict):
        return ToolResult(to_json(value), meta=meta)
    body = value.encode() if isinstance(value, str) else to_json(value)
    return ToolResult(body, structured=False, meta=meta)
