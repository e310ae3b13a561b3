"""Opens runs: sends the new messages of a thread to the agent, and opens the stream of their task.

A run is idempotent by its id, which is the id of its message: a repeated run sends nothing, and replays the events from
the position in the task's log where it began.

A run without new messages connects to its thread: it follows the last changed task of the thread, regardless of its
creator and protocol, from the begin of the task's last turn.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.events.stream import LiveStream
from agora.protocols.operation_calls import call_operation, open_operation_stream
from agora.value_classes import value_class
from agora_sdk.errors import Conflict, InvalidRequest, NotFound

from .interrupts import (
    build_answer_messages,
    build_interrupts,
    build_tool_answer_message,
    list_pending_call_ids,
    split_wire_id,
)
from .run_input import RunInput

__all__ = ["OpenedRun", "RunOpener", "RunRefused"]

INTERRUPTED_STATES: Final = ("TASK_STATE_INPUT_REQUIRED", "TASK_STATE_AUTH_REQUIRED")
TERMINAL_STATES: Final = frozenset(
    {"TASK_STATE_COMPLETED", "TASK_STATE_FAILED", "TASK_STATE_CANCELED", "TASK_STATE_REJECTED"}
)
INTERRUPTED_STATUSES: Final = frozenset({"input_required", "auth_required"})  #: INTERRUPTED_STATES as statuses of tasks
CONTEXT_KEY: Final = "ag_ui"  #: key in a message's metadata
START_POSITION: Final = 0
MAX_REPLAYED_TASKS: Final = 20  #: tasks of a thread whose conversation is sent to a connecting page
MAX_REPLAYED_MESSAGES: Final = 100  #: messages of each of them
HISTORY_PAGE_SIZE: Final = 500
MAX_HISTORY_PAGES: Final = 40  #: sufficient for all messages, because a task's log is limited

Task = Mapping[str, Any]


class RunRefused(Exception):
    """A run that is answered with ``RUN_ERROR``, because it conflicts with the state of its thread."""

    def __init__(self, code: str, error: Exception) -> None:
        super().__init__(str(error))
        self.code = code


@dataclass(slots=True)
class OpenedRun:
    """An opened run: with a task's stream, with a single message as reply, or empty for an empty thread.

    conversation: A2A messages that a connecting page has not received.
    """

    task_id: str | None = None
    stream: LiveStream | None = None
    message: Mapping[str, Any] | None = None
    conversation: Sequence[Mapping[str, Any]] = ()


@value_class
class RunRequest:
    """A run and its caller. agent: the addressed agent; None for the front agent. valid: raises if the credential is no
    longer valid.
    """

    run: RunInput
    agent: str | None
    caller: Caller
    valid: Callable[[], Awaitable[None]] | None = None

    @property
    def agent_arguments(self) -> dict[str, Any]:
        return {} if self.agent is None else {"agent": self.agent}


class RunOpener:
    """Opens runs with the operations of ``agora.a2a`` and ``agora.task``."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def open_run(self, request: RunRequest) -> OpenedRun:
        """Begin a run, or find one that has begun. Raises AgoraError, and RunRefused."""
        run = request.run
        if run.resume or run.answers:
            try:
                task_id, position = await self._answer_task(request)
            # As events of the run: a page shows a refused answer beside its question, an HTTP error nowhere.
            except (Conflict, NotFound, InvalidRequest) as error:
                raise RunRefused("answer_refused", error) from error
            return await self._follow_task(request, task_id, position)
        if run.only_connects:
            return await self._connect_to_thread(request)
        return await self._send_first_message(request)

    # -- connecting ---------------------------------------------------------------------------------------

    async def _connect_to_thread(self, request: RunRequest) -> OpenedRun:
        """Follow the last turn of the thread, preceded by the earlier conversation; a thread without a task is empty."""
        arguments = {**request.agent_arguments, "context_id": request.run.thread_id, "include_artifacts": True}
        bounds = {"page_size": MAX_REPLAYED_TASKS, "history_length": MAX_REPLAYED_MESSAGES}
        page = await call_operation(self._dispatcher, "agora.a2a.list", request.caller, {**arguments, **bounds})
        if not page["tasks"]:
            return OpenedRun()
        # The list begins with the last changed task.
        newest, *older = page["tasks"]
        position, answer_id = await self._locate_last_turn(request, newest["id"])
        conversation = [message for task in reversed(older) for message in _list_conversation(task)]
        conversation += _list_messages_until(newest.get("history", ()), answer_id)
        opened = await self._follow_task(request, newest["id"], position)
        opened.conversation = conversation
        return opened

    async def _locate_last_turn(self, request: RunRequest, task_id: str) -> tuple[int, str | None]:
        """Find the position in a task's log after the last answer to a question, and the answer's id. An open question
        belongs to the turn before it. The first turn has no answer.
        """
        position, answer_id, is_interrupted = START_POSITION, None, False
        async for entry in self._list_messages(request, task_id):
            # Other messages of the user, while the task works, belong to the turn in progress.
            if is_interrupted and entry["data"]["role"] == "ROLE_USER":
                position, answer_id = _compute_position_after(entry), entry["data"].get("messageId")
            is_interrupted = entry.get("status") in INTERRUPTED_STATUSES
        return position, answer_id

    # -- a message ----------------------------------------------------------------------------------------

    async def _send_first_message(self, request: RunRequest) -> OpenedRun:
        run = request.run
        # Before sending: the message would otherwise begin a second task beside the one that waits.
        await self._refuse_while_interrupted(request)
        arguments: dict[str, Any] = {**request.agent_arguments, "context_id": run.thread_id, "return_immediately": True}
        if run.skill is not None:
            arguments["skill"] = run.skill
        message = {"messageId": run.run_id, "role": "ROLE_USER", "parts": list(run.parts)}
        page_context = {"runId": run.run_id, **run.page_context}
        arguments |= {"message": {**message, "metadata": {CONTEXT_KEY: page_context}}, "wait": 0, "history_length": 0}
        result = await call_operation(self._dispatcher, "agora.a2a.send", request.caller, arguments)
        if "task" in result:
            return await self._follow_task(request, result["task"]["id"], START_POSITION)
        answer = result["message"]
        task_id = ((answer.get("metadata") or {}).get("agora") or {}).get("task")
        if task_id is None:
            return OpenedRun(message=answer)
        return await self._follow_task(request, task_id, START_POSITION)

    async def _refuse_while_interrupted(self, request: RunRequest) -> None:
        """Reject new input while the thread waits for answers; a run that began earlier is replayed."""
        waiting: list[str] = []
        for state in INTERRUPTED_STATES:
            filters = {
                **request.agent_arguments,
                "context_id": request.run.thread_id,
                "status": state,
                "page_size": 100,
            }
            page = await call_operation(
                self._dispatcher, "agora.a2a.list", request.caller, {**filters, "history_length": 100}
            )
            for task in page["tasks"]:
                # This run is repeated: it has caused the question itself.
                if any(message.get("messageId") == request.run.run_id for message in task.get("history", ())):
                    return
                question = task["status"].get("message", {})
                # Pending tool calls do not block: their results arrive as messages, not in "resume".
                if not list_pending_call_ids(question):
                    waiting += [each["id"] for each in build_interrupts(task["id"], question, state)]
        if waiting:
            problem = f"The thread waits for answers to {', '.join(waiting[:20])}; send them in 'resume'."
            raise RunRefused("interrupts_open", Conflict(problem))

    # -- an answer ----------------------------------------------------------------------------------------

    async def _answer_task(self, request: RunRequest) -> tuple[str, int]:
        """Answer the open question of a task; returns the task's id, and the log position where the run begins."""
        run = request.run
        interrupt_id = run.resume[0].interrupt_id if run.resume else run.answers[0].call_id
        task_id, _ = split_wire_id(interrupt_id)
        task = await self._read_task(request, task_id)
        # NotFound, so the answer does not tell whether a task of another thread exists.
        if task["contextId"] != run.thread_id:
            raise NotFound(f"{task_id} is not a task of the thread {run.thread_id}.")
        # First: a page that repeats its run must get its events again, whatever has happened to the question since.
        opened_run = await self._find_run_position(request, task_id)
        if opened_run is not None:
            await self._complete_interrupted_answers(request, task)
            return task_id, opened_run
        status = task["status"]
        if status["state"] not in INTERRUPTED_STATES:
            if run.resume and all(entry.is_cancelled for entry in run.resume) and status["state"] in TERMINAL_STATES:
                return task_id, _read_stream_position(task) - 2  # it was cancelled before: replay the end
            raise Conflict(f"{task_id} no longer waits for an answer.")
        question = status.get("message", {})
        if run.resume:
            messages = build_answer_messages(task_id, question, status["state"], run.resume)
        else:
            messages = [build_tool_answer_message(task_id, question, run.answers)]
        # Read before the answer is sent, so the events of the continued task follow it.
        position = _read_stream_position(task)
        if messages is None:
            await call_operation(
                self._dispatcher,
                "agora.a2a.cancel",
                request.caller,
                {"task_id": task_id, "metadata": {"reason": "abandoned"}},
            )
            return task_id, position
        await self._send_answers(request, task_id, messages)
        # The answer's own entry: other entries may have been written between the position and the answer.
        return task_id, await self._find_run_position(request, task_id) or position

    async def _complete_interrupted_answers(self, request: RunRequest, task: Task) -> None:
        """Send the answers of a repeated run that are not stored, because the server ended between its first and last."""
        status, resume = task["status"], request.run.resume
        if len(resume) < 2 or status["state"] not in INTERRUPTED_STATES:
            return
        try:
            messages = build_answer_messages(task["id"], status.get("message", {}), status["state"], resume)
        except Conflict:  # all were stored, and the agent has asked something else since
            return
        await self._send_answers(request, task["id"], messages or [], repeated=True)

    async def _send_answers(
        self, request: RunRequest, task_id: str, messages: list[dict[str, Any]], *, repeated: bool = False
    ) -> None:
        """Send the answers of a run. repeated: some may be stored."""
        run, stored = request.run, set[Any]()
        if repeated:
            stored = {entry["data"].get("messageId") async for entry in self._list_messages(request, task_id)}
        for number, content in enumerate(messages):
            # The first message has the id of the run, by which a repeated run finds it (see _find_run_position).
            message_id = run.run_id if number == 0 else f"{run.run_id}.{number + 1}"
            if message_id in stored:
                continue
            context_metadata = {CONTEXT_KEY: {"runId": run.run_id, **run.page_context}}
            metadata = {**context_metadata, **content.get("metadata", {})}
            message = {"messageId": message_id, "role": "ROLE_USER", "parts": content["parts"], "metadata": metadata}
            arguments = {"message": message, "task_id": task_id, "context_id": run.thread_id, "wait": 0}
            await call_operation(
                self._dispatcher,
                "agora.a2a.send",
                request.caller,
                {**arguments, "return_immediately": True, "history_length": 0},
            )

    async def _find_run_position(self, request: RunRequest, task_id: str) -> int | None:
        """Find the position after the message with which this run began in a task; None if it has not begun there."""
        async for entry in self._list_messages(request, task_id):
            if entry["data"].get("messageId") == request.run.run_id:
                return _compute_position_after(entry)
        return None

    async def _list_messages(self, request: RunRequest, task_id: str) -> AsyncIterator[Mapping[str, Any]]:
        """List the messages in a task's log."""
        arguments: dict[str, Any] = {"task_id": task_id, "types": ["message"], "limit": HISTORY_PAGE_SIZE}
        for _ in range(MAX_HISTORY_PAGES):
            page = await call_operation(self._dispatcher, "agora.task.history", request.caller, arguments)
            for entry in page["entries"]:
                if entry.get("data"):
                    yield entry
            if not page.get("next_cursor"):
                return
            arguments["cursor"] = page["next_cursor"]

    # -- operations ---------------------------------------------------------------------------------------

    async def _read_task(self, request: RunRequest, task_id: str) -> Task:
        arguments = {"task_id": task_id, **request.agent_arguments, "history_length": 0, "include_artifacts": False}
        return await call_operation(self._dispatcher, "agora.a2a.get", request.caller, arguments)

    async def _follow_task(self, request: RunRequest, task_id: str, position: int) -> OpenedRun:
        arguments = {"task_id": task_id, "last_event_id": str(position), "until": "interrupted"}
        stream = await open_operation_stream(
            self._dispatcher, "agora.a2a.subscribe", request.caller, arguments, request.valid
        )
        return OpenedRun(task_id, stream)


def _list_conversation(task: Task) -> list[Mapping[str, Any]]:
    """List the conversation of a task that is not followed: its messages, and its artifacts as agent messages."""
    artifacts = [
        {
            "messageId": f"{task['id']}.{artifact['artifactId']}",
            "role": "ROLE_AGENT",
            "parts": artifact.get("parts", ()),
        }
        for artifact in task.get("artifacts", ())
    ]
    return [*task.get("history", ()), *artifacts]


def _list_messages_until(history: Sequence[Mapping[str, Any]], answer_id: str | None) -> Sequence[Mapping[str, Any]]:
    """List the messages of a task up to the one that began its last turn: the answer, or the first message."""
    for index, message in enumerate(history):
        if answer_id is None or message.get("messageId") == answer_id:
            return history[: index + 1]
    return history


def _compute_position_after(entry: Mapping[str, Any]) -> int:
    """Return the number of a log entry in the task's A2A stream: two for each entry, of which an artifact has the first."""
    return 2 * int(entry["number"]) + 1


def _read_stream_position(task: Task) -> int:
    return int(task["metadata"]["agora"]["position"])
