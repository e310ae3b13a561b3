"""Approvals: whether a person has approved a tool call, according to the messages of its task.

The agent asks by a message with ``{"approval": {"call_id", "tool", "arguments"}}``, and the task waits for input. A
person answers; an agent's answer does not count, because it may be another model that follows injected instructions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from agora.core.call import Call, decode_json
from agora.domains.agents.references import looks_like_id

from . import queries as statements

__all__ = ["Decision", "read_approval_decision"]

Decision = Literal["approved", "rejected", "open"]
APPROVING_ANSWERS = frozenset({"approve", "approved", "yes", "y", "ok"})


async def read_approval_decision(
    call: Call, task_id: str, call_id: str, tool: str, arguments: Mapping[str, Any]
) -> Decision:
    """Find the decision of the first person who answered after the latest question about exactly this call."""
    decision: Decision = "open"
    is_asked = False
    for row in await call.tx.all(statements.select_task_messages, task_id=task_id):
        message = decode_json(row.data) if row.data else {}
        parts = [part for part in message.get("parts", ()) if isinstance(part, dict)]
        if message.get("role") == "ROLE_AGENT":
            question = {"call_id": call_id, "tool": tool, "arguments": dict(arguments)}
            questions = [part["data"].get("approval") for part in parts if isinstance(part.get("data"), dict)]
            if any(isinstance(each, dict) for each in questions):
                # The latest question counts: a new one, with other arguments, must not inherit the answer to an earlier one.
                is_asked, decision = question in questions, "open"
        # The first answer counts: what is written later is a message about the running work.
        elif is_asked and decision == "open" and not looks_like_id(row.actor):
            decision = "approved" if _is_approval(parts) else "rejected"
    return decision


def _is_approval(parts: list[dict[str, Any]]) -> bool:
    for part in parts:
        data = part.get("data")
        if isinstance(data, dict) and "decision" in data:
            return bool(data["decision"] == "approve")
    text = " ".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    return text.strip().lower().rstrip(".!") in APPROVING_ANSWERS
