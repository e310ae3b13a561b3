"""An A2A 1.0 message in JSON: ``{"messageId", "contextId", "taskId", "role", "parts", "metadata", ...}``."""

from __future__ import annotations

from typing import Any

from .lossless import AGORA_KEY, EMPTY_KEY, SECTIONS, Document
from .stored import build_blank_message, decode_message_data, drop_sections, render_data_as_text

__all__ = ["A2AView"]

AGENT_ROLE = "ROLE_AGENT"


class A2AView:
    """Text is a text part, data a data part; the context is the correlation. Sender and recipient are in the slot."""

    name = "a2a"

    def convert_to_message(self, document: Document, /) -> Document:
        return build_blank_message() | {
            "message_id": document.get("messageId"),
            "content": _join_text_content(document.get("parts")),
            "correlation_id": document.get("contextId"),
            "metadata": drop_sections(document.get("metadata"), SECTIONS | {AGORA_KEY}),
        }

    def convert_from_message(self, message: Document, /) -> Document:
        data = decode_message_data(message.get("content") or "")
        part = {"text": message.get("content")} if list(data) == ["text"] else {"data": data}
        document = {
            "messageId": message.get("message_id"),
            "contextId": message.get("correlation_id"),
            "role": AGENT_ROLE,
            "parts": [part] if data else [],
            "metadata": drop_sections(message.get("metadata"), SECTIONS | {AGORA_KEY}) or None,
        }
        return {name: value for name, value in document.items() if value is not None}

    def insert_slot(self, document: Document, slot: Any, /) -> Document:
        metadata = document.get("metadata")
        if metadata == {} and isinstance(slot, dict):
            # Without the mark, a document whose metadata was empty would come back without metadata.
            slot = slot | {EMPTY_KEY: True}
        return {**document, "metadata": {**(metadata or {}), AGORA_KEY: slot}}

    def extract_slot(self, document: Document, /) -> tuple[Any, Document]:
        metadata = document.get("metadata")
        if not isinstance(metadata, dict) or AGORA_KEY not in metadata:
            return None, document
        slot = metadata[AGORA_KEY]
        other_metadata = {name: value for name, value in metadata.items() if name != AGORA_KEY}
        if isinstance(slot, dict) and slot.get(EMPTY_KEY) is True and not other_metadata:
            slot = {name: value for name, value in slot.items() if name != EMPTY_KEY}
        elif not other_metadata:
            return slot, {name: value for name, value in document.items() if name != "metadata"}
        return slot, {**document, "metadata": other_metadata}


def _join_text_content(parts: Any) -> str:
    """Join the text of parts: texts line by line; a single data part as encoded data."""
    objects = [part for part in parts or () if isinstance(part, dict)]
    if len(objects) == 1 and isinstance(objects[0].get("data"), dict):
        return render_data_as_text(objects[0]["data"])
    return "\n".join(part["text"] for part in objects if isinstance(part.get("text"), str))
