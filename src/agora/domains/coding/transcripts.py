"""Formatting of session messages as text for another agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.core.call import decode_json

from .records import MessageRow

__all__ = ["format_messages_as_text"]

SPEAKERS = {"user": "User", "assistant": "Agent"}
MAX_PART_CHARACTERS = 4_000


def format_messages_as_text(rows: Sequence[MessageRow]) -> str:
    """Format messages as text, oldest first: texts verbatim, tool calls by title; without thoughts and notes."""
    return "\n\n".join(
        f"{SPEAKERS.get(row.role, row.role)}:\n{text}"
        for row in rows
        if (text := _format_parts_as_text(decode_json(row.parts)))
    )


def _format_parts_as_text(parts: Any) -> str:
    if not isinstance(parts, list):
        return parts[:MAX_PART_CHARACTERS] if isinstance(parts, str) else ""
    lines = []
    for part in parts:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" and isinstance(part.get("text"), str):
            lines.append(part["text"][:MAX_PART_CHARACTERS])
        elif kind == "tool":
            lines.append(f"[{part.get('kind')}] {str(part.get('title'))[:300]}")
    return "\n".join(lines)
