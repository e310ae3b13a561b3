"""Supervision: an agent's state as others than the agent set it."""

from __future__ import annotations

from typing import Any

from ..store.statements import agents
from .base import Call

__all__ = ["announce_status", "set_agent_status"]


async def set_agent_status(call: Call, row: Any, status: str) -> None:
    """Move an agent to a state and say so; ``row`` is the agent's row as it was."""
    await call.tx.execute(agents.set_status, agent_id=row["agent_id"], status=status, now=call.now)
    announce_status(call, row, status)


def announce_status(call: Call, row: Any, status: str) -> None:
    """Log the event of an agent's change of state; a private agent's is seen by itself alone."""
    data = {"agent_id": row["agent_id"], "agent_name": row["agent_name"], "from": row["status"], "to": status}
    audience = (row["agent_id"],) if row["visibility"] == "private" else None
    call.emit("agora.agent.status_changed", data, subject=row["agent_id"], audience=audience)
