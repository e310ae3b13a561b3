"""Supervision: changes of an agent's state that it did not ask for itself."""

from __future__ import annotations

from typing import Any

from agora.core import override_queries as overrides
from agora.core.call import Call
from agora_sdk.contract.fields import OverrideAction, Visibility

from . import presence_queries as presence
from . import queries as agents
from .signals import HALT_ENDED

__all__ = ["SYSTEM_WIDE", "audience_of", "end_halt", "resume_agent", "set_agent_status"]

SYSTEM_WIDE = "system_wide"


async def set_agent_status(call: Call, row: Any, status: str) -> None:
    """Put an agent into another state, and say so in the log.

    row: its ``agent_id``, ``agent_name``, ``status`` and ``visibility`` as they are now. The time of its
    last activity stays: it is the agent's, not ours.
    """
    agent_id, before = row["agent_id"], row["status"]
    await call.tx.execute(presence.set_state, agent_id=agent_id, status=status, now=call.now)
    data = {"agent_id": agent_id, "agent_name": row["agent_name"], "from": before, "to": status}
    call.emit("agora.agent.status_changed", data, subject=agent_id, audience=audience_of(row))


async def resume_agent(call: Call, agent_id: str) -> bool:
    """Let a paused agent go on, if no override stands against it any more; tells whether it does."""
    row = await call.tx.one(agents.lock, ref=agent_id)
    if row is None or row["status"] != "paused":
        return False
    if await call.tx.all(overrides.standing, target_id=agent_id, now=call.now):
        return False
    await set_agent_status(call, row, "active")
    return True


async def end_halt(call: Call, row: Any) -> None:
    """An override has ended: if it was the last halt of the marketplace, leases get their time back."""
    if row["target_id"] != SYSTEM_WIDE or row["action"] != OverrideAction.EMERGENCY_HALT:
        return
    standing = await call.tx.all(overrides.standing, target_id=SYSTEM_WIDE, now=call.now)
    if not any(other["action"] == OverrideAction.EMERGENCY_HALT for other in standing):
        await call.publish(HALT_ENDED, row["created_at"])


def audience_of(row: Any) -> tuple[str, ...] | None:
    """Who sees an event about an agent: everyone, or, if it is private, itself alone."""
    return (row["agent_id"],) if row["visibility"] == Visibility.PRIVATE else None
