"""The exchange between a task and its requester: the open question, messages and artifacts, for templates.

Messages and artifacts consist of A2A parts (A2A 1.0, section 4.1.6). They are shown in full, because a user must be
able to read all of a question. A question with choices (``requestedSchema`` with one field) has them as buttons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from pydantic_core import to_json

from agora.value_classes import value_class
from agora_sdk.contract.a2a.messages import A2AMessage, A2ATask
from agora_sdk.contract.tasks import Task, TaskEntry

from ..diffs import FileDiff, escape_direction_controls, is_diff, parse_diff
from ..view import View
from .list_parameters import query_if_allowed

__all__ = [
    "QUESTION_STATES",
    "AnswerChoice",
    "Artifact",
    "CheckResult",
    "Permission",
    "ReadablePart",
    "TaskExchange",
    "list_readable_parts",
    "list_readable_parts_of_entry",
    "load_exchange",
]

QUESTION_STATES = ("input_required", "auth_required")
MAX_PIECES: Final = 200  #: pieces of artifacts read at a time
ARTIFACT_PAGES: Final = 10
MAX_CHOICES: Final = 12
MAX_ROWS: Final = 500  #: maximum files and commits shown of a job
MAX_LABEL: Final = 80
TONE_BY_OPTION: Final = {"allow_once": "first", "reject_once": "harm", "reject_always": "harm"}


@value_class
class AnswerChoice:
    """An answer offered by a question. parts: of its message, as JSON. tone: of its button."""

    label: str
    parts: str
    tone: str = ""


@value_class
class Permission:
    """A permission requested by a coding agent. label: kind of the tool call. arguments: of the call, as JSON."""

    title: str
    label: str
    paths: tuple[str, ...]
    arguments: str


@value_class
class CheckResult:
    """The result of a job's check command, as seen by its worker."""

    command: str
    exit_code: str
    output: str


@value_class
class ReadablePart:
    """A part as text. kind: ``data`` is JSON, ``link`` a URL, ``file`` describes bytes that are not shown.

    Of coding jobs: ``diff`` has files, ``changes`` rows of status and path or of commit and subject, ``check`` the
    result of a check.
    """

    kind: Literal["text", "data", "link", "file", "diff", "changes", "check"]
    text: str
    files: tuple[FileDiff, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    check: CheckResult | None = None


@value_class
class Artifact:
    """A result of a task, including appended pieces."""

    name: str
    description: str
    parts: list[ReadablePart]


@value_class
class TaskExchange:
    """The exchange of a task. question: open question of an interrupted task; empty without one. question_id: of its
    message.

    permission: the requested permission, for a question of a coding agent.
    """

    question: list[ReadablePart]
    artifacts: list[Artifact]
    question_id: str = ""
    choices: tuple[AnswerChoice, ...] = ()
    permission: Permission | None = None


async def load_exchange(view: View, task: Task, *, artifacts: bool = True) -> TaskExchange:
    """Load the open question and the artifacts of a task, as far as the user may see them."""
    message = await _load_question(view, task) if task.status in QUESTION_STATES else None
    results = await _load_artifacts(view, task) if artifacts else []
    if message is None:
        notes = [ReadablePart("text", task.notes)] if task.notes and task.status in QUESTION_STATES else []
        return TaskExchange(notes, results)
    permission = _read_permission(message)
    question = [] if permission is not None else _list_readable_parts_of_message(message)
    return TaskExchange(question, results, message.message_id or "", _read_choices(message), permission)


async def _load_question(view: View, task: Task) -> A2AMessage | None:
    arguments = {"task_id": task.task_id, "history_length": 0, "include_artifacts": False}
    a2a_task: A2ATask | None = await query_if_allowed(view, "agora.a2a.get", arguments)
    return a2a_task.status.message if a2a_task else None


async def _load_artifacts(view: View, task: Task) -> list[Artifact]:
    """Assemble artifacts from their pieces; of a long log only the first ones."""
    arguments: dict[str, Any] = {"task_id": task.task_id, "types": ["artifact"], "limit": MAX_PIECES}
    artifacts: dict[str, Artifact] = {}
    for _ in range(ARTIFACT_PAGES):
        page = await query_if_allowed(view, "agora.task.history", arguments)
        for entry in page.items if page else ():
            _merge_piece(artifacts, entry)
        if page is None or page.next_cursor is None:
            break
        arguments["cursor"] = page.next_cursor
    return list(artifacts.values())


def _merge_piece(artifacts: dict[str, Artifact], entry: TaskEntry) -> None:
    """Append a piece to its artifact, or replace the artifact."""
    data = entry.data if isinstance(entry.data, dict) else {}
    piece = data.get("artifact")
    if not isinstance(piece, dict):
        return
    id, parts = str(piece.get("artifactId")), piece.get("parts")
    more = list_readable_parts(part for part in parts if isinstance(part, dict)) if isinstance(parts, list) else []
    existing = artifacts.get(id) if data.get("append") else None
    if existing is None:
        artifacts[id] = Artifact(str(piece.get("name") or id), str(piece.get("description") or ""), more)
    else:
        artifacts[id] = replace(existing, parts=[*existing.parts, *more])


def _read_permission(message: A2AMessage) -> Permission | None:
    """Read the permission that a question requests; None for other questions."""
    document = _find_permission(message)
    if document is None:
        return None
    paths = document.get("paths")
    arguments = document.get("input")
    return Permission(
        title=escape_direction_controls(str(document.get("title") or "a tool")),
        label=str(document.get("kind") or "other")[:MAX_LABEL],
        paths=tuple(escape_direction_controls(str(path)) for path in paths[:MAX_CHOICES])
        if isinstance(paths, list)
        else (),
        arguments=escape_direction_controls(to_json(arguments, indent=2, fallback=str).decode()) if arguments else "",
    )


def _find_permission(message: A2AMessage) -> Mapping[str, Any] | None:
    for part in message.parts:
        data = part.model_dump(by_alias=True, exclude_none=True).get("data")
        permission = data.get("permission") if isinstance(data, Mapping) else None
        if isinstance(permission, Mapping):
            return permission
    return None


def _read_choices(message: A2AMessage) -> tuple[AnswerChoice, ...]:
    """Read the answers offered by a question: the values of the only field of its form."""
    schema = (message.metadata or {}).get("requestedSchema")
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or len(properties) != 1:
        return ()
    ((name, field),) = properties.items()
    if not isinstance(field, Mapping):
        return ()
    options = field.get("oneOf")
    if not isinstance(options, list):
        values = field.get("enum")
        options = [{"const": value} for value in values] if isinstance(values, list) else []
    if not 0 < len(options) <= MAX_CHOICES:  # too many for a row of buttons
        return ()
    tones = _read_tones(message)
    choices = [option for option in options if isinstance(option, Mapping) and isinstance(option.get("const"), str)]
    return tuple(
        AnswerChoice(
            escape_direction_controls(str(option.get("title") or option["const"]))[:MAX_LABEL],
            to_json([{"data": {name: option["const"]}}]).decode(),
            tones.get(str(option["const"]), ""),
        )
        for option in choices
    )


def _read_tones(message: A2AMessage) -> Mapping[str, str]:
    """Read the tones of the buttons by the ids of a permission's options."""
    options = (_find_permission(message) or {}).get("options")
    return {
        str(option.get("option_id")): TONE_BY_OPTION.get(str(option.get("kind")), "")
        for option in (options if isinstance(options, list) else [])
        if isinstance(option, Mapping)
    }


def list_readable_parts_of_entry(entry: TaskEntry) -> list[ReadablePart]:
    """List the parts of the message in a log entry of a task; empty for other entries."""
    data = entry.data if isinstance(entry.data, dict) else {}
    parts = data.get("parts")
    return list_readable_parts(part for part in parts if isinstance(part, dict)) if isinstance(parts, list) else []


def list_readable_parts(parts: Iterable[Mapping[str, Any]]) -> list[ReadablePart]:
    """Convert stored parts, which have the names of A2A's JSON."""
    return [_convert_part(part) for part in parts]


def _list_readable_parts_of_message(holder: Any) -> list[ReadablePart]:
    return list_readable_parts(part.model_dump(by_alias=True, exclude_none=True) for part in holder.parts)


def _convert_part(part: Mapping[str, Any]) -> ReadablePart:
    if part.get("text") is not None:
        text = str(part["text"])
        if part.get("mediaType") == "text/x-diff" or is_diff(text):
            return ReadablePart("diff", "", files=tuple(parse_diff(text)))
        return ReadablePart("text", text)
    if part.get("url") is not None:
        return ReadablePart("link", str(part["url"]))
    if part.get("raw") is not None:
        size = len(str(part["raw"]).rstrip("=")) * 3 // 4
        return ReadablePart("file", f"{part.get('filename') or part.get('mediaType') or 'File'}, {size:,} bytes")
    data = part.get("data")
    if isinstance(data, Mapping) and data.keys() == {"files", "commits"}:
        return ReadablePart("changes", "", rows=_list_change_rows(data))
    if isinstance(data, Mapping) and data.keys() == {"command", "exit_code", "output"}:
        check = {name: escape_direction_controls(str(value)) for name, value in data.items()}
        return ReadablePart("check", "", check=CheckResult(**check))
    return ReadablePart("data", to_json(data, indent=2, fallback=str).decode())


LABEL_BY_FILE_STATUS: Final = {"A": "added", "M": "modified", "D": "deleted"}


def _list_change_rows(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """List the files with their status, then the commits."""
    names = (("files", "status", "path"), ("commits", "id", "subject"))
    rows = [
        (str(row.get(first) or ""), escape_direction_controls(str(row.get(second) or ""))[:300])
        for key, first, second in names
        for row in (data[key] if isinstance(data[key], list) else [])
        if isinstance(row, Mapping)
    ]
    return tuple((LABEL_BY_FILE_STATUS.get(word, word[:10]), text) for word, text in rows[:MAX_ROWS])
