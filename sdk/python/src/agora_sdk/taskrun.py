"""A task as passed to an agent's handler: its data, and the calls that a handler makes while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import PrivateAttr

from .contract.fields import JsonObject
from .contract.tasks import ClaimedTask
from .message import Message

if TYPE_CHECKING:
    from .lease import Lease

__all__ = ["MESSAGE_TASK", "InputRequired", "PermanentFailure", "Postponed", "Rejected", "TaskRun", "opening_message"]

MESSAGE_TASK = "a2a.message"  #: type of a task that is a message, of A2A or of another protocol

T = TypeVar("T")

# The limit of ``agora.task.append`` in the contract.
MAX_CHUNK_CHARACTERS = 262_144  #: most characters of output in one call


def opening_message(payload: Mapping[str, Any]) -> JsonObject:
    """Return the initial message of a task in A2A form: the payload's ``message``, its ``text``, or all of it as
    data."""
    message = payload.get("message")
    if not isinstance(message, dict):
        text = payload.get("text")
        message = {"parts": [{"text": text} if isinstance(text, str) else {"data": payload}]}
    return {**message, "role": "ROLE_USER"}


class PermanentFailure(Exception):
    """Raised in ``on_task``: the task has failed, and another attempt would fail too."""


class Rejected(Exception):
    """Raised in ``on_task`` or ``process_message``: the agent refuses the task; it is not retried."""


class InputRequired(Exception):
    """Raised in ``on_task`` or ``process_message``: the task needs an answer of its requester to continue.

    The task waits as ``input_required`` (``auth_required`` with ``auth``) and is claimed again when it is answered:
    then the answer is ``task.message``, and earlier messages are ``task.history``. data: data that a program needs to
    answer, added to the message as a data part, or one part per object of a list. schema: JSON schema of the answer,
    from which clients build a form; the answer is then a data part. questions: several questions by name, each with a
    ``text`` and optionally a ``schema``; the task is claimed again when all are answered, and ``task.answers`` has the
    answers by the same names.
    """

    def __init__(
        self,
        question: str,
        *,
        auth: bool = False,
        data: JsonObject | Sequence[JsonObject] | None = None,
        schema: JsonObject | None = None,
        questions: Mapping[str, JsonObject] | None = None,
    ) -> None:
        super().__init__(question)
        self.question, self.auth, self.data, self.schema = question, auth, data, schema
        self.questions = dict(questions or {})

    @property
    def parts(self) -> list[JsonObject]:
        """Parts of the question's message: its text and its data."""
        objects: Sequence[JsonObject] = ()
        if self.data is not None:
            objects = [self.data] if isinstance(self.data, dict) else self.data
        parts: list[JsonObject] = [{"text": self.question}]
        return parts + [{"data": each} for each in objects]

    @property
    def metadata(self) -> JsonObject:
        """Metadata of the question's message."""
        metadata: JsonObject = {} if self.schema is None else {"requestedSchema": self.schema}
        if self.questions:
            names = {"schema": "requestedSchema"}
            metadata["questions"] = {
                name: {names.get(key, key): part for key, part in question.items()}
                for name, question in self.questions.items()
            }
        return metadata


class Postponed(Exception):
    """Raised in ``on_task``: the task returns to the queue, and cannot be claimed before ``seconds`` have passed.

    The attempt does not count. The task can be cancelled during the delay.
    """

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.reason, self.seconds = reason, seconds


class TaskRun(ClaimedTask):
    """A claimed task, passed to :meth:`agora_sdk.agent.Agent.on_task`.

    ::

        async def on_task(self, task):
            rows = task.payload["rows"]
            done = (task.checkpoint or {}).get("done", 0)    # where an attempt before this one stood
            for number in range(done, len(rows)):
                await task.write(f"{number}: {work(rows[number])}\\n")
                await task.save({"done": number + 1})
                await task.report(100 * (number + 1) / len(rows))
            return {"rows": len(rows)}

    Each method waits for an unreachable server, and raises StaleLease once the lease is lost; the handler is then
    cancelled. Other AgoraErrors are refusals of the server, for example of a decreasing progress.
    """

    _lease: Lease = PrivateAttr()
    _answered: bool = PrivateAttr(default=False)
    _conversation: list[Message] = PrivateAttr(default_factory=list)
    _writing: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)

    @classmethod
    def of(cls, task: ClaimedTask, lease: Lease) -> TaskRun:
        """Create the run of a task under a lease."""
        # Without validation: the fields come from a validated ClaimedTask.
        run = cls.model_construct(task.model_fields_set, **dict(task))
        run._lease = lease
        run.record_message(opening_message(task.payload))
        return run

    def record_message(self, message: Mapping[str, Any]) -> None:
        """Append a message in A2A form, of the requester or of the agent."""
        skill = None if self.task_type == MESSAGE_TASK else self.task_type
        task_fields = {
            "sender": self.created_by,
            "task_id": self.task_id,
            "context_id": self.context_id,
            "skill": skill,
        }
        if message.get("role") == "ROLE_AGENT":
            task_fields["sender"] = self.assigned_agent
        self._conversation.append(Message.of(message, **task_fields))

    @property
    def message(self) -> Message:
        """The requester's last message: the answer to a question, or initially the message that created the task."""
        # There always is one: of() records the opening message as the requester's.
        return next(message for message in reversed(self._conversation) if message.role == "user")

    @property
    def history(self) -> list[Message]:
        """Messages of the requester and the agent before :attr:`message`, oldest first."""
        newest = self.message
        return [message for message in self._conversation if message is not newest]

    @property
    def answers(self) -> dict[str, Message]:
        """The requester's latest answers to the questions of :class:`InputRequired`, by name."""
        # In order of arrival, so that of several answers to one question the latest remains in the dictionary.
        answers = [message for message in self._conversation if message.role == "user"]
        names = [(message.metadata.get("answers"), message) for message in answers]
        return {name: message for name, message in names if isinstance(name, str)}

    async def report(
        self, progress: float | None = None, notes: str | None = None, *, milestone: str | None = None
    ) -> None:
        """Report progress. progress: percentage, never decreasing. notes, milestone: for people."""
        values = {"progress": progress, "notes": notes, "milestone": milestone}
        update = await self._lease.call_until_answered(
            "update", **{name: part for name, part in values.items() if part is not None}
        )
        self.progress = update.progress

    async def save(self, checkpoint: JsonObject) -> None:
        """Store a checkpoint, which a later attempt reads from ``task.checkpoint``. It also extends the lease."""
        # One at a time: the numbers of checkpoints must reach the server in ascending order.
        async with self._writing:
            await self._lease.checkpoint(checkpoint)
            self.checkpoint = checkpoint

    async def repeat_call(self, attempt_call: Callable[[], Awaitable[T]]) -> T:
        """Call an operation under the fencing token until it is answered or refused; the server must recognise repetitions."""
        return await self._lease.repeat_until_answered(attempt_call)

    async def save_by(self, store: Callable[[int], Awaitable[T]], checkpoint: JsonObject) -> T:
        """Store a checkpoint with an operation that does something else in the same transaction.

        store: calls the operation with the checkpoint's number, under the fencing token; it may be repeated.
        """
        async with self._writing:
            number = self._lease.take_checkpoint_number()
            result = await self.repeat_call(lambda: store(number))
            self.checkpoint = checkpoint
            return result

    async def write(self, text: str) -> None:
        """Append to the task's output, which can be read and followed while the task runs.

        It continues the output of an earlier attempt, at ``task.output_size``.
        """
        # One at a time: each part begins at the offset in the receipt of the previous one.
        async with self._writing:
            for start in range(0, len(text), MAX_CHUNK_CHARACTERS):
                part = text[start : start + MAX_CHUNK_CHARACTERS]
                receipt = await self._lease.call_until_answered("append", part, offset=self.output_size)
                self.output_size = receipt.next_offset

    async def say(self, text: str) -> None:
        """Send a message to the requester while the task runs."""
        await self._lease.call_until_answered("message", text)

    @property
    def answered(self) -> bool:
        """Whether :meth:`answer` has ended the task."""
        return self._answered

    async def answer(self, content: str | Sequence[Mapping[str, Any]]) -> None:
        """End the task with a message as its answer: text, or parts in the form of A2A 1.0. The handler's return value
        is then ignored.

        An A2A requester without earlier output of the task receives a Message instead of a task.
        """
        if isinstance(content, str):
            await self._lease.call_until_answered("message", content, status="completed")
        else:
            await self._lease.call_until_answered("message", parts=list(content), status="completed")
        # Only after the server has accepted it: a refused answer leaves the task open, and the handler's outcome is reported.
        self._answered = True

    async def artifact(
        self,
        parts: Sequence[Mapping[str, Any]],
        *,
        name: str | None = None,
        artifact_id: str | None = None,
        append: bool = False,
        last: bool = True,
    ) -> None:
        """Add an artifact to the result: parts in the form of A2A 1.0, such as ``{"text": ...}``, ``{"data": ...}``."""
        options = {"name": name, "artifact_id": artifact_id}
        arguments = {key: value for key, value in options.items() if value is not None}
        await self._lease.call_until_answered("artifact", parts=list(parts), append=append, last=last, **arguments)
