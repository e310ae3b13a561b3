"""Tasks of tool calls: assign, read, answer questions and cancel, each with the caller's permissions."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Mapping
from typing import Any, Final

from agora.core.dispatcher import Dispatcher
from agora.protocols.operation_calls import call_operation
from agora_sdk.errors import AgoraError, Conflict

from .agent_offers import Offer
from .questions import INTERRUPTED_STATUSES, Question, list_open_questions
from .request_context import RequestContext
from .tools import SEND_OPERATION

__all__ = ["TOOL_KEY", "AgentTasks"]

log = logging.getLogger(__name__)

MAX_LABEL_CHARACTERS: Final = 64
HISTORY_PAGE_SIZE: Final = 500
TOOL_KEY: Final = "tool"  #: metadata key of a task: the name of the tool that created it


class AgentTasks:
    """Operations on tasks. Every method raises an AgoraError."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self._cancelling: set[asyncio.Task[None]] = set()

    async def assign_task(
        self,
        request_context: RequestContext,
        offer: Offer,
        arguments: Mapping[str, Any],
        key: str | None,
        metadata: Mapping[str, Any] = {},
    ) -> str:
        """Assign a task to the agent of an offer; returns its id. key: idempotency key of the call."""
        receipt = await self._invoke_operation(
            request_context,
            "agora.task.assign",
            {
                "task_type": offer.capability[:MAX_LABEL_CHARACTERS],
                "payload": {"capability": offer.capability, "arguments": dict(arguments)},
                "assignee": offer.agent_id,
                "metadata": {**metadata, TOOL_KEY: offer.tool.name},
            },
            key=key,
        )
        task_id: str = receipt["task_id"]
        return task_id

    async def send_message(
        self,
        request_context: RequestContext,
        arguments: Mapping[str, Any],
        key: str | None,
        metadata: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Send a message over A2A without waiting; returns the result of ``agora.a2a.send``. metadata: for the task."""
        own_metadata = arguments.get("metadata", {})
        # The server's keys come last: a caller must not claim that another tool created its task.
        if isinstance(own_metadata, Mapping):  # otherwise the operation reports the error
            arguments = {**arguments, "metadata": {**own_metadata, **metadata, TOOL_KEY: SEND_OPERATION}}
        send_result: dict[str, Any] = await self._invoke_operation(
            request_context, SEND_OPERATION, {**arguments, "wait": 0}, key=key
        )
        return send_result

    async def read_send_result(self, request_context: RequestContext, task_id: str) -> dict[str, Any]:
        """Read a task as the result that ``agora.a2a.send`` returns after waiting for its end."""
        return {"task": await self._invoke_operation(request_context, "agora.a2a.get", {"task_id": task_id})}

    async def read_task(self, request_context: RequestContext, task_id: str) -> dict[str, Any]:
        """Read a task that is visible to the caller."""
        task: dict[str, Any] = await self._invoke_operation(request_context, "agora.task.get", {"task_id": task_id})
        return task

    async def list_own_tasks_page(
        self, request_context: RequestContext, cursor: str | None, limit: int
    ) -> dict[str, Any]:
        """List one page of the caller's tasks, newest first."""
        arguments = {"created_by": request_context.caller.subject, "descending": True, "limit": limit, "cursor": cursor}
        page: dict[str, Any] = await self._invoke_operation(request_context, "agora.task.list", arguments)
        return page

    async def list_unanswered_questions(
        self, request_context: RequestContext, task: Mapping[str, Any]
    ) -> list[Question]:
        """List the unanswered questions of a task."""
        if task["status"] not in INTERRUPTED_STATUSES:
            return []
        entries: list[dict[str, Any]] = []
        # Clients poll this: a log may have thousands of checkpoints and reports of progress.
        types = ["message", "status"]
        arguments: dict[str, Any] = {"task_id": task["task_id"], "types": types, "limit": HISTORY_PAGE_SIZE}
        while True:
            page = await self._invoke_operation(request_context, "agora.task.history", arguments)
            entries += page["entries"]
            # To the end: only the whole log tells which of the questions were answered.
            if not page["has_more"]:
                return list_open_questions(entries)
            arguments["cursor"] = page["next_cursor"]

    async def answer_question_or_cancel_task(
        self, request_context: RequestContext, question: Question, response: Mapping[str, Any]
    ) -> None:
        """Answer a question with a person's response unless it is answered; the response ``cancel`` cancels the
        task."""
        message = question.build_answer_arguments(response)
        if message is None:
            await self.cancel_task(request_context, question.task_id, "The user cancelled.")
            return
        # Another client of the same user, or a repeated response, came first; the first answer counts.
        with contextlib.suppress(Conflict):  # the question is already answered
            await self._invoke_operation(request_context, "agora.task.message", message)

    async def cancel_task(self, request_context: RequestContext, task_id: str, reason: str) -> None:
        """Cancel a task. Raises IllegalTransition if it has ended."""
        await self._invoke_operation(request_context, "agora.task.cancel", {"task_id": task_id, "reason": reason})

    def cancel_task_in_background(self, request_context: RequestContext, task_id: str | Awaitable[str]) -> None:
        """Cancel the task of a call that is itself cancelled and therefore cannot wait. task_id: may still be
        assigned."""

        async def cancel_and_log() -> None:
            try:
                known_id = task_id if isinstance(task_id, str) else await task_id
                await self.cancel_task(request_context, known_id, "The tool call was cancelled.")
            except AgoraError as error:
                log.info("the task of a cancelled call could not be cancelled: %s", error)

        task = asyncio.get_running_loop().create_task(cancel_and_log())  # the call's own asyncio task is ending
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)

    async def _invoke_operation(
        self, request_context: RequestContext, name: str, arguments: Mapping[str, Any], *, key: str | None = None
    ) -> Any:
        return await call_operation(
            self.dispatcher,
            name,
            request_context.caller,
            arguments,
            idempotency_key=key,
            request_id=request_context.request_id,
        )
