"""What a task and its requester say to each other: the open question, messages and artifacts, in a form that templates show.

Messages and artifacts consist of A2A parts (A2A 1.0, section 4.1.6). They are shown in full: whoever has to answer a question
must be able to read all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_core import to_json

from agora_sdk.contract.a2a.messages import A2ATask
from agora_sdk.contract.tasks import Task, TaskEntry

from ..view import View
from .list_parameters import query_if_allowed

__all__ = ["Artifact", "Exchange", "ReadablePart", "load_exchange", "parts_of_entry", "readable_parts"]

QUESTION_STATES = ("input_required", "auth_required")
SHOWN_APART = (
    "output",
    "result",
)  #: artifacts that A2A makes of a task's output and result, which its page has already


@dataclass(frozen=True, slots=True)
class ReadablePart:
    """A part as text. kind: ``data`` is JSON, ``link`` a URL, ``file`` describes bytes that are not shown."""

    kind: Literal["text", "data", "link", "file"]
    text: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """A result of a task, with the pieces that were appended to it."""

    name: str
    description: str
    parts: list[ReadablePart]


@dataclass(frozen=True, slots=True)
class Exchange:
    """question: what an interrupted task needs to know; empty where nothing is open."""

    question: list[ReadablePart]
    artifacts: list[Artifact]


async def load_exchange(view: View, task: Task) -> Exchange:
    """The open question and the artifacts of a task, as far as this person may see them."""
    a2a_task: A2ATask | None = await query_if_allowed(
        view, "agora.a2a.get", {"task_id": task.task_id, "history_length": 0}
    )
    question: list[ReadablePart] = []
    if task.status in QUESTION_STATES:
        message = a2a_task.status.message if a2a_task else None
        question = _parts_of_model(message) if message else []
        question = question or ([ReadablePart("text", task.notes)] if task.notes else [])
    artifacts = [
        Artifact(artifact.name or artifact.artifact_id, artifact.description or "", _parts_of_model(artifact))
        for artifact in (a2a_task.artifacts if a2a_task else None) or []
        if artifact.artifact_id not in SHOWN_APART
    ]
    return Exchange(question, artifacts)


def parts_of_entry(entry: TaskEntry) -> list[ReadablePart]:
    """Parts of the message that an entry of a task's log holds; empty for any other entry."""
    data = entry.data if isinstance(entry.data, dict) else {}
    parts = data.get("parts")
    return readable_parts(part for part in parts if isinstance(part, dict)) if isinstance(parts, list) else []


def readable_parts(parts: Iterable[Mapping[str, Any]]) -> list[ReadablePart]:
    """Parts as they are stored, with the names of A2A's JSON."""
    return [_readable_part(part) for part in parts]


def _parts_of_model(holder: Any) -> list[ReadablePart]:
    return readable_parts(part.model_dump(by_alias=True, exclude_none=True) for part in holder.parts)


def _readable_part(part: Mapping[str, Any]) -> ReadablePart:
    if part.get("text") is not None:
        return ReadablePart("text", str(part["text"]))
    if part.get("url") is not None:
        return ReadablePart("link", str(part["url"]))
    if part.get("raw") is not None:
        size = len(str(part["raw"]).rstrip("=")) * 3 // 4
        return ReadablePart("file", f"{part.get('filename') or part.get('mediaType') or 'File'}, {size:,} bytes")
    return ReadablePart("data", to_json(part.get("data"), indent=2, fallback=str).decode())
