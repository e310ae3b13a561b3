"""Supervision: changes of an agent's status by operators, by the server, and by its work.

An agent at its limit of concurrent tasks is ``busy`` instead of ``active``: the count of its tasks sets that
(``tasks/queries.py``), and :func:`set_agent_status` when an agent is resumed. Consecutive failed attempts put it
into ``error``, and the next completed task ends that state.
"""

from __future__ import annotations

from typing import Protocol

from agora.core import override_queries as overrides
from agora.core.call import Call
from agora.core.records import OverrideRow
from agora_sdk.contract.fields import OverrideAction, Visibility

from . import presence_queries as presence
from . import queries as agents
from .records import AgentPresence, AgentRow
from .signals import HALT_ENDED

__all__ = [
    "MAX_CONSECUTIVE_FAILURES",
    "SYSTEM_WIDE",
    "choose_agent_event_audience",
    "publish_halt_end_if_last",
    "record_agent_failure",
    "record_agent_success",
    "resume_agent_if_unheld",
    "set_agent_status",
]

SYSTEM_WIDE = "system_wide"
MAX_CONSECUTIVE_FAILURES = 3  #: consecutive failed attempts after which an agent is put into the state error


class AgentVisibility(Protocol):
    """An agent's row or profile."""

    @property
    def agent_id(self) -> str: ...
    @property
    def visibility(self) -> str: ...


async def set_agent_status(call: Call, row: AgentRow | AgentPresence, status: str) -> str:
    """Set an agent's status, emit the event, and return the status: ``busy`` for ``active`` if its tasks imply it.

    ``last_activity`` is unchanged, because this is not an activity of the agent.
    """
    agent_id, previous_status = row.agent_id, row.status
    # An agent that is resumed may still hold its tasks.
    if status == "active" and row.active_tasks >= row.max_concurrent_tasks:
        status = "busy"
    if status == previous_status:
        return status
    await call.tx.execute(presence.update_presence_state, agent_id=agent_id, status=status, now=call.now)
    data = {"agent_id": agent_id, "agent_name": row.agent_name, "from": previous_status, "to": status}
    call.emit("agora.agent.status_changed", data, subject=agent_id, audience=choose_agent_event_audience(row))
    return status


async def record_agent_failure(call: Call, agent_id: str) -> None:
    """Count a failed attempt of an agent; put it into ``error`` after ``MAX_CONSECUTIVE_FAILURES``."""
    row = await call.tx.one(agents.lock_agent, ref=agent_id)
    if row is None or row.retired_at is not None:  # None: the holder was a key
        return
    failures = row.consecutive_failures + 1
    await call.tx.execute(presence.update_consecutive_failures, agent_id=agent_id, failures=failures)
    if failures >= MAX_CONSECUTIVE_FAILURES and row.status in ("active", "busy"):
        await set_agent_status(call, row, "error")


async def record_agent_success(call: Call, agent_id: str) -> None:
    """Reset the failure count of an agent that has completed a task, and end its state ``error``."""
    if (
        await call.tx.one(presence.select_consecutive_failures, agent_id=agent_id) is None
    ):  # the usual case takes no lock
        return
    row = await call.tx.one(agents.lock_agent, ref=agent_id)
    if row is None:
        return
    await call.tx.execute(presence.update_consecutive_failures, agent_id=agent_id, failures=0)
    if row.status == "error":
        await set_agent_status(call, row, "active")


async def resume_agent_if_unheld(call: Call, agent_id: str) -> bool:
    """Resume a paused agent if no override applies to it any more; return whether it was resumed."""
    row = await call.tx.one(agents.lock_agent, ref=agent_id)
    if row is None or row.status != "paused":
        return False
    # Another override, perhaps of a higher authority, may still hold it.
    if await call.tx.all(overrides.select_overrides_of_target, target_id=agent_id, now=call.now):
        return False
    await set_agent_status(call, row, "active")
    return True


async def publish_halt_end_if_last(call: Call, row: OverrideRow) -> None:
    """Publish ``HALT_ENDED`` if the ended override was the last halt of the marketplace, so that leases are extended."""
    if row.target_id != SYSTEM_WIDE or row.action != OverrideAction.EMERGENCY_HALT:
        return
    active_overrides = await call.tx.all(overrides.select_overrides_of_target, target_id=SYSTEM_WIDE, now=call.now)
    if not any(other.action == OverrideAction.EMERGENCY_HALT for other in active_overrides):
        await call.publish(HALT_ENDED, row.created_at)


def choose_agent_event_audience(agent: AgentVisibility) -> tuple[str, ...] | None:
    """Choose the audience of an event about an agent: None for everyone; only the agent itself if it is private."""
    return (agent.agent_id,) if agent.visibility == Visibility.PRIVATE else None
