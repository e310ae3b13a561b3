"""Conversion of client input to A2A 1.0 without loss.

Accepted are A2A 1.0 as ProtoJSON (camelCase or snake_case names, null for absent members, enumerations by name or
number), A2A 0.3 (``kind``), and the older form with ``{"type": "text", "content": "..."}``. A message without the
``kind`` of a message needs no id and no role. Invalid input is rejected with the field's name, never dropped.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from agora.clock import new_id
from agora_sdk.a2a_legacy import PART_FIELDS_KEY, WRAPPED_DATA_KEY
from agora_sdk.errors import InvalidRequest, field_error

from .states import parse_role_or_none

__all__ = [
    "convert_to_json_names",
    "invalid_field",
    "read_configuration",
    "read_count",
    "read_message",
    "read_non_empty_text",
    "read_object",
    "read_part",
    "read_parts",
    "read_push_config",
    "read_send_request",
    "read_text",
]

_SNAKE_CASE = re.compile(r"_([a-z0-9])")
_FILE_FIELDS = {
    "bytes": "raw",
    "fileWithBytes": "raw",
    "raw": "raw",
    "uri": "url",
    "fileWithUri": "url",
    "url": "url",
    "name": "filename",
    "filename": "filename",
    "mimeType": "mediaType",
    "mediaType": "mediaType",
}
_PART_KINDS = {"text": "text", "file": "file", "data": "data", "json": "data"}


def invalid_field(field: str, message: str) -> InvalidRequest:
    """Build the error of one field."""
    return InvalidRequest(
        f"{field}: {message}",
        fix="The A2A specification, section 4, describes it.",
        errors=[field_error(field, message)],
    )


def convert_to_json_names(members: Mapping[str, Any]) -> dict[str, Any]:
    """Convert members to their JSON names, and omit nulls, as in ProtoJSON."""
    if not any("_" in key for key in members):
        return {key: value for key, value in members.items() if value is not None}
    return {_SNAKE_CASE.sub(lambda match: match[1].upper(), key): v for key, v in members.items() if v is not None}


def read_object(value: Any, field: str) -> dict[str, Any]:
    """Read a JSON object; null is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid_field(field, "should be an object")
    return value


def read_text(value: Any, field: str) -> str:
    """Read a string."""
    if not isinstance(value, str):
        raise invalid_field(field, "should be a string")
    return value


def read_non_empty_text(value: Any, field: str) -> str:
    """Read a non-empty string; numbers, which some clients use as ids, become strings."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise invalid_field(field, "should be a string that is not empty")
    return value


def read_count(value: Any, field: str) -> int:
    """Read a non-negative integer, given as a number or as text."""
    # ProtoJSON allows integers as text. The length is limited because int() raises ValueError above 4,300 digits.
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 11:
        return int(value)
    # Clients whose numbers are all floats write 5.0 for 5, which ProtoJSON accepts for an integer.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise invalid_field(field, "should be a whole number from 0 to 2147483647")
    return value


def _read_names(value: Any, field: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise invalid_field(field, "should be a list of strings")
    return value


# -- messages --------------------------------------------------------------------------------------


def read_message(value: Any, field: str = "message") -> dict[str, Any]:
    """Read a message as A2A 1.0. By default, the id is generated and the role is the user's."""
    if isinstance(value, str):
        value = {"parts": [value]}
    if not isinstance(value, dict):
        raise invalid_field(field, "should be an object" if value is not None else "Field required")
    members = convert_to_json_names(value)
    # A client that names the kind speaks 0.3, whose schema requires these members; others are older and lenient.
    if members.get("kind") == "message":
        for member in ("messageId", "role"):
            if member not in members:
                raise invalid_field(f"{field}.{member}", "Field required")
    result: dict[str, Any] = {
        "messageId": read_non_empty_text(members["messageId"], f"{field}.messageId")
        if "messageId" in members
        else new_id("msg"),
        "role": parse_role_or_none(members.get("role", "ROLE_USER")),
        "parts": read_parts(_read_message_parts(members), f"{field}.parts"),
    }
    if result["role"] is None:
        raise invalid_field(f"{field}.role", "should be ROLE_USER or ROLE_AGENT")
    return result | _read_message_options(members, field)


def _read_message_options(members: Mapping[str, Any], field: str) -> dict[str, Any]:
    """Read the optional members of a message; empty ones count as absent, because ProtoJSON omits defaults."""
    result: dict[str, Any] = {}
    for member in ("contextId", "taskId"):
        if members.get(member, "") != "":
            result[member] = read_non_empty_text(members[member], f"{field}.{member}")
    for member in ("extensions", "referenceTaskIds"):
        if members.get(member):
            result[member] = _read_names(members[member], f"{field}.{member}")
    if "metadata" in members:
        result["metadata"] = read_object(members["metadata"], f"{field}.metadata")
    return result


def _read_message_parts(members: Mapping[str, Any]) -> Any:
    """Read the parts of a message from any of the accepted members."""
    if "parts" in members:
        return members["parts"]
    if isinstance(members.get("content"), list):
        return members["content"]
    content = members.get("content", members.get("text"))
    return None if content is None else [content]


def read_parts(value: Any, field: str) -> list[dict[str, Any]]:
    """Read the parts of a message or artifact, at least one."""
    if not isinstance(value, list):
        raise invalid_field(field, "should be a list" if value is not None else "Field required")
    if not value:
        raise invalid_field(field, "should have at least one part")
    return [read_part(entry, f"{field}[{number}]") for number, entry in enumerate(value)]


def _build_part_members(value: dict[str, Any]) -> dict[str, Any]:
    """Convert members of a part to their A2A names. Most parts have them already, and conversion costs a copy."""
    # Not of ``data``: its names belong to the agents, and stay as they are.
    needs_conversion = any("_" in key or entry is None for key, entry in value.items() if key != "data")
    return convert_to_json_names(value) if needs_conversion else value


def read_part(value: Any, field: str) -> dict[str, Any]:
    """Read a part with exactly one of text, raw, url and data."""
    if isinstance(value, str):
        return {"text": value}
    if not isinstance(value, dict):
        raise invalid_field(field, "should be an object")
    members = _build_part_members(value)
    result = _build_part_content(members, field)
    contents = [member for member in ("text", "raw", "url", "data") if member in result]
    if len(contents) != 1:
        raise invalid_field(field, "should have exactly one of text, raw, url and data")
    if contents[0] == "raw":
        result["raw"] = _read_base64(result["raw"], f"{field}.raw")
    elif contents[0] != "data":
        read_text(result[contents[0]], f"{field}.{contents[0]}")
    for member in ("filename", "mediaType"):
        if members.get(member):
            result.setdefault(member, read_text(members[member], f"{field}.{member}"))
    if members.get("metadata") is not None:
        result["metadata"] = read_object(members["metadata"], f"{field}.metadata")
    return _unwrap_part(result)


def _build_part_content(members: Mapping[str, Any], field: str) -> dict[str, Any]:
    """Build the content of a part from any accepted form."""
    kind = members.get("kind", members.get("type"))
    if kind is None and not members.keys().isdisjoint(("text", "raw", "url", "data")) and "file" not in members:
        return _read_plain_content(members)
    content_kind = _PART_KINDS.get(kind) if isinstance(kind, str) else None
    if kind is not None and content_kind is None:
        raise invalid_field(f"{field}.kind", "should be text, file or data")
    if content_kind == "file" or "file" in members:
        return _read_file_content(members, field)
    if content_kind == "text" and "text" not in members and "content" in members:
        return {"text": members["content"]}
    if content_kind == "data" and "data" not in members and "content" in members:
        return {"data": members["content"]}
    if content_kind is None and isinstance(members.get("content"), str):
        return {"text": members["content"]}
    return _read_plain_content(members)


def _read_plain_content(members: Mapping[str, Any]) -> dict[str, Any]:
    return {member: members[member] for member in ("text", "raw", "url", "data") if member in members}


def _read_file_content(members: Mapping[str, Any], field: str) -> dict[str, Any]:
    """Read a file of 0.3, or of its Protocol Buffers."""
    content = members.get("file", members.get("content", members))
    if isinstance(content, str):
        content = {"bytes": content}
    file = convert_to_json_names(read_object(content, f"{field}.file"))
    result: dict[str, Any] = {}
    for spelling, member in _FILE_FIELDS.items():
        if file.get(spelling) is not None and member not in result:
            result[member] = read_text(file[spelling], f"{field}.file.{spelling}")
    return result


def _read_base64(value: Any, field: str) -> str:
    """Read base64 in any alphabet; returns it in the standard one."""
    encoded = read_text(value, field)
    plain = "".join(encoded.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid_field(field, "should be base64") from None
    return plain + "=" * (-len(plain) % 4)


def _unwrap_part(result: dict[str, Any]) -> dict[str, Any]:
    """Undo the wrapping with which :mod:`.v03` transports fields of a part that 0.3 lacks."""
    metadata = result.get("metadata")
    if not metadata or (WRAPPED_DATA_KEY not in metadata and PART_FIELDS_KEY not in metadata):
        return result
    metadata = dict(metadata)
    wrapped, other_metadata = metadata.pop(WRAPPED_DATA_KEY, False), metadata.pop(PART_FIELDS_KEY, None)
    if wrapped is True and isinstance(result.get("data"), dict) and "value" in result["data"]:
        result["data"] = result["data"]["value"]
    if isinstance(other_metadata, dict):
        for member in ("filename", "mediaType"):
            if isinstance(other_metadata.get(member), str):
                result.setdefault(member, other_metadata[member])
    if metadata:
        result["metadata"] = metadata
    else:
        del result["metadata"]
    return result


# -- requests --------------------------------------------------------------------------------------


def read_send_request(value: Any, *, legacy: bool = False) -> dict[str, Any]:
    """Read a SendMessageRequest. legacy: of 0.3, which uses some other names."""
    members = convert_to_json_names(read_object(value, "params"))
    message = members.get("message", members.get("request"))
    result: dict[str, Any] = {"message": read_message(message)}
    if "configuration" in members:
        result["configuration"] = read_configuration(members["configuration"], legacy=legacy)
    if "metadata" in members:
        result["metadata"] = read_object(members["metadata"], "metadata")
    for member in ("skill", "skillId"):  # an extension of the specification: selects a skill of the front agent
        if isinstance(members.get(member), str):
            result.setdefault("metadata", {}).setdefault("skill", members[member])
    if members.get("tenant"):
        result["tenant"] = read_text(members["tenant"], "tenant")
    return result


def read_configuration(value: Any, *, legacy: bool = False) -> dict[str, Any]:
    """Read a SendMessageConfiguration, section 3.2.2."""
    members = convert_to_json_names(read_object(value, "configuration"))
    result: dict[str, Any] = {}
    if members.get("acceptedOutputModes"):
        result["acceptedOutputModes"] = _read_names(members["acceptedOutputModes"], "configuration.acceptedOutputModes")
    if "historyLength" in members:
        length = read_count(members["historyLength"], "configuration.historyLength")
        if length or not legacy:  # in Protocol Buffers of 0.3, 0 means no limit
            result["historyLength"] = length
    if isinstance(members.get("returnImmediately"), bool):
        result["returnImmediately"] = members["returnImmediately"]
    elif isinstance(members.get("blocking"), bool):
        result["returnImmediately"] = not members["blocking"]
    for member in ("taskPushNotificationConfig", "pushNotificationConfig", "pushNotification"):
        if members.get(member):
            result["taskPushNotificationConfig"] = read_push_config(members[member], f"configuration.{member}")
    return result


def read_push_config(value: Any, field: str = "config") -> dict[str, Any]:
    """Read a TaskPushNotificationConfig, section 4.3.1, also of 0.3 or in its wrapper."""
    members = convert_to_json_names(read_object(value, field))
    for wrapper in ("config", "pushNotificationConfig"):
        if isinstance(members.get(wrapper), dict):
            # The wrappers of 0.3 hold the task's id beside the configuration, and not in it.
            members = {**convert_to_json_names(members[wrapper]), **{k: v for k, v in members.items() if k == "taskId"}}
    result: dict[str, Any] = {"url": read_non_empty_text(members.get("url"), f"{field}.url")}
    for member in ("id", "taskId", "token", "tenant"):
        if members.get(member):
            result[member] = read_non_empty_text(members[member], f"{field}.{member}")
    if members.get("authentication"):
        result["authentication"] = _read_authentication(members["authentication"], f"{field}.authentication")
    return result


def _read_authentication(value: Any, field: str) -> dict[str, Any]:
    members = convert_to_json_names(read_object(value, field))
    schemes = members.get("schemes")
    if "scheme" not in members and isinstance(schemes, list) and schemes:
        # 1.0 supports one scheme: of several, use the one supported by most receivers
        members["scheme"] = next((s for s in schemes if isinstance(s, str) and s.lower() == "bearer"), schemes[0])
    result = {"scheme": read_non_empty_text(members.get("scheme", "Bearer"), f"{field}.scheme")}
    if members.get("credentials"):
        result["credentials"] = read_text(members["credentials"], f"{field}.credentials")
    return result
