"""Conversion between A2A 1.0 and A2A 0.3: requests, results, stream events.

Members unknown to 0.3 are stored in the metadata of their part and restored from there, so that the round trip is
lossless. Data other than objects is wrapped as in the SDKs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agora_sdk.a2a_legacy import (
    METHODS,
    bare_push_config_to_v03,
    message_to_v03,
    part_to_v03,
    pick_members,
    send_request_to_v03,
)

from . import tolerant_input
from .states import LEGACY_STATES, TERMINAL_STATES, parse_task_state_or_none
from .tolerant_input import convert_to_json_names, read_object

__all__ = [
    "METHODS",
    "artifact_to_v03",
    "bare_push_config_to_v03",
    "event_to_v03",
    "event_to_v1",
    "message_to_v03",
    "push_config_to_v03",
    "send_request_to_v03",
    "task_to_v03",
    "task_to_v1",
]

_ARTIFACT = ("artifactId", "name", "description", "metadata", "extensions")


# -- to 0.3 ----------------------------------------------------------------------------------------


def artifact_to_v03(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert an artifact to 0.3, section 6.7."""
    return pick_members(source, _ARTIFACT) | {"parts": [part_to_v03(entry) for entry in source.get("parts", ())]}


def status_to_v03(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a status to 0.3, section 6.2."""
    result: dict[str, Any] = {"state": LEGACY_STATES.get(source.get("state", ""), "unknown")}
    if source.get("message"):
        result["message"] = message_to_v03(source["message"])
    return result | pick_members(source, ("timestamp",))


def task_to_v03(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a task to 0.3, section 6.1."""
    result: dict[str, Any] = {
        "kind": "task",
        "id": source["id"],
        "contextId": source.get("contextId", ""),
        "status": status_to_v03(source.get("status", {})),
    }
    if source.get("history"):
        result["history"] = [message_to_v03(entry) for entry in source["history"]]
    if source.get("artifacts"):
        result["artifacts"] = [artifact_to_v03(entry) for entry in source["artifacts"]]
    return result | pick_members(source, ("metadata",))


def event_to_v03(source: Mapping[str, Any], *, final: bool = False) -> dict[str, Any]:
    """Convert a SendMessageResponse or StreamResponse to 0.3, section 7.2.1.

    final: whether the stream ends with it, although the task may continue.
    """
    if "task" in source:
        return task_to_v03(source["task"])
    if "message" in source:
        return message_to_v03(source["message"])
    if "statusUpdate" in source:
        update = source["statusUpdate"]
        state = update.get("status", {}).get("state")
        return {
            "kind": "status-update",
            "taskId": update["taskId"],
            "contextId": update.get("contextId", ""),
            "status": status_to_v03(update.get("status", {})),
            # 1.0 has no such member, its streams just end; clients of 0.3 read on until they see it.
            "final": final or state in TERMINAL_STATES,
        } | pick_members(update, ("metadata",))
    update = source["artifactUpdate"]
    result = {
        "kind": "artifact-update",
        "taskId": update["taskId"],
        "contextId": update.get("contextId", ""),
        "artifact": artifact_to_v03(update["artifact"]),
    }
    return result | {m: update[m] for m in ("append", "lastChunk") if m in update} | pick_members(update, ("metadata",))


def push_config_to_v03(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a TaskPushNotificationConfig to 0.3, section 6.10."""
    return {"taskId": source.get("taskId", ""), "pushNotificationConfig": bare_push_config_to_v03(source)}


# -- from 0.3 --------------------------------------------------------------------------------------


def artifact_to_v1(value: Any, field: str = "artifact") -> dict[str, Any]:
    """Convert an artifact of any version to 1.0."""
    members = convert_to_json_names(read_object(value, field))
    result = {"artifactId": tolerant_input.read_non_empty_text(members.get("artifactId"), f"{field}.artifactId")}
    return (
        pick_members(members, _ARTIFACT)
        | result
        | {"parts": tolerant_input.read_parts(members.get("parts"), f"{field}.parts")}
    )


def status_to_v1(value: Any, field: str = "status") -> dict[str, Any]:
    """Convert a status of any version to 1.0."""
    members = convert_to_json_names(read_object(value, field))
    state = parse_task_state_or_none(members.get("state", "unknown"))
    if state is None:
        raise tolerant_input.invalid_field(f"{field}.state", "is not a task state")
    result: dict[str, Any] = {"state": state}
    update = members.get("message", members.get("update"))
    if update:
        result["message"] = tolerant_input.read_message(update, f"{field}.message")
    return result | pick_members(members, ("timestamp",))


def task_to_v1(value: Any, field: str = "task") -> dict[str, Any]:
    """Convert a task of any version to 1.0."""
    members = convert_to_json_names(read_object(value, field))
    result: dict[str, Any] = {
        "id": tolerant_input.read_non_empty_text(members.get("id"), f"{field}.id"),
        "status": status_to_v1(members.get("status"), f"{field}.status"),
    }
    if members.get("history"):
        result["history"] = [tolerant_input.read_message(entry, f"{field}.history") for entry in members["history"]]
    if members.get("artifacts"):
        result["artifacts"] = [artifact_to_v1(entry, f"{field}.artifacts") for entry in members["artifacts"]]
    return result | pick_members(members, ("contextId", "metadata"))


def event_to_v1(value: Any, field: str = "result") -> dict[str, Any]:
    """Convert a result or event of 0.3 to a StreamResponse of 1.0."""
    members = convert_to_json_names(read_object(value, field))
    kind = members.get("kind")
    if kind is None:  # some servers omit it
        kind = next((k for member, k in _KIND_BY_KEY if member in members), None)
    if kind == "task":
        return {"task": task_to_v1(members, field)}
    if kind == "message":
        return {"message": tolerant_input.read_message(members, field)}
    task_fields = pick_members(members, ("taskId", "contextId", "metadata"))
    if kind == "status-update":
        return {"statusUpdate": task_fields | {"status": status_to_v1(members.get("status"), f"{field}.status")}}
    if kind == "artifact-update":
        flags = {member: members[member] for member in ("append", "lastChunk") if isinstance(members.get(member), bool)}
        return {
            "artifactUpdate": task_fields
            | flags
            | {"artifact": artifact_to_v1(members.get("artifact"), f"{field}.artifact")}
        }
    raise tolerant_input.invalid_field(f"{field}.kind", "should be task, message, status-update or artifact-update")


# In this order: a task has a status as well, and only its ``id`` distinguishes it from a status update.
_KIND_BY_KEY: Final = (
    ("messageId", "message"),
    ("artifact", "artifact-update"),
    ("id", "task"),
    ("status", "status-update"),
)
