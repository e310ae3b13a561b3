"""The interface of built-in agents: the agent, its profile, and the job with which it handles one task."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pydantic import JsonValue

from agora.settings import Settings

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

#: A part of a message or artifact, as A2A 1.0 writes it in JSON (section 4.1.6): one of ``text``, ``data``,
#: ``raw`` (base64) and ``url``, with ``mediaType``, ``filename`` and ``metadata``.
Part: TypeAlias = dict[str, Any]
#: Why a handler was cancelled: by the requester; its lease was lost; the server stops.
StopReason: TypeAlias = Literal["cancelled", "lost", "stopping"]


@dataclass(frozen=True, slots=True)
class Profile:
    """The public profile of a built-in agent.

    skills: as A2A writes them in a card (id, name, description, tags, examples); their ids are its capabilities.
    """

    name: str
    description: str
    skills: Sequence[Mapping[str, Any]] = ()
    tags: Sequence[str] = ()

    @property
    def capabilities(self) -> list[str]:
        return [skill["id"] for skill in self.skills]


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of a handler that is more than text or data: parts of the final artifact.

    parts: empty where everything was handed over by ``job.artifact`` already. result: the task's result, for those
    who read tasks and not artifacts; by default the text of the parts, or the data of the one part. notes: said with
    the end, as the message of the task's last status. message_id: the parts are a message under this id, which answers in
    place of a task: who asked over A2A, and has heard nothing else of the task, gets it as such.
    """

    parts: Sequence[Part] = ()
    result: JsonValue = None
    notes: str | None = None
    message_id: str | None = None


class TaskFailed(Exception):
    """Raised by a handler: the task has failed. retry: whether another attempt may help.

    intent, code, details: of the ``failure`` that answers a request of the agent protocol.
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
    """Raised by a handler: the agent does not do this kind of task."""


class TaskPostponed(Exception):
    """Raised by a handler: not now. The task goes back to the queue for ``delay`` seconds, and no attempt is counted."""

    def __init__(self, reason: str, *, delay: float = 5.0) -> None:
        super().__init__(reason)
        self.delay = delay


class InputRequired(Exception):
    """Raised by a handler: the task needs input from its requester before it can continue.

    The task becomes ``input_required`` (or ``auth_required``), with the parts as its message. When the requester
    answers, ``handle`` runs again, with the answer as ``job.message`` and what was kept with ``job.save``.
    """

    def __init__(self, question: str | Sequence[Part], *, auth: bool = False) -> None:
        self.parts: list[Part] = [{"text": question}] if isinstance(question, str) else list(question)
        super().__init__(join_text_parts(self.parts))
        self.auth = auth


@dataclass(slots=True, kw_only=True)
class Job(ABC):
    """One task that an agent is running. Its methods write under the task's lease.

    Each of them raises StaleLease once the task is not the resident's any more; the handler is cancelled then, and
    ``ended`` says why. They wait for a store that is full or a marketplace that is halted.

    task_type: ``a2a.message``, a skill's id, or the type that a task was assigned with.
    skill: id of the skill that was asked for, if one was. context_id: groups tasks of one conversation.
    message: the newest thing the requester said, as an A2A 1.0 message (messageId, role, parts, metadata).
    message_number: of its entry in the task's log; 0 for the one that the task was made of.
    attempt: 1 the first time. checkpoint: what an attempt before this one kept with :meth:`save`.
    requester: id of the task's creator. settings: of the server. news: set when the requester sends another message, see :meth:`more`.
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
    ended: StopReason | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def parts(self) -> Sequence[Part]:
        """The parts of the message."""
        parts: Sequence[Part] = self.message.get("parts") or ()
        return parts

    @property
    def text(self) -> str:
        """The text of the message, its parts separated by line feeds."""
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
        """Hand over a piece of the result. append: to what the artifact of this id has; last: it is complete.

        more: what ``agora.task.artifact`` takes besides: description, metadata, extensions.
        """

    @abstractmethod
    async def say(self, content: str | Sequence[Part], **more: Any) -> None:
        """Send the requester a message while the task runs: the message of the task's status.

        more: what ``agora.task.message`` takes besides: message_id, metadata, extensions.
        """

    @abstractmethod
    async def read_new_messages(self, after: int) -> Sequence[tuple[int, Mapping[str, Any]]]:
        """What the requester has said after an entry of the log: number and message of each. Clears ``news``."""

    @abstractmethod
    async def report(self, progress: float | None = None, notes: str | None = None) -> None:
        """Report progress. progress: per cent, never less than before."""

    @abstractmethod
    async def save(self, checkpoint: Mapping[str, Any]) -> None:
        """Store a checkpoint for the next attempt after a crash. At most 65,536 characters of JSON."""

    @abstractmethod
    async def publish(self, event_type: str, data: Any) -> None:
        """Publish an event of the built-in agent, such as ``calculation.complete``."""

    @abstractmethod
    async def call(self, operation: str, /, **arguments: Any) -> Any:
        """Call any operation as the built-in agent, such as ``agora.memory.recall``; answers its result."""


class BuiltinAgent(ABC):
    """An agent in this process.

    concurrency: most jobs at once, for each agent and tenant. lease_seconds: how long after a crash its tasks are
    resumed. alive: whether a running server counts as the agent's heartbeat.
    """

    profile: Profile
    concurrency: int = 8
    lease_seconds: int = 30

    @property
    def alive(self) -> bool:
        return True

    def is_available(self, settings: Settings) -> bool:
        """Whether a server with these settings has what the agent needs. One without has no such agent."""
        return True

    @abstractmethod
    async def perform_task(self, job: Job) -> Reply | JsonValue:
        """Do a task; answers its result: text, JSON, or a :class:`Reply`.

        Raise Failed, Refused, PutOff or Ask to end it otherwise; any other exception fails the task without telling
        more than its kind. Cancelled when ``job.ended`` says why; what is not done a few seconds later is abandoned. It may run
        again after a crash, so what it does elsewhere is to be idempotent by ``job.task_id``.
        """

    async def close(self) -> None:  # noqa: B027 - most have nothing to close
        """The server stops, or the agent has left."""


def join_text_parts(parts: Sequence[Mapping[str, Any]]) -> str:
    """Join the text parts with line feeds."""
    return "\n".join(part["text"] for part in parts if isinstance(part.get("text"), str))
