"""The stored message: its fields, and the encoding of data in its text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agora_sdk.contract.messaging import Message

__all__ = [
    "BROADCAST",
    "build_blank_message",
    "decode_message_data",
    "drop_sections",
    "list_recipient_names",
    "render_data_as_text",
]

BROADCAST = "broadcast"
#: all fields except the delivery status, which belongs to each recipient
_FIELDS = tuple(name for name in Message.model_fields if name != "status")
_DEFAULT_FIELDS = {"to_agent": "", "content": "", "message_type": "info", "priority": "normal", "broadcast": False}


def build_blank_message() -> dict[str, Any]:
    """Build an empty message: every field with its usual value."""
    return {**dict.fromkeys(_FIELDS), **_DEFAULT_FIELDS, "metadata": {}}


def render_data_as_text(data: Mapping[str, Any]) -> str:
    """Encode data as a message's text: the text of ``{"text": ...}``, other data as compact JSON."""
    if list(data) == ["text"] and isinstance(data["text"], str):
        return data["text"]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")) if data else ""


def decode_message_data(text: str) -> dict[str, Any]:
    """Decode a message's text to data; ``{"text": ...}`` unless it is the compact JSON of an object."""
    # Nearly all texts are no JSON, and are not parsed.
    if text[:2] == '{"' and text[-1] == "}":
        try:
            data = json.loads(text, parse_constant=_reject_constant)
        except (ValueError, RecursionError):
            data = None
        # Only text that is encoded again to itself: other JSON that an author wrote as text stays text, with its spaces.
        if isinstance(data, dict) and render_data_as_text(data) == text:
            return data
    return {"text": text} if text else {}


def _reject_constant(constant: str) -> Any:
    # json.loads accepts NaN and Infinity; converted to data, they would make a view that other parsers reject.
    raise ValueError(f"{constant} is not JSON")


def list_recipient_names(to_agent: Any) -> list[str]:
    """List the recipients in a message's address."""
    return to_agent.split(",") if isinstance(to_agent, str) and to_agent else []


def drop_sections(metadata: Any, sections: frozenset[str]) -> dict[str, Any]:
    """Remove sections from metadata."""
    return {name: value for name, value in metadata.items() if name not in sections} if metadata else {}
