"""An entry of the agent bus: ``{"message_id", "timestamp", "sender", "target", "type", "priority", "content", "correlation_id"}``."""

from __future__ import annotations

from typing import Any

from .lossless import Document
from .stored import BROADCAST, build_blank_message, decode_message_data, render_data_as_text

__all__ = ["ENTRY_TYPES", "BusView"]

EXTENSIONS_KEY = "extensions"

ENTRY_TYPES = ("task_assignment", "task_completion", "state_update", "error_report", "assistance_request")
ENTRY_TYPE_BY_TYPE = {
    "task": "task_assignment",
    "assign": "task_assignment",
    "done": "task_completion",
    "failure": "error_report",
    "deploy_failure": "error_report",
    "alert": "error_report",
    "request": "assistance_request",
    "discover": "assistance_request",
}
BUS_PRIORITY_BY_PRIORITY = {"low": "low", "normal": "medium", "high": "high", "urgent": "high"}
PRIORITY_BY_BUS_PRIORITY = {"low": "low", "medium": "normal", "high": "high"}


class BusView:
    """Content is an object: text is ``{"text": ...}``. The bus's medium priority is the marketplace's normal."""

    name = "bus"

    def convert_to_message(self, document: Document, /) -> Document:
        target = document.get("target")
        return build_blank_message() | {
            "message_id": document.get("message_id"),
            "from_agent": document.get("sender"),
            "from_name": document.get("sender"),
            "to_agent": target if target is not None else "",
            "content": render_data_as_text(document.get("content") or {}),
            "message_type": document.get("type"),
            "priority": PRIORITY_BY_BUS_PRIORITY.get(document.get("priority") or "medium", "normal"),
            "timestamp": document.get("timestamp"),
            "correlation_id": document.get("correlation_id"),
            "broadcast": target == BROADCAST,
        }

    def convert_from_message(self, message: Document, /) -> Document:
        kind = message.get("message_type")
        document = {
            "message_id": message.get("message_id"),
            "timestamp": message.get("timestamp"),
            "sender": message.get("from_name"),
            "target": message.get("to_agent") or None,
            "type": kind if kind in ENTRY_TYPES else ENTRY_TYPE_BY_TYPE.get(kind or "", "state_update"),
            "priority": BUS_PRIORITY_BY_PRIORITY.get(message.get("priority") or "normal", "medium"),
            "content": decode_message_data(message.get("content") or ""),
            "correlation_id": message.get("correlation_id"),
        }
        return {name: value for name, value in document.items() if value is not None}

    def insert_slot(self, document: Document, slot: Any, /) -> Document:
        return {**document, EXTENSIONS_KEY: slot}

    def extract_slot(self, document: Document, /) -> tuple[Any, Document]:
        return document.get(EXTENSIONS_KEY), {name: value for name, value in document.items() if name != EXTENSIONS_KEY}
