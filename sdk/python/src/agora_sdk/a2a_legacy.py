"""Requests of A2A 1.0 in the form of A2A 0.3: methods, messages and their parameters.

Over JSON-RPC they are JSON as specified; over HTTP+JSON the SDKs of 0.3 send Protocol Buffers in JSON, where a message
has ``content`` and roles have long names. Members without a counterpart in 0.3 are stored in the metadata of their
part. Data that is not an object is wrapped as the SDKs do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = [
    "METHODS",
    "PART_FIELDS_KEY",
    "WRAPPED_DATA_KEY",
    "bare_push_config_to_v03",
    "message_to_proto",
    "message_to_v03",
    "part_to_proto",
    "part_to_v03",
    "pick_members",
    "send_request_to_proto",
    "send_request_to_v03",
]

#: methods of 0.3 (section 3.5.6) by those of 1.0
METHODS: Final = {
    "message/send": "SendMessage",
    "message/stream": "SendStreamingMessage",
    "tasks/get": "GetTask",
    "tasks/list": "ListTasks",
    "tasks/cancel": "CancelTask",
    "tasks/resubscribe": "SubscribeToTask",
    "tasks/pushNotificationConfig/set": "CreateTaskPushNotificationConfig",
    "tasks/pushNotificationConfig/get": "GetTaskPushNotificationConfig",
    "tasks/pushNotificationConfig/list": "ListTaskPushNotificationConfigs",
    "tasks/pushNotificationConfig/delete": "DeleteTaskPushNotificationConfig",
    "agent/getAuthenticatedExtendedCard": "GetExtendedAgentCard",
}

WRAPPED_DATA_KEY: Final = "data_part_compat"  #: the SDKs' mark of data that is not an object, which 0.3 cannot carry
PART_FIELDS_KEY: Final = "urn:agora:a2a:part"  #: our metadata key for members without a counterpart in 0.3

_MESSAGE_FIELDS = ("contextId", "taskId", "metadata", "extensions", "referenceTaskIds")


def pick_members(source: Mapping[str, Any], members: tuple[str, ...]) -> dict[str, Any]:
    """Select the non-empty members of an object."""
    return {member: source[member] for member in members if source.get(member) not in (None, "", [])}


def part_to_v03(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a part to 0.3, section 6.5."""
    metadata = dict(source.get("metadata") or {})
    sibling_fields = pick_members(source, ("filename", "mediaType"))
    if "raw" in source or "url" in source:
        file = {"bytes": source["raw"]} if "raw" in source else {"uri": source["url"]}
        for member, name in (("mimeType", "mediaType"), ("name", "filename")):
            if name in sibling_fields:
                file[member] = sibling_fields[name]
        result: dict[str, Any] = {"kind": "file", "file": file}
    else:
        if sibling_fields:
            # Text and data of 0.3 have neither a file name nor a media type; a peer of this marketplace reads them back from here.
            metadata[PART_FIELDS_KEY] = sibling_fields
        if "text" in source:
            result = {"kind": "text", "text": source["text"]}
        elif isinstance(source.get("data"), dict):
            result = {"kind": "data", "data": source["data"]}
        else:
            result = {"kind": "data", "data": {"value": source.get("data")}}
            metadata[WRAPPED_DATA_KEY] = True
    return result | {"metadata": metadata} if metadata else result


def message_to_v03(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a message to 0.3, section 6.4."""
    result = {
        "kind": "message",
        "messageId": source["messageId"],
        "role": "agent" if source.get("role") == "ROLE_AGENT" else "user",
        "parts": [part_to_v03(entry) for entry in source.get("parts", ())],
    }
    return result | pick_members(source, _MESSAGE_FIELDS)


def bare_push_config_to_v03(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a PushNotificationConfig to 0.3, section 6.8."""
    config = {"url": source["url"]} | pick_members(source, ("id", "token"))
    if source.get("authentication"):
        authentication = source["authentication"]
        scheme = authentication.get("scheme")
        config["authentication"] = {"schemes": [scheme] if scheme else []} | pick_members(
            authentication, ("credentials",)
        )
    return config


def send_request_to_v03(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a SendMessageRequest to MessageSendParams of 0.3 (section 7.1.1)."""
    result: dict[str, Any] = {"message": message_to_v03(source["message"])}
    if source.get("configuration") is not None:
        configuration = source["configuration"]
        result["configuration"] = {"blocking": not configuration.get("returnImmediately", False)}
        result["configuration"] |= pick_members(configuration, ("acceptedOutputModes", "historyLength"))
        if configuration.get("taskPushNotificationConfig"):
            push = bare_push_config_to_v03(configuration["taskPushNotificationConfig"])
            result["configuration"]["pushNotificationConfig"] = push
    return result | pick_members(source, ("metadata",))


def part_to_proto(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a part to Protocol Buffers; its metadata and a file's name are dropped, for lack of a field."""
    if "text" in source:
        return {"text": source["text"]}
    if "raw" in source or "url" in source:
        file = {"fileWithBytes": source["raw"]} if "raw" in source else {"fileWithUri": source["url"]}
        if source.get("mediaType"):
            file["mimeType"] = source["mediaType"]
        return {"file": file}
    data = source.get("data")
    return {"data": {"data": data if isinstance(data, dict) else {"value": data}}}


def message_to_proto(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a message to Protocol Buffers."""
    result = message_to_v03({**source, "parts": ()})
    for member in ("kind", "parts", "referenceTaskIds"):
        result.pop(member, None)
    return result | {"role": source["role"], "content": [part_to_proto(entry) for entry in source.get("parts", ())]}


def send_request_to_proto(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a SendMessageRequest to the JSON form of the 0.3 Protocol Buffers."""
    return send_request_to_v03(source) | {"message": message_to_proto(source["message"])}
