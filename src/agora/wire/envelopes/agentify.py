"""The agent protocol's envelope: ``{"id", "ts", "type", "sender", "to", "intent", "payload", "correlation", ...}``."""

from __future__ import annotations

from typing import Any

from .lossless import AGORA_KEY, SECTIONS, Document
from .stored import (
    BROADCAST,
    build_blank_message,
    decode_message_data,
    drop_sections,
    list_recipient_names,
    render_data_as_text,
)

__all__ = ["AgentifyView", "convert_message_type"]

PERFORMATIVES = frozenset(
    [
        "request",
        "inform",
        "propose",
        "agree",
        "refuse",
        "confirm",
        "failure",
        "done",
        "discover",
        "offer",
        "assign",
        "deploy",
        "deploy_confirm",
        "deploy_failure",
        "co_locate",
        "scale",
    ]
)
#: performatives for other message types
PERFORMATIVE_BY_TYPE = {
    "task": "assign",
    "task_assignment": "assign",
    "task_completion": "done",
    "error_report": "failure",
    "assistance_request": "request",
}


def convert_message_type(message_type: Any) -> str:
    """Convert a message type to a performative: the same name, or its equivalent; inform for all others."""
    return message_type if message_type in PERFORMATIVES else PERFORMATIVE_BY_TYPE.get(message_type, "inform")


class AgentifyView:
    """Sender and recipients are names; ``context`` is the metadata; text is the payload ``{"text": ...}``."""

    name = "agentify"

    def convert_to_message(self, document: Document, /) -> Document:
        correlation = document.get("correlation") or {}
        to = document.get("to") or []
        payload, task = document.get("payload") or {}, document.get("task")
        message = build_blank_message() | {
            "message_id": document.get("id"),
            "from_agent": document.get("sender"),
            "from_name": document.get("sender"),
            "to_agent": ",".join(to),
            "content": render_data_as_text(payload) or task or "",
            "message_type": document.get("type"),
            "timestamp": document.get("ts"),
            "correlation_id": correlation.get("conversation_id"),
            "reply_to": correlation.get("reply_to"),
            "broadcast": to == [BROADCAST],
        }
        return message | {"metadata": drop_sections(document.get("context"), SECTIONS)}

    def convert_from_message(self, message: Document, /) -> Document:
        correlation = {"conversation_id": message.get("correlation_id"), "reply_to": message.get("reply_to")}
        document = {
            "id": message.get("message_id"),
            "ts": message.get("timestamp"),
            "type": convert_message_type(message.get("message_type")),
            "sender": message.get("from_name"),
            "to": list_recipient_names(message.get("to_agent")),
            "payload": decode_message_data(message.get("content") or ""),
            "context": drop_sections(message.get("metadata"), SECTIONS),
            "correlation": {name: value for name, value in correlation.items() if value is not None},
        }
        return {name: value for name, value in document.items() if value not in (None, [], {})}

    def insert_slot(self, document: Document, slot: Any, /) -> Document:
        return {**document, AGORA_KEY: slot}

    def extract_slot(self, document: Document, /) -> tuple[Any, Document]:
        return document.get(AGORA_KEY), {name: value for name, value in document.items() if name != AGORA_KEY}
