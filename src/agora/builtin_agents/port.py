"""The interface of built-in agents: the agent, its profile, and the job with which it handles one task."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pydantic import JsonValue

from agora.settings import Settings
from agora.value_classes import value_class

__all__ = [
    "BuiltinAgent",
    "InputRequired",
    "Job",
    "Part",
    "Profile",
    "Reply",
    "StopReason",
    "TaskFailed",
    "TaskPostponed",
    "TaskRejected",
    "join_text_parts",
]

#: A part of a message or artifact in the JSON of A2A 1.0 (section 4.1.6): one of ``text``, ``data``, ``raw`` (base64)
#: and ``url``, with ``mediaType``, ``filename`` and ``metadata``.
Part: TypeAlias = dict[str, Any]
#: Reason why a handler was cancelled: by the requester, a lost lease, or a stop of the server.
StopReason: TypeAlias = Literal["cancelled", "lost", "stopping"]


@value_class
class Profile:
    """The public profile of a built-in agent.

    skills: in the format of A2A cards (id, name, description, tags, examples); their ids are its capabilities.
    """

    name: str
    description: str
    skills: Sequence[Mapping[str, Any]] = ()
    tags: Sequence[str] = ()

    @property
    def capabilities(self) -> list[str]:
        return [skill["id"] for skill in self.skills]


@value_class
class Reply:
    """An answer of a handler that is more than text or data: parts of the final artifact.

    parts: empty if everything was already sent by ``job.artifact``. result: the task's result, for readers of tasks
    instead of artifacts; by default the text of the parts, or the data of a single part. notes: message of the task's
    final status. message_id: return the parts as a message with this id instead of a task, if the requester used A2A
    and has received no other output of the task.
    """

    parts: Sequence[Part] = ()
    result: JsonValue = None
    notes: str | None = None
    message_id: str | None = None


class TaskFailed(Exception):
    """Raised by a handler: the task has failed. retry: whether another attempt may help.

    intent, code, details: fields of the ``failure`` message that answers a request of the agent protocol.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry: bool = False,
        intent: str = "failed",
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(reason)
        self.retry, self.intent, self.code, self.details = retry, intent, code, details


class TaskRejected(Exception):
    """Raised by a handler: the agent does not support this kind of task."""


class TaskPostponed(Exception):
    """Raised by a handler: the task returns to the queue for ``delay`` seconds; the attempt is not counted."""

    def __init__(self, reason: str, *, delay: float = 5.0) -> None:
        super().__init__(reason)
        self.delay = delay


class InputRequired(Exception):
    """Raised by a handler: the task needs input from its requester before it can continue.

    The task becomes ``input_required`` (or ``auth_required``), with the parts as its message. When the requester
    answers, the handler runs again, with the answer as ``job.message`` and the checkpoint of ``job.save``.
    """

    def __init__(self, question: str | Sequence[Part], *, auth: bool = False) -> None:
        self.parts: list[Part] = [{"text": question}] if isinstance(question, str) else list(question)
        super().__init__(join_text_parts(self.parts))
        self.auth = auth


@dataclass(slots=True, kw_only=True)
class Job(ABC):
    """A running task of an agent. Its methods write under the task's lease.

    Each of them raises StaleLease once the lease is lost; the handler is then cancelled, and ``stop_reason`` is the reason.
    They wait while the store is full or the marketplace is halted.

    task_type: ``a2a.message``, a skill's id, or the type of the assigned task. skill: id of the requested skill, if
    any. context_id: groups tasks of one conversation. message: the requester's newest message in the form of A2A 1.0
    (messageId, role, parts, metadata). message_number: its entry in the task's log; 0 for the message that created the
    task. attempt: starts at 1. checkpoint: stored by an earlier attempt with :meth:`save`. requester: id of the task's
    creator. settings: of the server. news: set when the requester sends another message, see :meth:`read_new_messages`.
    """

    tenant: str
    agent_id: str
    task_id: str
    task_type: str
    requester: str
    message: Mapping[str, Any]
    payload: Mapping[str, Any]
    settings: Settings
    message_number: int = 0
    context_id: str | None = None
    skill: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    checkpoint: Mapping[str, Any] | None = None
    attempt: int = 1
    stop_reason: StopReason | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def parts(self) -> Sequence[Part]:
        """Parts of the message."""
        parts: Sequence[Part] = self.message.get("parts") or ()
        return parts

    @property
    def text(self) -> str:
        """Text of the message, its parts separated by line feeds."""
        return join_text_parts(self.parts)

    @property
    def data(self) -> dict[str, Any]:
        """The objects of its data parts, merged."""
        merged: dict[str, Any] = {}
        for part in self.parts:
            if isinstance(part.get("data"), dict):
                merged |= part["data"]
        return merged

    @abstractmethod
    async def append(self, text: str) -> None:
        """Append to the task's output; streaming clients receive it immediately."""

    @abstractmethod
    async def artifact(
        self,
        parts: Sequence[Part],
        *,
        artifact_id: str | None = None,
        name: str | None = None,
        append: bool = False,
        last: bool = True,
        **more: Any,
    ) -> None:
        """Add an artifact. append: append to the artifact with this id; last: whether it is complete.

        more: further arguments of ``agora.task.artifact``: description, metadata, extensions.
        """

    @abstractmethod
    async def say(self, content: str | Sequence[Part], **more: Any) -> None:
        """Send a message to the requester while the task runs: the message of the task's status.

        more: further arguments of ``agora.task.message``: message_id, metadata, extensions.
        """

    @abstractmethod
    async def read_new_messages(self, after: int) -> Sequence[tuple[int, Mapping[str, Any]]]:
        """Read the requester's messages after a log entry, each with its number. Clears ``news``."""

    @abstractmethod
    async def report(self, progress: float | None = None, notes: str | None = None) -> None:
        """Report progress. progress: percentage, never decreasing."""

    @abstractmethod
    async def save(self, checkpoint: Mapping[str, Any]) -> None:
        """Store a checkpoint for the next attempt after a crash; at most 65,536 characters of JSON."""

    @abstractmethod
    async def publish(self, event_type: str, data: Any) -> None:
        """Publish an event of the built-in agent, such as ``calculation.complete``."""

    @abstractmethod
    async def call(self, operation: str, /, **arguments: Any) -> Any:
        """Call any operation as the built-in agent, such as ``agora.memory.recall``. Returns its result."""


class BuiltinAgent(ABC):
    """An agent in this process.

    concurrency: maximum number of concurrent tasks per agent and tenant. lease_seconds: time after a crash until its
    tasks are resumed. alive: whether a running server counts as the agent's heartbeat.
    """

    profile: Profile
    concurrency: int = 8
    lease_seconds: int = 30

    @property
    def alive(self) -> bool:
        return True

    def is_available(self, settings: Settings) -> bool:
        """Whether the server's settings provide what the agent needs. Otherwise it is not registered."""
        return True

    @abstractmethod
    async def perform_task(self, job: Job) -> Reply | JsonValue:
        """Perform a task and return its result: text, JSON, or a :class:`Reply`.

        Raise TaskFailed, TaskRejected, TaskPostponed or InputRequired to end it otherwise; any other exception fails
        the task and discloses only its class. When cancelled, ``job.stop_reason`` is the reason; a handler that takes longer
        than a few seconds is abandoned. It may run again after a crash, so external effects must be idempotent by
        ``job.task_id``.
        """

    async def close(self) -> None:  # noqa: B027 - most have nothing to close
        """Close the agent when the server stops, or the agent is removed."""


def join_text_parts(parts: Sequence[Mapping[str, Any]]) -> str:
    """Join the text parts with line feeds."""
    return "\n".join(part["text"] for part in parts if isinstance(part.get("text"), str))
