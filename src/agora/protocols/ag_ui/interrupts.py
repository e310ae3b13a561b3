"""Interrupts: conversion of an agent's questions to AG-UI, and of the answers to messages.

An interrupt's id is the task's id, a colon, and an id that is unique within the task: of the question's message,
followed by the question's name if there are several. Ids of calls are built in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from agora.wire.questions import ANSWERS_KEY, find_named_questions
from agora.wire.tool_calls import TOOL_RESULT_KEY, find_approval_request, list_tool_calls
from agora_sdk.errors import Conflict

from .run_input import ResumeEntry, ToolAnswer

__all__ = [
    "build_answer_messages",
    "build_interrupts",
    "build_tool_answer_message",
    "build_wire_id",
    "join_texts",
    "list_pending_call_ids",
    "split_wire_id",
]

# Bounded: the id comes from a client, and the error repeats it.
_ID = re.compile(r"(task_[0-9a-f]{32}):(.{1,450})", re.DOTALL)
MAX_QUOTED_IDS: Final = 20
TOOL_REASON: Final = "tool_call"
INPUT_REASON: Final = "input_required"
AUTHENTICATION_REASON: Final = "agora:auth_required"

Fields = Mapping[str, Any]


def build_wire_id(task_id: str, name: str) -> str:
    """Build an id that contains the task's id."""
    return f"{task_id}:{name}"


def split_wire_id(identifier: str) -> tuple[str, str]:
    """Split an id into the task's id and the rest. Raises Conflict for an invalid id."""
    match = _ID.fullmatch(identifier)
    if match is None:
        raise Conflict(f"{identifier[:100]!r} is not the id of an interrupt or call.", fix="Send the id unchanged.")
    return match[1], match[2]


def list_pending_call_ids(question: Fields) -> list[str]:
    """List the ids, within the task, of the calls that a question asks the requester to execute."""
    return [call.id for call in list_tool_calls(question)]


def build_interrupts(task_id: str, question: Fields, state: str) -> list[dict[str, Any]]:
    """Build the interrupts of a question. question: A2A message. state: of A2A, input or authentication required."""
    message_id, text = str(question.get("messageId", "")), join_texts(question)
    reason = AUTHENTICATION_REASON if state == "TASK_STATE_AUTH_REQUIRED" else INPUT_REASON
    names = find_named_questions(question)
    if names:
        return [
            _build_interrupt(build_wire_id(task_id, f"{message_id}:{name}"), reason, each["text"], each)
            for name, each in names.items()
        ]
    interrupt = _build_interrupt(build_wire_id(task_id, message_id), reason, text, question.get("metadata") or {})
    data = [part["data"] for part in question.get("parts", ()) if isinstance(part.get("data"), dict)]
    if (approval := find_approval_request(question)) is not None:
        interrupt |= {"reason": TOOL_REASON, "toolCallId": build_wire_id(task_id, approval.id)}
    elif data:
        interrupt["metadata"] = {"data": data}
    return [interrupt]


def _build_interrupt(identifier: str, reason: str, text: str, holder: Fields) -> dict[str, Any]:
    interrupt: dict[str, Any] = {"id": identifier, "reason": reason, "message": text}
    schema = holder.get("requestedSchema")
    if isinstance(schema, dict):
        interrupt["responseSchema"] = schema
    return interrupt


def build_answer_messages(
    task_id: str, question: Fields, state: str, entries: Sequence[ResumeEntry]
) -> list[dict[str, Any]] | None:
    """Build the messages, with parts and metadata, that answer all of a question; None if the user gave no answer.

    A missing approval counts as rejection. Raises Conflict unless each interrupt is answered once.
    """
    interrupts = build_interrupts(task_id, question, state)
    ids, answered = [each["id"] for each in interrupts], [entry.interrupt_id for entry in entries]
    # Sorted lists, not sets: an interrupt that is answered twice is refused, too.
    if sorted(ids) != sorted(answered):
        raise Conflict(
            f"The run waits for {', '.join(ids)}; received: {', '.join(answered)}.",
            fix="Answer each of its interrupts, once.",
        )
    is_approval = find_approval_request(question) is not None
    # Also if it was cancelled: a call that nobody approved must not be executed, and the agent has to learn that.
    if is_approval:
        return [{"parts": [{"data": {"decision": _read_decision(entries[0])}}]}]
    if any(entry.is_cancelled for entry in entries):
        return None
    messages: list[dict[str, Any]] = []
    names = list(find_named_questions(question))
    by_id = {entry.interrupt_id: entry for entry in entries}
    for number, identifier in enumerate(ids):
        metadata = {"metadata": {ANSWERS_KEY: names[number]}} if names else {}
        messages.append({"parts": [_build_answer_part(by_id[identifier].payload)], **metadata})
    return messages


def _read_decision(entry: ResumeEntry) -> str:
    """Normalise a decision: clients send ``true``, ``{"approved": true}`` or ``{"decision": "approve"}``."""
    payload = entry.payload
    if isinstance(payload, dict):
        payload = payload.get("decision", payload.get("approved"))
    # Only an explicit consent approves; anything unknown rejects.
    approves = payload is True or (
        isinstance(payload, str) and payload.strip().lower() in ("approve", "approved", "yes")
    )
    return "approve" if approves and not entry.is_cancelled else "reject"


def _build_answer_part(payload: Any) -> dict[str, Any]:
    return {"text": payload} if isinstance(payload, str) and payload else {"data": payload}


def build_tool_answer_message(task_id: str, question: Fields, answers: Sequence[ToolAnswer]) -> dict[str, Any]:
    """Build the message with the results of the calls in a question. Raises Conflict unless each has one result."""
    pending = {build_wire_id(task_id, call_id): call_id for call_id in list_pending_call_ids(question)}
    # By the whole id: calls of other tasks may have the same one within their task.
    by_id = {answer.call_id: answer.content for answer in answers}
    # The agent continues with the answer, so it must have all results.
    if pending.keys() != by_id.keys():
        received = ", ".join(list(by_id)[:MAX_QUOTED_IDS])
        raise Conflict(
            f"The run waits for the results of {', '.join(pending) or 'no call'}; received: {received}.",
            fix="Send the result of each pending call, once.",
        )
    return {
        "parts": [
            {"data": {TOOL_RESULT_KEY: {"id": call_id, "content": by_id[wire_id]}}}
            for wire_id, call_id in pending.items()
        ]
    }


def join_texts(message: Fields) -> str:
    """Join the texts of a message."""
    return "\n".join(part["text"] for part in message.get("parts", ()) if isinstance(part.get("text"), str))
