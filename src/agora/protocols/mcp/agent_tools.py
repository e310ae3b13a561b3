"""Calls of an agent's offer, run as tasks of that agent.

Questions of the agent are forwarded to the caller's user: see :mod:`.questions`. If the client does not support
elicitation, the result contains the questions and how to answer them.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import to_json

from agora.core.call import ClientRefused
from agora_sdk.errors import DeadlineExceeded

from .agent_offers import Offer
from .agent_tasks import TOOL_KEY, AgentTasks
from .client_requests import build_input_required_result
from .progress import ProgressReporter, follow_task_with_progress
from .questions import ELICIT_METHOD, Question, list_questions_of_entry
from .request_context import INVALID_PARAMS, JsonRpcError, RequestContext
from .task_views import TASK_ID_KEY, build_task_result
from .tool_results import ToolResult
from .tool_view import ToolView
from .tools import underscore_name

__all__ = ["AgentToolCalls"]

ANSWERING_TOOL: Final = "agora.a2a.send"
REQUEST_STATE: Final = re.compile(r"(task_[A-Za-z0-9]{1,60})\.([0-9]{1,9})")


class AgentToolCalls:
    """Assigns the task, follows its log, forwards questions and answers, and returns its result."""

    def __init__(self, tasks: AgentTasks) -> None:
        self._tasks = tasks

    async def run_task(
        self, request_context: RequestContext, offer: Offer, arguments: Mapping[str, Any], key: str | None
    ) -> ToolResult:
        """Run a call as an agent's task; cancelling the call cancels the task. Raises an AgoraError.

        After the timeout the task continues; the error has its id. Time spent waiting for an answer does not count.
        """
        reporter, after = ProgressReporter(request_context.progress), None
        if request_context.client.state is not None:
            task_id, after = await self._resume_task(request_context, offer)
        else:
            task_id = await self._assign_task(request_context, offer, arguments, key)
        try:
            async with reporter.keep_alive():
                while True:
                    async with asyncio.timeout(offer.timeout):
                        questions = await self._follow_until_questions(request_context, task_id, reporter, after)
                    if not questions:
                        break
                    unanswered = await self._ask_user_or_build_result(request_context, offer, questions)
                    if unanswered is not None:
                        return unanswered
                    after = questions[0].number
        except TimeoutError:
            raise DeadlineExceeded(
                f"The agent did not finish within {offer.timeout:g} s; the task continues.",
                fix="Read its result later with agora.task.get.",
                task_id=task_id,
            ) from None
        except asyncio.CancelledError:
            self._tasks.cancel_task_in_background(request_context, task_id)
            raise
        return build_task_result(await self._tasks.read_task(request_context, task_id))

    async def _assign_task(
        self, request_context: RequestContext, offer: Offer, arguments: Mapping[str, Any], key: str | None
    ) -> str:
        """Assign the task of a call. If the call is cancelled meanwhile, its task is cancelled too."""
        assigning = asyncio.create_task(self._tasks.assign_task(request_context, offer, arguments, key))
        try:
            # Shielded: a cancelled commit may have stored a task whose id nobody would know.
            return await asyncio.shield(assigning)
        except asyncio.CancelledError:
            self._tasks.cancel_task_in_background(request_context, assigning)
            raise

    async def _resume_task(self, request_context: RequestContext, offer: Offer) -> tuple[str, int]:
        """Find the task of a repeated call, and answer its questions. Returns the task id and the log position to
        resume from.

        The client can forge the state, so it only selects one of the caller's own tasks.
        """
        match = REQUEST_STATE.fullmatch(request_context.client.state or "")
        responses = request_context.client.responses
        if match is None or not responses or not all(isinstance(part, Mapping) for part in responses.values()):
            raise JsonRpcError(INVALID_PARAMS, "requestState or inputResponses do not match the request.")
        task_id, number = match[1], int(match[2])
        task = await self._tasks.read_task(request_context, task_id)
        if (
            task.get("created_by") != request_context.caller.subject
            or task["metadata"].get(TOOL_KEY) != offer.tool.name
        ):
            raise JsonRpcError(INVALID_PARAMS, "requestState belongs to another call.")
        # Questions answered since were answered elsewhere, or by an earlier attempt of this call.
        questions = [
            part for part in await self._tasks.list_unanswered_questions(request_context, task) if part.number == number
        ]
        answered = [question for question in questions if question.key in responses]
        for question in answered:
            await self._tasks.answer_question_or_cancel_task(request_context, question, responses[question.key])
        # From before the entry if questions of it are still open: they are asked again.
        return task_id, number if len(answered) == len(questions) else number - 1

    async def _follow_until_questions(
        self, request_context: RequestContext, task_id: str, reporter: ProgressReporter, after: int | None
    ) -> list[Question]:
        """Follow a task to its next open questions; returns none at its end."""
        follow = follow_task_with_progress(self._tasks.dispatcher, request_context, task_id, reporter, after)
        async with contextlib.aclosing(follow) as entries:
            async for entry in entries:
                if not list_questions_of_entry(entry):
                    continue
                questions = await self._tasks.list_unanswered_questions(
                    request_context, await self._tasks.read_task(request_context, task_id)
                )
                # Questions of earlier entries were answered, or replaced by a later one.
                if questions and questions[0].number == entry["number"]:
                    return questions
        return []

    async def _ask_user_or_build_result(
        self, request_context: RequestContext, offer: Offer, questions: Sequence[Question]
    ) -> ToolResult | None:
        """Ask the user of the client. Returns None if every question was answered, otherwise the result of the call."""
        client = request_context.client
        if not client.is_supported(ELICIT_METHOD):
            return _build_unanswered_result(request_context.view, offer, questions)
        if client.send is None:
            requests = {
                part.key: {"method": ELICIT_METHOD, "params": part.build_elicitation_params()} for part in questions
            }
            state = f"{questions[0].task_id}.{questions[0].number}"
            return ToolResult(relayed=build_input_required_result(requests, state))
        for question in questions:
            try:
                response = await client.send(ELICIT_METHOD, question.build_elicitation_params())
            except ClientRefused:
                return _build_unanswered_result(request_context.view, offer, questions)
            await self._tasks.answer_question_or_cancel_task(request_context, question, response)
            if response.get("action") == "cancel":
                break
        return None


def _build_unanswered_result(view: ToolView, offer: Offer, questions: Sequence[Question]) -> ToolResult:
    """Build the result for a client without elicitation: the questions, and the tool call that answers them."""
    task_id = questions[0].task_id
    texts = "\n".join(question.text for question in questions)
    text = (
        f"The agent asks: {texts}\n\nThe task {task_id} waits for the answer. {_describe_how_to_answer(view, task_id)}"
    )
    # A tool with an output schema must return matching structured content, except for errors.
    return ToolResult(
        text.encode(), structured=False, is_error="outputSchema" in offer.tool.document, meta={TASK_ID_KEY: task_id}
    )


def _describe_how_to_answer(view: ToolView, task_id: str) -> str:
    """Describe how to answer with the tools listed by the view: a host does not let its model call others."""
    name = underscore_name(ANSWERING_TOOL) if view.underscores else ANSWERING_TOOL
    if view.server and underscore_name(ANSWERING_TOOL) not in map(underscore_name, view.tools):
        return (
            f"This server has no tool that answers it. Its operator can add {ANSWERING_TOOL}; "
            "a client that supports elicitation needs none."
        )
    call: dict[str, Any] = {"name": name, "arguments": {"task_id": task_id, "message": "YOUR ANSWER"}}
    if view.toolsets:
        call = {"name": "agora_tools_call", "arguments": call}
    return f"Answer it, and get the result, with this tool call: {to_json(call).decode()}"
