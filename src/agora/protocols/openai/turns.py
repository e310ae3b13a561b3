"""Turns of agents: begins, awaits, follows, reads and cancels them with the operations of A2A."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic_core import from_json

from agora.clock import new_id
from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.events.stream import LiveStream, LogStream
from agora.protocols.operation_calls import call_operation, open_operation_stream
from agora.value_classes import value_class
from agora.wire.a2a.states import INTERRUPTED_STATES, TERMINAL_STATES
from agora.wire.tool_calls import TOOL_RESULT_KEY, list_tool_calls
from agora_sdk.errors import (
    AgoraError,
    Conflict,
    DeadlineExceeded,
    IdempotencyConflict,
    InvalidRequest,
    NotFound,
    field_error,
)

from .errors import TURN_BEGUN_CODE, build_model_not_found_error, invalid_field
from .identifiers import CallId, TurnId, build_response_not_found_error, parse_call_id_or_none
from .pieces import list_updates_of_task_document, render_parts
from .request_fields import METADATA_KEY, AgentRequest

__all__ = ["APP_PREFIX", "FRONT_MODEL_NAME", "BegunTurn", "TurnCaller", "Turns", "Update"]

FRONT_MODEL_NAME: Final = "agora"  #: the model of the marketplace itself, which selects an agent
APP_PREFIX: Final = "app:"  #: prefix of an app's name, which stands for its orchestrator agent
WAITING_PAGE_SIZE: Final = 20  #: tasks searched for a repeated question

Fields = Mapping[str, Any]
Update = tuple[int, Fields]


@value_class
class TurnCaller:
    """The caller. key: the Idempotency-Key. valid: raises if the credential is no longer valid."""

    caller: Caller
    key: str | None = None
    valid: Callable[[], Awaitable[None]] | None = None


@dataclass(slots=True)
class BegunTurn:
    """A turn, or the text of the marketplace's answer without an agent. context: see :mod:`.request_fields`.
    is_repeatable: whether the request that began it finds it again."""

    id: TurnId | None
    text: str | None = None
    context: Fields = field(default_factory=dict)
    agent: str | None = None
    is_repeatable: bool = False


class Turns:
    """Begins, follows, reads and cancels turns. wait: maximum seconds that a call waits for the end of a turn."""

    def __init__(self, dispatcher: Dispatcher, wait: float) -> None:
        self._dispatcher, self._wait = dispatcher, wait

    async def _invoke_operation(
        self,
        name: str,
        turn_caller: TurnCaller,
        arguments: Fields,
        key: str | None = None,
        *,
        on_wait: Callable[[str], None] | None = None,
        is_follow_up: bool = False,
    ) -> dict[str, Any]:
        return await call_operation(
            self._dispatcher,
            name,
            turn_caller.caller,
            arguments,
            idempotency_key=key,
            on_wait=on_wait,
            is_follow_up=is_follow_up,
        )

    # -- asking --------------------------------------------------------------------------------------------

    async def begin_turn(self, request: AgentRequest, turn_caller: TurnCaller) -> BegunTurn:
        """Begin a turn without waiting for it. Raises an AgoraError if it was not begun."""
        if request.outputs:
            return await self._send_tool_outputs(request, turn_caller)
        arguments = _build_message_arguments(request, turn_caller) | await self._resolve_model_to_agent(
            request, turn_caller
        )
        # Before sending: the position of the question is where the new turn begins in the task's log.
        question = await self._add_open_question_to_arguments(request, turn_caller, arguments)
        arguments["return_immediately"] = True
        try:
            result = await self._send_request(request, turn_caller, arguments)
        # A retry of an answer: its question is answered, so the first search found no task, and the arguments differ.
        except IdempotencyConflict as conflict:
            question, result = await self._repeat_answer(request, turn_caller, arguments, conflict)
        if "task" not in result:
            return BegunTurn(None, render_parts(result["message"].get("parts", ())))
        return BegunTurn(question or TurnId(result["task"]["id"]), is_repeatable=turn_caller.key is not None)

    async def begin_turn_and_collect_updates(
        self, request: AgentRequest, turn_caller: TurnCaller
    ) -> tuple[BegunTurn, list[Update]]:
        """Begin a turn and wait for its end; returns its updates, which lack the end after a timeout."""
        # The turn's position has to be known before it begins, so that an older answer is not taken for the new one.
        if request.outputs or request.previous is not None or request.last_answer is not None:
            begun = await self.begin_turn(request, turn_caller)
            return begun, await self._collect_updates(begun, turn_caller)
        arguments = _build_message_arguments(request, turn_caller) | await self._resolve_model_to_agent(
            request, turn_caller
        )
        begun_ids: list[str] = []
        try:
            # One call instead of three (begin, follow, read): the operation itself waits for the end.
            result = await self._send_request(
                request, turn_caller, arguments | {"wait": self._wait}, on_wait=begun_ids.append
            )
        except AgoraError as error:
            # Refused while it waited, as a caller with too many calls is: the task is committed.
            if begun_ids and turn_caller.key is None:
                await self._abandon_turn_and_mark_error(TurnId(begun_ids[0]), turn_caller, error)
            raise
        except asyncio.CancelledError:  # the client has disconnected
            # The task may have been created although its answer never arrived here; nobody would cancel it.
            await self._cancel_unknown_turn(turn_caller, arguments)
            raise
        if "task" in result:
            return BegunTurn(TurnId(result["task"]["id"])), list_updates_of_task_document(result["task"])
        message = result["message"]
        own_metadata = (message.get("metadata") or {}).get("agora") or {}
        turn = TurnId(own_metadata["task"]) if own_metadata.get("task") else None
        return BegunTurn(turn, render_parts(message.get("parts", ()))), []

    async def _resolve_model_to_agent(self, request: AgentRequest, turn_caller: TurnCaller) -> dict[str, str]:
        """Resolve the model to arguments with its agent. Raises NotFound for an unknown model."""
        if request.model == FRONT_MODEL_NAME:
            return {}
        if not request.model.startswith(APP_PREFIX):
            return {"agent": request.model}
        try:
            ref = {"ref": request.model.removeprefix(APP_PREFIX)}
            app = await self._invoke_operation("agora.app.get", turn_caller, ref)
        except (NotFound, InvalidRequest) as error:
            raise build_model_not_found_error(request.model) from error
        if app.get("orchestrator_agent_id") is None:
            raise Conflict(
                f"The app {app['name']} has no orchestrator agent.",
                fix="Set its orchestrator_agent with PATCH /apps.",
            )
        return {"agent": app["orchestrator_agent_id"]}

    async def _send_request(
        self,
        request: AgentRequest,
        turn_caller: TurnCaller,
        arguments: dict[str, Any],
        on_wait: Callable[[str], None] | None = None,
    ) -> dict[str, Any]:
        try:
            return await self._invoke_operation(
                "agora.a2a.send", turn_caller, arguments, turn_caller.key, on_wait=on_wait
            )
        except NotFound as error:
            # OpenAI's clients show an unknown model as such; the operation names A2A's argument.
            if (error.extra.get("errors") or [{}])[0].get("field") == "agent":
                raise build_model_not_found_error(request.model) from error
            raise
        except InvalidRequest as error:
            raise _convert_message_error(error, request.content_field) from error

    async def _cancel_unknown_turn(self, turn_caller: TurnCaller, arguments: dict[str, Any]) -> None:
        """Cancel the turn of a client that disconnected before it received the turn's id; the same message finds its
        task."""
        if turn_caller.key is not None:
            # As the message id, which finds the task as the key does. As a key of this other request, it would make a
            # retry of the client's request a conflict.
            arguments = arguments | {"message": {"messageId": turn_caller.key, **arguments["message"]}}
        with suppress(AgoraError):
            result = await self._invoke_operation(
                "agora.a2a.send", turn_caller, arguments | {"return_immediately": True}, is_follow_up=True
            )
            if "task" in result:
                await self._cancel_task(result["task"]["id"], turn_caller, is_follow_up=True)

    async def _add_open_question_to_arguments(
        self, request: AgentRequest, turn_caller: TurnCaller, arguments: dict[str, Any]
    ) -> TurnId | None:
        """Add to the arguments the task whose question the message answers, or the conversation that it continues."""
        task: Fields | None = None
        if request.previous is not None:
            task = await self._read_task(request.previous, turn_caller, "previous_response_id")
            state = task["status"]["state"]
            if state not in TERMINAL_STATES and state not in INTERRUPTED_STATES:
                raise Conflict(
                    "The previous response is not complete.",
                    fix="Wait for it, or cancel it with POST /v1/responses/{id}/cancel.",
                    errors=[field_error("previous_response_id", "in progress")],
                )
            arguments["context_id"] = task["contextId"]
        elif request.last_answer:
            task = await self._find_waiting_task(request, turn_caller)
        # A finished task is not continued: its context is, by a new task.
        if task is None or task["status"]["state"] not in INTERRUPTED_STATES:
            return None
        arguments |= {"task_id": task["id"], "context_id": task["contextId"]}
        # Two positions of the A2A stream for each log entry: the turn begins after the entry of the question.
        return TurnId(task["id"], (int(task["metadata"]["agora"]["position"]) - 1) // 2)

    async def _repeat_answer(
        self, request: AgentRequest, turn_caller: TurnCaller, arguments: dict[str, Any], conflict: IdempotencyConflict
    ) -> tuple[TurnId, dict[str, Any]]:
        """Repeat the answer to a question under its key: the task that it named waits no longer, and is found again.

        Returns the turn after the question, and the stored result. Raises the conflict if the key is that of another
        request.
        """
        async for question, context_id in self._find_answered_questions(request, turn_caller):
            # Nothing is sent to a wrong task: its arguments are a conflict, too.
            with suppress(IdempotencyConflict):
                task_arguments = {"task_id": question.task_id, "context_id": context_id}
                return question, await self._send_request(request, turn_caller, arguments | task_arguments)
        raise conflict

    async def _find_answered_questions(
        self, request: AgentRequest, turn_caller: TurnCaller
    ) -> AsyncIterator[tuple[TurnId, str]]:
        """Find turns after questions that the message may have answered, each with its task's context."""
        if request.previous is not None:
            task = await self._read_task(request.previous, turn_caller, "previous_response_id")
            if (question := await self._find_question_of_turn(request.previous, turn_caller)) is not None:
                yield question[0], task["contextId"]
            return
        if not request.last_answer:
            return
        agent = await self._resolve_model_to_agent(request, turn_caller)
        page = await self._invoke_operation("agora.a2a.list", turn_caller, {"page_size": WAITING_PAGE_SIZE} | agent)
        for task in page.get("tasks", ()):
            messages = (each for each in task.get("history", ()) if each.get("role") == "ROLE_AGENT")
            # Only the logs of tasks with that text are read.
            if not any(_repeats_question(request, render_parts(each.get("parts", ()))) for each in messages):
                continue
            question = await self._find_question_of_turn(TurnId(task["id"]), turn_caller)
            while question is not None:
                turn, text = question
                if _repeats_question(request, text):
                    yield turn, task["contextId"]
                question = await self._find_question_of_turn(turn, turn_caller)

    async def _find_question_of_turn(self, turn: TurnId, turn_caller: TurnCaller) -> tuple[TurnId, str] | None:
        """Find the question that ended a turn: the turn after it, and its text. None if it ended in another way."""
        updates = await self.read_available_updates(turn, turn_caller)
        number, update = updates[-1] if updates else (0, {})
        status = (update.get("statusUpdate") or {}).get("status") or {}
        if status.get("state") not in INTERRUPTED_STATES:
            return None
        text = render_parts((status.get("message") or {}).get("parts", ()))
        return TurnId(turn.task_id, (number - 1) // 2), text

    async def _find_waiting_task(self, request: AgentRequest, turn_caller: TurnCaller) -> Fields | None:
        """Find the task that waits for an answer to the question that the client repeats as the agent's last
        message."""
        arguments = {"status": "TASK_STATE_INPUT_REQUIRED", "page_size": WAITING_PAGE_SIZE, "history_length": 0}
        agent = await self._resolve_model_to_agent(request, turn_caller)
        page = await self._invoke_operation("agora.a2a.list", turn_caller, arguments | agent)
        for task in page.get("tasks", ()):
            question = render_parts((task["status"].get("message") or {}).get("parts", ()))
            if _repeats_question(request, question):
                waiting_task: Fields = task
                return waiting_task
        return None

    async def _send_tool_outputs(self, request: AgentRequest, turn_caller: TurnCaller) -> BegunTurn:
        """Send the outputs of the client's tools to the agent. The message id derives from the question, so a retry is
        idempotent."""
        calls = [call for output in request.outputs if (call := parse_call_id_or_none(output.call_id)) is not None]
        task_id, entry = calls[0].task_id, calls[0].entry
        names = await self._load_agent_call_ids(calls, request, turn_caller)
        outputs = {call.number: output.text for call, output in zip(calls, request.outputs, strict=True)}
        # The agent waits for one message with all results; a partial one could not be completed later.
        if set(outputs) != set(range(len(names))):
            ids = ", ".join(str(CallId(task_id, entry, number)) for number in range(len(names)))
            raise invalid_field(
                request.content_field,
                f"the agent waits for the outputs of {ids}",
                fix="Send the output of each, once.",
            )
        results = [{"data": {TOOL_RESULT_KEY: {"id": name, "content": outputs[i]}}} for i, name in enumerate(names)]
        message = {
            "messageId": f"{task_id}.{entry}.outputs",
            "taskId": task_id,
            "parts": results + request.parts,
            "metadata": {METADATA_KEY: request.context},
        }
        await self._invoke_operation("agora.a2a.send", turn_caller, {"message": message, "return_immediately": True})
        # The turn after the question, also for a repetition, so that a retry follows the same turn.
        return BegunTurn(TurnId(task_id, entry), is_repeatable=True)

    async def _load_agent_call_ids(
        self, calls: Sequence[CallId], request: AgentRequest, turn_caller: TurnCaller
    ) -> list[str]:
        """Load the agent's ids of the calls in a question. Raises InvalidRequest unless all calls belong to one pending
        question."""
        first = calls[0]
        if any((call.task_id, call.entry) != (first.task_id, first.entry) for call in calls):
            raise invalid_field(
                request.content_field,
                "the outputs belong to calls of several questions",
                fix="Send those of the latest question.",
            )
        # From the entry before: a turn begins after its entry, and the question itself is to be read.
        turn = TurnId(first.task_id, first.entry - 1)
        for _, update in await self.read_available_updates(turn, turn_caller, request.call_field):
            status = (update.get("statusUpdate") or {}).get("status") or {}
            if status.get("state") in INTERRUPTED_STATES:
                names = [call.id for call in list_tool_calls(status.get("message") or {})]
                if names:
                    return names
        raise invalid_field(
            request.call_field, f"{first} is not a pending call of the agent", fix="Send the id unchanged."
        )

    # -- following and reading -----------------------------------------------------------------------------

    async def follow_begun_turn(self, begun: BegunTurn, turn_caller: TurnCaller) -> LiveStream | None:
        """Follow a turn that the same request has begun; None without an agent. The caller's rate limit does not refuse
        it. Raises an AgoraError."""
        if begun.id is None:
            return None
        try:
            return await self.follow_turn(begun.id, turn_caller, is_follow_up=True)
        except AgoraError as error:
            if not begun.is_repeatable:
                await self._abandon_turn_and_mark_error(begun.id, turn_caller, error)
            raise

    async def follow_turn(
        self, turn: TurnId, turn_caller: TurnCaller, field: str = "response_id", *, is_follow_up: bool = False
    ) -> LiveStream:
        """Follow the past and future updates of a turn until its end. Raises NotFound."""
        arguments = {"task_id": turn.task_id, "last_event_id": str(turn.position), "until": "interrupted"}
        try:
            return await open_operation_stream(
                self._dispatcher,
                "agora.a2a.subscribe",
                turn_caller.caller,
                arguments,
                turn_caller.valid,
                is_follow_up=is_follow_up,
            )
        except (NotFound, InvalidRequest) as error:
            raise build_response_not_found_error(f"resp_{turn.digits}", field) from error

    async def read_available_updates(
        self, turn: TurnId, turn_caller: TurnCaller, field: str = "response_id"
    ) -> list[Update]:
        """Read the updates of a turn so far."""
        stream = await self.follow_turn(turn, turn_caller, field)
        try:
            assert isinstance(stream, LogStream)
            return [(entry.number, from_json(entry.json)) for entry in await stream.read_available_entries()]
        finally:
            stream.close()

    async def _collect_updates(self, begun: BegunTurn, turn_caller: TurnCaller) -> list[Update]:
        """Collect the updates of a turn until its end or the timeout."""
        updates: list[Update] = []
        stream = await self.follow_begun_turn(begun, turn_caller)
        if begun.id is None or stream is None:
            return updates
        try:
            async with asyncio.timeout(self._wait):
                async for entry in stream:
                    updates.append((entry.number, from_json(entry.json)))  # noqa: PERF401 - kept if the time is up
        except TimeoutError:
            pass
        except asyncio.CancelledError:  # the client has disconnected
            await self.abandon_turn(begun.id, turn_caller)
            raise
        return updates

    async def read_begun_turn(self, turn: TurnId, turn_caller: TurnCaller) -> BegunTurn:
        """Read a turn with its request from its task's first message. Raises NotFound."""
        task = await self._read_task(turn, turn_caller, "response_id", history=True)
        contexts = [(each.get("metadata") or {}).get(METADATA_KEY) for each in task.get("history", ())]
        context = next((each for each in contexts if isinstance(each, dict)), {})
        return BegunTurn(turn, None, context, task["metadata"]["agora"].get("agent"))

    async def _read_task(self, turn: TurnId, turn_caller: TurnCaller, field: str, *, history: bool = False) -> Fields:
        arguments: dict[str, Any] = {"task_id": turn.task_id, "include_artifacts": False}
        if not history:
            arguments["history_length"] = 0
        try:
            return await self._invoke_operation("agora.a2a.get", turn_caller, arguments)
        except NotFound as error:
            raise build_response_not_found_error(f"resp_{turn.digits}", field) from error

    async def read_usage(self, turn: TurnId, turn_caller: TurnCaller) -> tuple[int, int] | None:
        """Read the input and output tokens of the turn's task as reported by its worker; None if unreported or not
        permitted."""
        if not turn_caller.caller.may("read:billing"):
            return None
        page = await self._invoke_operation("agora.billing.tokens", turn_caller, {"task_id": turn.task_id})
        if not page.get("tokens"):
            return None
        return sum(row["input_tokens"] for row in page["tokens"]), sum(row["output_tokens"] for row in page["tokens"])

    # -- ending --------------------------------------------------------------------------------------------

    async def cancel_turn(self, turn: TurnId, turn_caller: TurnCaller) -> None:
        """Cancel a turn's task. Raises NotFound, and IllegalTransition if it has ended."""
        await self._cancel_task(turn.task_id, turn_caller)

    async def abandon_turn(self, turn: TurnId, turn_caller: TurnCaller) -> None:
        """Cancel a turn's task because nobody will read its answer; it may have ended."""
        with suppress(AgoraError):
            await self._cancel_task(turn.task_id, turn_caller, is_follow_up=True)

    async def _abandon_turn_and_mark_error(self, turn: TurnId, turn_caller: TurnCaller, error: AgoraError) -> None:
        """Cancel a turn that the client does not know, and let the error say that a retry would begin, and pay, another
        one."""
        error.extra[TURN_BEGUN_CODE] = True
        await self.abandon_turn(turn, turn_caller)

    async def _cancel_task(self, task_id: str, turn_caller: TurnCaller, *, is_follow_up: bool = False) -> None:
        await self._invoke_operation("agora.a2a.cancel", turn_caller, {"task_id": task_id}, is_follow_up=is_follow_up)

    def build_deadline_error(self) -> DeadlineExceeded:
        """Build the error for a turn that exceeds the timeout."""
        return DeadlineExceeded(
            f"The agent has not answered within {self._wait:g} seconds.",
            fix="Stream the answer, or ask with POST /v1/responses and background.",
        )


def _repeats_question(request: AgentRequest, question: str) -> bool:
    """Whether the client repeats a question as the agent's last message."""
    # The client's text begins with what the agent wrote before its question.
    return bool(question) and (request.last_answer or "").strip().endswith(question.strip())


def _convert_message_error(error: InvalidRequest, field: str) -> InvalidRequest:
    """Convert an error about A2A's message to one about the member that contained the message."""
    fields = error.extra.get("errors") or [{}]
    if not str(fields[0].get("field", "")).startswith("message"):
        return error
    return invalid_field(field, str(fields[0].get("message") or error.detail), error.fix)


def _build_message_arguments(request: AgentRequest, turn_caller: TurnCaller) -> dict[str, Any]:
    message: dict[str, Any] = {"parts": request.parts, "metadata": {METADATA_KEY: request.context}}
    if turn_caller.key is None:  # otherwise the key is its id, so that a retry is idempotent
        message["messageId"] = new_id("msg")
    return {"message": message}
