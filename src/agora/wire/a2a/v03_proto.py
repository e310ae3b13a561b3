"""A2A 0.3 in the JSON form of its Protocol Buffers, which SDKs use for HTTP+JSON at ``/v1/...``.

It differs from 0.3 over JSON-RPC: a message has ``content``, states and roles have long names, files and data are
wrapped, and a push configuration has a resource name.

The Python SDK, including the 0.3 support of its 1.x releases, puts the base64 text of a file in place of its bytes, so
that the JSON contains base64 of base64, and reads the same. Others encode it once.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from agora_sdk.a2a_legacy import message_to_proto, part_to_proto

from . import v03 as legacy
from .tolerant_input import convert_to_json_names, read_object

__all__ = [
    "artifact_to_proto",
    "encode_bytes_as_text",
    "event_to_proto",
    "is_proto_request",
    "message_to_proto",
    "push_config_to_proto",
    "read_proto_request",
    "task_to_proto",
]


def is_proto_request(value: Any) -> bool:
    """Whether a request's message is in this form, not that of JSON-RPC."""
    if not isinstance(value, dict):
        return False
    message = value.get("message", value.get("request"))
    return isinstance(message, dict) and isinstance(message.get("content"), list)


def read_proto_request(params: Mapping[str, Any], *, bytes_as_text: bool) -> dict[str, Any]:
    """Read a SendMessageRequest, for :func:`agora.wire.a2a.tolerant_input.read_send_request`.

    bytes_as_text: whether the client encodes files twice. Absent members have the defaults of Protocol Buffers: a
    request without ``blocking`` is not blocking.
    """
    members = convert_to_json_names(params)
    message = _convert_proto_message(members.pop("request", members.get("message")))
    if bytes_as_text and isinstance(message.get("parts"), list):
        message["parts"] = [_decode_double_base64(part) for part in message["parts"]]
    configuration = convert_to_json_names(read_object(members.get("configuration"), "configuration"))
    return members | {"message": message, "configuration": {"blocking": False} | configuration}


def _convert_proto_message(value: Any) -> dict[str, Any]:
    """Read a message, and unwrap the data of its parts."""
    members = convert_to_json_names(read_object(value, "message"))
    if not isinstance(members.get("content"), list):
        return members
    content = [_unwrap_data(entry) for entry in members["content"]]
    return {key: entry for key, entry in members.items() if key != "content"} | {"parts": content}


def _unwrap_data(part: Any) -> Any:
    if isinstance(part, dict) and isinstance(part.get("data"), dict) and "data" in part["data"]:
        return part | {"kind": "data", "data": part["data"]["data"]}
    return part


def _decode_double_base64(part: Any) -> Any:
    """Decode the bytes of a part once if they are base64 of canonical base64."""
    file = part.get("file") if isinstance(part, dict) else None
    if not isinstance(file, dict):
        return part
    member = next((name for name in _BYTES_FIELDS if isinstance(file.get(name), str)), None)
    if member is None:
        return part
    try:
        text = base64.b64decode(file[member], validate=True)
        # Encoded once only: decoding these bytes would change the file.
        if not text or base64.b64encode(base64.b64decode(text, validate=True)) != text:
            return part
    except (binascii.Error, ValueError):
        return part
    return part | {"file": file | {member: text.decode("ascii")}}


_BYTES_FIELDS = ("fileWithBytes", "file_with_bytes")


def encode_bytes_as_text(document: Any) -> Any:
    """Encode the bytes of files in a converted object once more."""
    if isinstance(document, list):
        return [encode_bytes_as_text(entry) for entry in document]
    if not isinstance(document, dict):
        return document
    return {
        name: base64.b64encode(value.encode()).decode()
        if name == "fileWithBytes" and isinstance(value, str)
        else value
        if name in ("data", "metadata")  # these do not contain files of the protocol
        else encode_bytes_as_text(value)
        for name, value in document.items()
    }


def artifact_to_proto(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert an artifact."""
    return legacy.artifact_to_v03({**source, "parts": ()}) | {
        "parts": [part_to_proto(entry) for entry in source.get("parts", ())]
    }


def status_to_proto(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a status."""
    state = source.get("state", "TASK_STATE_UNSPECIFIED")
    result: dict[str, Any] = {"state": "TASK_STATE_CANCELLED" if state == "TASK_STATE_CANCELED" else state}
    if source.get("message"):
        result["message"] = message_to_proto(source["message"])
    if source.get("timestamp"):
        result["timestamp"] = source["timestamp"]
    return result


def task_to_proto(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a task."""
    result = {key: source[key] for key in ("id", "contextId", "metadata") if source.get(key)}
    result["status"] = status_to_proto(source.get("status", {}))
    if source.get("history"):
        result["history"] = [message_to_proto(entry) for entry in source["history"]]
    if source.get("artifacts"):
        result["artifacts"] = [artifact_to_proto(entry) for entry in source["artifacts"]]
    return result


def event_to_proto(source: Mapping[str, Any], *, final: bool = False) -> dict[str, Any]:
    """Convert a SendMessageResponse or StreamResponse. final: whether the stream ends with it."""
    if "task" in source:
        return {"task": task_to_proto(source["task"])}
    if "message" in source:
        return {"message": message_to_proto(source["message"])}
    if "statusUpdate" in source:
        update = source["statusUpdate"]
        # The type is told by the member's name here, and strict parsers reject the unknown member ``kind``.
        converted = legacy.event_to_v03(source, final=final)
        converted.pop("kind")
        return {"statusUpdate": converted | {"status": status_to_proto(update.get("status", {}))}}
    converted = legacy.event_to_v03(source)
    converted.pop("kind")
    return {"artifactUpdate": converted | {"artifact": artifact_to_proto(source["artifactUpdate"]["artifact"])}}


def push_config_to_proto(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a TaskPushNotificationConfig."""
    name = f"tasks/{source.get('taskId', '')}/pushNotificationConfigs/{source.get('id', '')}"
    return {"name": name, "pushNotificationConfig": legacy.bare_push_config_to_v03(source)}
