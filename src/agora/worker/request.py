"""The request of a job: a prompt, for a codebase, in a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agora_sdk import PermanentFailure, TaskRun
from agora_sdk.client import AgoraClient

from .job_files import format_paths_note
from .starting_point import StartingPoint

__all__ = ["JOB_TYPE", "MESSAGE_TYPE", "Answer", "JobRequest", "read_answers"]

JOB_TYPE = "coding.job"
MESSAGE_TYPE = "a2a.message"  #: a message to the worker's agent, over A2A or another protocol: its text is the prompt
PAGE_SIZE = 500


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A job. codebase: its name, id or repository. mode: of the agent, such as build or plan; None for its default.

    session_id: agent session to continue, if not known from the job's context. has_follow_ups: the job was created for
    follow-ups, which its worker takes; its prompt is an excerpt of the first. start: the turn that it rewinds to or
    forks.
    """

    prompt: str
    title: str
    codebase: str | None
    mode: str | None
    model: str | None
    session_id: str | None = None
    has_follow_ups: bool = False
    start: StartingPoint | None = None

    @classmethod
    def from_task(cls, task: TaskRun) -> JobRequest:
        """Parse a task. Raises PermanentFailure for a task without a prompt."""
        payload = task.payload
        prompt = payload.get("prompt")
        if not isinstance(prompt, str):
            message = payload.get("message")
            prompt = read_text(message) if isinstance(message, dict) else payload.get("text")
        if not isinstance(prompt, str) or not prompt.strip():
            raise PermanentFailure("The job has no prompt: its payload needs the text 'prompt'.")
        prompt += format_paths_note(payload.get("files"))
        metadata = payload.get("metadata")
        values = (metadata if isinstance(metadata, dict) else {}) | payload
        title = str(values.get("title") or prompt.strip().splitlines()[0])[:100]
        codebase = values.get("codebase") or values.get("codebase_id")
        model = task.required_model or values.get("model")
        mode = values.get("agent_type")
        options = (codebase, mode, model, payload.get("session_id"))
        codebase, mode, model, session_id = (str(value) if value else None for value in options)
        start = StartingPoint.from_payload(payload)
        return cls(prompt, title, codebase, mode, model, session_id, payload.get("follow_ups") is True, start)


def read_text(message: Mapping[str, Any]) -> str:
    """Read the text of a message's parts."""
    parts = message.get("parts") or []
    return "\n".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


@dataclass(frozen=True, slots=True)
class Answer:
    """A message of a task's requester. number: of its entry in the log."""

    number: int
    text: str
    data: Mapping[str, Any] | None


async def read_answers(client: AgoraClient, task_id: str, after: int) -> list[Answer]:
    """Read the requester's messages in a task's log after an entry, oldest first."""
    answers, cursor = [], None
    while True:
        page = await client.task.history(task_id, limit=PAGE_SIZE, cursor=cursor)
        for entry in page.entries:
            message: Any = entry.data
            if entry.type != "message" or entry.number <= after or not isinstance(message, dict):
                continue
            if message.get("role") == "ROLE_USER":
                data = [part["data"] for part in message.get("parts") or [] if isinstance(part.get("data"), dict)]
                answers.append(Answer(entry.number, read_text(message), data[0] if data else None))
        cursor = page.next_cursor
        if cursor is None:
            return answers
