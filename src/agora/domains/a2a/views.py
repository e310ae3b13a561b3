"""Rendering of tasks for A2A 1.0: JSON from a task's row, its data and its log. Pure functions.

Metadata under the name ``agora``: ``agent`` (id), ``progress`` (per cent), ``position``, the number of the stream item
that corresponds to the task's current state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from agora.clock import to_datetime
from agora.core.call import decode_json
from agora.domains.tasks.messages import AGENT, USER
from agora.domains.tasks.records import TaskEntryRow, TaskRow
from agora.domains.tasks.views import get_task_context_id

from .records import ArtifactPiece
from .states import to_a2a_state

__all__ = [
    "OUTPUT",
    "Fields",
    "add_marketplace_metadata",
    "build_artifacts",
    "build_direct_answer",
    "build_first_message",
    "build_result_artifact",
    "build_status",
    "build_task",
    "compute_stream_position",
    "convert_entry_to_message",
    "encode_document",
    "format_timestamp",
]

Fields = Mapping[str, Any]
MAX_PART_CHARACTERS = 900_000  #: maximum characters of a part's text, as in the contract
OUTPUT, RESULT = "output", "result"  #: ids of the artifacts built from a task's output and from its result


def format_timestamp(microseconds: int) -> str:
    """Format as RFC 3339 with milliseconds, in UTC (A2A 1.0, section 5.6.1)."""
    return f"{to_datetime(microseconds).isoformat(timespec='milliseconds')[:23]}Z"


def compute_stream_position(entry: int) -> int:
    """Compute the item number of a log entry; the preceding number is reserved for an artifact of the entry."""
    return 2 * entry + 1


def build_first_message(row: TaskRow, payload: Fields) -> dict[str, Any]:
    """Build the first message of a task: the message that created it, or its payload as data."""
    message = payload.get("message")
    if isinstance(message, dict) and isinstance(message.get("parts"), list) and message["parts"]:
        content = message
    else:
        content = {"parts": [{"data": dict(payload)}]}
    return _add_required_message_fields(row.task_id, get_task_context_id(row), content, 1, USER)


def _add_required_message_fields(
    task_id: str, context_id: str, message: Fields, number: int, role: str
) -> dict[str, Any]:
    """Add the fields that the protocol requires to a message."""
    return {
        "messageId": message.get("messageId") or f"{task_id}.{number}",
        "contextId": context_id,
        "taskId": task_id,
        "role": message.get("role") or role,
        **{name: value for name, value in message.items() if name not in _ENVELOPE_FIELDS},
    }


_ENVELOPE_FIELDS = frozenset({"messageId", "contextId", "taskId", "role"})


def convert_entry_to_message(context_id: str, entry: TaskEntryRow) -> dict[str, Any] | None:
    """Convert a log entry to a message; None without text. context_id: the task's."""
    if entry.type == "message":
        return _add_required_message_fields(
            entry.task_id, context_id, decode_json(entry.data or "{}"), entry.number, AGENT
        )
    if entry.content is None or entry.status == "pending":
        return None
    return _add_required_message_fields(
        entry.task_id, context_id, {"parts": [{"text": entry.content}]}, entry.number, AGENT
    )


def build_direct_answer(row: TaskRow, entry: TaskEntryRow) -> dict[str, Any]:
    """Build the message that answers in place of a task. Its metadata names the task."""
    message = _add_required_message_fields(
        row.task_id, get_task_context_id(row), decode_json(entry.data or "{}"), entry.number, AGENT
    )
    # A Message in place of a task belongs to none (A2A 1.0, section 3.1.1).
    del message["taskId"]
    metadata = message.get("metadata") or {}
    own_metadata = {"task": row.task_id, "agent": row.assigned_agent}
    return message | {"metadata": {**metadata, "agora": own_metadata}}


def build_status(row: TaskRow, entry: TaskEntryRow | None) -> dict[str, Any]:
    """Build the status of a task. entry: the one of ``status_entry``."""
    status: dict[str, Any] = {"state": to_a2a_state(row.status)}
    if entry is not None and (message := convert_entry_to_message(get_task_context_id(row), entry)) is not None:
        status["message"] = message
    return status | {"timestamp": format_timestamp(row.status_at)}


def add_marketplace_metadata(metadata: Fields, row: TaskRow) -> dict[str, Any]:
    """Add the marketplace's fields to a task's metadata."""
    own_metadata = metadata.get("agora")
    added = dict(own_metadata) if isinstance(own_metadata, dict) else {}
    if row.assigned_agent is not None:
        added["agent"] = row.assigned_agent
    if row.progress:
        added["progress"] = row.progress
    return {**metadata, "agora": added | {"position": compute_stream_position(row.entries)}}


def build_task(
    row: TaskRow,
    metadata: Fields,
    status: Fields,
    history: Sequence[Fields] | None,
    artifacts: Sequence[Fields] | None,
) -> dict[str, Any]:
    """Build a task; None fields are omitted."""
    document: dict[str, Any] = {"id": row.task_id, "contextId": get_task_context_id(row), "status": status}
    if artifacts is not None:
        document["artifacts"] = artifacts
    if history is not None:
        document["history"] = history
    return document | {"metadata": add_marketplace_metadata(metadata, row)}


def build_result_artifact(result: Any) -> dict[str, Any]:
    """Build the artifact of a task's result: text for a string, else data."""
    part = {"text": result} if isinstance(result, str) else {"data": result}
    return {"artifactId": RESULT, "name": RESULT, "parts": [part]}


def build_artifacts(entries: Iterable[ArtifactPiece], result: str | None, *, truncated: bool) -> list[dict[str, Any]]:
    """Build a task's artifacts: submitted ones, merged from their pieces, the output, and the result.

    result: JSON text; becomes an artifact only if none was submitted. truncated: whether pieces are missing.
    """
    artifacts: dict[str, dict[str, Any]] = {}
    output: list[str] = []
    for entry in entries:
        if entry.type == "output":
            output.append(entry.content or "")
        elif entry.data is not None:
            merge_artifact_piece(artifacts, decode_json(entry.data))
    if truncated:
        return _mark_truncated(_prepend_output_artifact(artifacts, output))
    if not artifacts and result is not None:
        return [*_prepend_output_artifact(artifacts, output), build_result_artifact(decode_json(result))]
    return _prepend_output_artifact(artifacts, output)


def merge_artifact_piece(artifacts: dict[str, dict[str, Any]], piece: Fields) -> None:
    """Append a chunk to its artifact, or replace the artifact."""
    artifact = piece["artifact"]
    existing = artifacts.get(artifact["artifactId"])
    if existing is None or not piece["append"]:
        artifacts[artifact["artifactId"]] = artifact
        return
    # A2A leaves merging to the server: parts are appended, and a later piece replaces names and descriptions.
    more = {name: value for name, value in artifact.items() if name not in ("artifactId", "parts", "metadata")}
    existing |= more
    # In place: copying the list for each piece took half a second for an artifact of 10,000 pieces, on the event loop.
    existing["parts"].extend(artifact["parts"])
    if "metadata" in artifact:
        existing["metadata"] = existing.get("metadata", {}) | artifact["metadata"]


def _prepend_output_artifact(artifacts: Mapping[str, dict[str, Any]], output: Sequence[str]) -> list[dict[str, Any]]:
    text = "".join(output)
    # Output is unlimited, a part of the contract is not.
    parts = [{"text": text[start : start + MAX_PART_CHARACTERS]} for start in range(0, len(text), MAX_PART_CHARACTERS)]
    first = [{"artifactId": OUTPUT, "name": OUTPUT, "parts": parts}] if parts else []
    return [*first, *artifacts.values()]


def _mark_truncated(artifacts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mark artifacts as truncated; the log contains all of them."""
    for artifact in artifacts:
        artifact["metadata"] = artifact.get("metadata", {}) | {"agora": {"truncated": True}}
    return artifacts


def encode_document(document: Fields) -> bytes:
    """Serialize a document to JSON."""
    return to_json(document)
