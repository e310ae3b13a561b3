"""A call of an agent's offer, carried out as a task for that agent.

An agent that asks back asks the caller's person: see :mod:`.questions`. Where the client can ask nobody, the call answers
what is asked, and how to answer it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora.core.call import ClientRefused
from agora.core.dispatcher import Dispatcher
from agora_sdk.errors import AgoraError, DeadlineExceeded

from .agent_offers import Offer
from .client_requests import input_required_result
from .exchange import INVALID_PARAMS, Exchange, JsonRpcError, ignore_progress
from .progress import ProgressReporter, follow_task
from .questions import ASKING, Question, question_of_entry
from .results import ToolResult

__all__ = ["AgentToolCalls"]

log = logging.getLogger(__name__)
LABEL = 64
TASK = "agora/task_id"
ELICIT: Final = "elicitation/create"
QUESTION: Final = "question"  #: the name of the one request in an ``input_required`` result
STATE: Final = re.compile(r"(task_[A-Za-z0-9]{1,60})\.([0-9]{1,9})")


class AgentToolCalls:
    """Gives the task, follows its log, passes questions and answers on, answers its result."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._cancelling: set[asyncio.Task[None]] = set()

    async def run_task(
        self, exchange: Exchange, offer: Offer, arguments: Mapping[str, Any], key: str | None
    ) -> ToolResult:
        """Have an agent do it; who cancels the call cancels the task. Raises an AgoraError.

        When the time is over the task goes on, and the error names it. The time for which a question waits does not count.
        """
        reporter, after = ProgressReporter(exchange.progress), None
        if exchange.client.state is not None:
            task_id, after = await self._resume_task(exchange, offer)
        else:
            task_id = await self._assign_task(exchange, offer, arguments, key)
        try:
            async with reporter.keep_alive():
                while True:
                    async with asyncio.timeout(offer.timeout):
                        question = await self._follow_to_question(exchange, task_id, reporter, after)
                    if question is None:
                        break
                    unanswered = await self._forward_question(exchange, offer, question)
                    if unanswered is not None:
                        return unanswered
                    after = question.number
        except TimeoutError:
            raise DeadlineExceeded(
                f"The agent was not done within {offer.timeout:g} s; the task goes on.",
                fix="Read its result later with agora.task.get.",
                task_id=task_id,
            ) from None
        except asyncio.CancelledError:
            self._cancel_in_background(exchange, task_id)
            raise
        return _task_result(await self._read_task(exchange, task_id))

    async def _assign_task(
        self, exchange: Exchange, offer: Offer, arguments: Mapping[str, Any], key: str | None
    ) -> str:
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
        return task_id

    async def _resume_task(self, exchange: Exchange, offer: Offer) -> tuple[str, int]:
        """The task that a repeated call goes on with, its question answered, and the number of that question.

        The state is the client's to change: it says no more than which of the caller's own tasks is meant.
        """
        match = STATE.fullmatch(exchange.client.state or "")
        response = exchange.client.responses.get(QUESTION)
        if match is None or not isinstance(response, Mapping):
            raise JsonRpcError(INVALID_PARAMS, "requestState and inputResponses are not as they were asked for.")
        task_id, number = match[1], int(match[2])
        task = await self._read_task(exchange, task_id)
        if task.get("created_by") != exchange.caller.subject or task["metadata"].get("tool") != offer.tool.name:
            raise JsonRpcError(INVALID_PARAMS, "requestState is of another call.")
        if task["status"] in ASKING:  # else it was answered otherwise, or by an earlier try of this call
            question = await self._read_question(exchange, task_id, number)
            await self._answer_question(exchange, question, response)
        return task_id, number

    async def _read_question(self, exchange: Exchange, task_id: str, number: int) -> Question:
        entries = follow_task(self._dispatcher, exchange, task_id, ProgressReporter(ignore_progress), number - 1)
        async with contextlib.aclosing(entries):
            question = question_of_entry(await anext(entries, {"type": "none"}))
        if question is None:
            raise JsonRpcError(INVALID_PARAMS, "requestState names no question.")
        return question

    async def _follow_to_question(
        self, exchange: Exchange, task_id: str, reporter: ProgressReporter, after: int | None
    ) -> Question | None:
        """Follow a task to its next question that waits for an answer; None at its end."""
        async with contextlib.aclosing(follow_task(self._dispatcher, exchange, task_id, reporter, after)) as entries:
            async for entry in entries:
                question = question_of_entry(entry)
                if question is not None and (await self._read_task(exchange, task_id))["status"] in ASKING:
                    return question
        return None

    async def _forward_question(self, exchange: Exchange, offer: Offer, question: Question) -> ToolResult | None:
        """Have the person at the client answer. None if it was answered, else the call's result."""
        client = exchange.client
        if not client.is_supported(ELICIT):
            return _unanswered_result(offer, question)
        if client.send is None:
            request = {"method": ELICIT, "params": question.elicitation_params()}
            return ToolResult(
                relayed=input_required_result({QUESTION: request}, f"{question.task_id}.{question.number}")
            )
        try:
            response = await client.send(ELICIT, question.elicitation_params())
        except ClientRefused:
            return _unanswered_result(offer, question)
        await self._answer_question(exchange, question, response)
        return None

    async def _answer_question(self, exchange: Exchange, question: Question, response: Mapping[str, Any]) -> None:
        message = question.answer_message(response)
        if message is None:
            reason = {"task_id": question.task_id, "reason": "The person cancelled."}
            await self._invoke_operation(exchange, "agora.task.cancel", reason)
        else:
            await self._invoke_operation(exchange, "agora.task.message", message)

    async def _read_task(self, exchange: Exchange, task_id: str) -> dict[str, Any]:
        task: dict[str, Any] = await self._invoke_operation(exchange, "agora.task.get", {"task_id": task_id})
        return task

    async def _invoke_operation(
        self, exchange: Exchange, name: str, arguments: Mapping[str, Any], *, key: str | None = None
    ) -> Any:
        operation = self._dispatcher.context.registry.find(name, None, exchange.caller.tenant)
        outcome = await self._dispatcher.invoke(
            operation, exchange.caller, arguments, idempotency_key=key, request_id=exchange.request_id
        )
        return from_json(outcome.body)

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


def _unanswered_result(offer: Offer, question: Question) -> ToolResult:
    """What a client is told that can ask no person: the question, and the call that answers it."""
    answer = {"name": "agora.a2a.send", "arguments": {"task_id": question.task_id, "message": "YOUR ANSWER"}}
    text = (
        f"The agent asks: {question.text}\n\nThe task {question.task_id} waits for the answer. Give it, and get the result, "
        f"with this tool call: {to_json(answer).decode()}"
    )
    # A tool with an output schema owes structured content that fits it, except in an error.
    return ToolResult(
        text.encode(), structured=False, is_error="outputSchema" in offer.tool.document, meta={TASK: question.task_id}
    )
