"""A2A 0.3 as its Protocol Buffers have it in JSON, which is what the SDKs send over HTTP+JSON at ``/v1/...``.

It differs from 0.3 over JSON-RPC: a message has ``content``, states and roles have long names, a file and data
are wrapped, a push configuration has a resource name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import v03 as legacy
from .tolerant_input import camel_members, read_object

__all__ = [
    "artifact_to_proto",
    "event_to_proto",
    "is_proto",
    "message_to_proto",
    "push_config_to_proto",
    "read_proto_message",
    "task_to_proto",
]


def is_proto(value: Any) -> bool:
    """Whether a request's message is written so, rather than as over JSON-RPC."""
    if not isinstance(value, dict):
        return False
    found = value.get("message", value.get("request"))
    return isinstance(found, dict) and isinstance(found.get("content"), list)


def read_proto_message(value: Any) -> Any:
    """A message with the data of its parts unwrapped, for :func:`agora.a2a.reading.message`."""
    given = camel_members(read_object(value, "message"))
    if not isinstance(given.get("content"), list):
        return given
    content = [_unwrap_data(entry) for entry in given["content"]]
    return {key: entry for key, entry in given.items() if key != "content"} | {"parts": content}


def _unwrap_data(part: Any) -> Any:
    if isinstance(part, dict) and isinstance(part.get("data"), dict) and "data" in part["data"]:
        return part | {"kind": "data", "data": part["data"]["data"]}
    return part


def part_to_proto(given: Mapping[str, Any]) -> dict[str, Any]:
    """A part; its metadata have no place, nor has a file's name."""
    if "text" in given:
        return {"text": given["text"]}
    if "raw" in given or "url" in given:
        file = {"fileWithBytes": given["raw"]} if "raw" in given else {"fileWithUri": given["url"]}
        if given.get("mediaType"):
            file["mimeType"] = given["mediaType"]
        return {"file": file}
    data = given.get("data")
    return {"data": {"data": data if isinstance(data, dict) else {"value": data}}}


def message_to_proto(given: Mapping[str, Any]) -> dict[str, Any]:
    """A message."""
    result = legacy.message_to_v03({**given, "parts": ()})
    for member in ("kind", "parts", "referenceTaskIds"):
        result.pop(member, None)
    return result | {"role": given["role"], "content": [part_to_proto(entry) for entry in given.get("parts", ())]}


def artifact_to_proto(given: Mapping[str, Any]) -> dict[str, Any]:
    """An artifact."""
    return legacy.artifact_to_v03({**given, "parts": ()}) | {
        "parts": [part_to_proto(entry) for entry in given.get("parts", ())]
    }


def status_to_proto(given: Mapping[str, Any]) -> dict[str, Any]:
    """A status."""
    state = given.get("state", "TASK_STATE_UNSPECIFIED")
    result: dict[str, Any] = {"state": "TASK_STATE_CANCELLED" if state == "TASK_STATE_CANCELED" else state}
    if given.get("message"):
        result["message"] = message_to_proto(given["message"])
    if given.get("timestamp"):
        result["timestamp"] = given["timestamp"]
    return result


def task_to_proto(given: Mapping[str, Any]) -> dict[str, Any]:
    """A task."""
    result = {key: given[key] for key in ("id", "contextId", "metadata") if given.get(key)}
    result["status"] = status_to_proto(given.get("status", {}))
    if given.get("history"):
        result["history"] = [message_to_proto(entry) for entry in given["history"]]
    if given.get("artifacts"):
        result["artifacts"] = [artifact_to_proto(entry) for entry in given["artifacts"]]
    return result


def event_to_proto(given: Mapping[str, Any], *, final: bool = False) -> dict[str, Any]:
    """A SendMessageResponse or StreamResponse. final: the stream ends with it."""
    if "task" in given:
        return {"task": task_to_proto(given["task"])}
    if "message" in given:
        return {"message": message_to_proto(given["message"])}
    if "statusUpdate" in given:
        update = given["statusUpdate"]
        told = legacy.event_to_v03(given, final=final)
        told.pop("kind")
        return {"statusUpdate": told | {"status": status_to_proto(update.get("status", {}))}}
    told = legacy.event_to_v03(given)
    told.pop("kind")
    return {"artifactUpdate": told | {"artifact": artifact_to_proto(given["artifactUpdate"]["artifact"])}}


def push_config_to_proto(given: Mapping[str, Any]) -> dict[str, Any]:
    """A TaskPushNotificationConfig."""
    name = f"tasks/{given.get('taskId', '')}/pushNotificationConfigs/{given.get('id', '')}"
    return {"name": name, "pushNotificationConfig": legacy.bare_push_config_to_v03(given)}
