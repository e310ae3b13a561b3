"""Local dispatch: start a task for a built-in agent in the transaction that creates it.

It needs no claim: its lease is inserted with its row, and the agent receives it after the commit. If the server dies in
between, or the agent does not start it, the lease expires like any other.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from agora.clock import SECOND
from agora.core.call import Call
from agora.core.ports import Port
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.contract.tasks import ClaimedTask

from . import queries as tasks
from . import queues, views
from .access import lock_task
from .draft import TaskDraft, append_start_entry, emit_task_event, list_parties
from .records import TaskData
from .transitions import requeue_or_end_failed_attempt, requeue_task

__all__ = [
    "LOCAL_AGENTS",
    "LocalAgents",
    "queue_started_local_task",
    "requeue_orphaned_tasks",
    "start_if_local_slot_free",
]


class LocalAgents(Protocol):
    """Agents that run in this process. Neither method does I/O."""

    def find_lease_seconds_if_slot_free(self, tenant: str, agent_id: str, /) -> int | None:
        """Return the lease in seconds if the agent runs here and has a free slot, else None."""

    def start_task_after_commit(self, tenant: str, agent_id: str, task: ClaimedTask, /) -> None:
        """Queue a leased task for an agent; it starts after the transaction commits."""


#: agents in the server's own process, if any
LOCAL_AGENTS: Port[LocalAgents] = Port("agents in this process")


def start_if_local_slot_free(draft: TaskDraft) -> bool:
    """Start a waiting task before its row is inserted, if its agent has a free slot here. Return whether it started.

    The log and the events are those of a claim.
    """
    local_agents, agent_id = draft.call.context.ports.find(LOCAL_AGENTS), draft.row.assigned_agent
    if local_agents is None or agent_id is None or not draft.row.waiting:
        return False
    # A worker's lane has the agent as assignee too, but the worker is another process.
    if queues.parse_queue_address(draft.row.queue) != f"agent:{agent_id}":
        return False
    seconds = local_agents.find_lease_seconds_if_slot_free(draft.call.caller.tenant, agent_id)
    if seconds is None:
        return False
    now, number = draft.call.now, draft.row.entries + 1
    draft.set_columns(
        status=TaskStatus.IN_PROGRESS.value,
        waiting=0,
        holder=agent_id,
        fence=1,
        attempts=1,
        lease_seconds=seconds,
        lease_until=now + seconds * SECOND,
        started_at=now,
        entries=number,
        status_entry=number,
    )
    append_start_entry(draft.call, draft.row, agent_id, {"attempt": 1})
    return True


def queue_started_local_task(draft: TaskDraft, data: TaskData) -> None:
    """Emit ``agora.task.started``, and queue the task for its agent after the commit."""
    call, agent_id = draft.call, draft.row.holder
    assert agent_id is not None  # set by start_if_local_slot_free
    data_of_start = {"attempt": 1, "worker": None}
    emit_task_event(
        call, draft.row, "started", data_of_start, list_parties(draft.row), source=f"/agora/agents/{agent_id}"
    )
    call.context.ports.get(LOCAL_AGENTS).start_task_after_commit(
        call.caller.tenant, agent_id, views.build_claimed_task(draft.row, data)
    )


async def requeue_orphaned_tasks(call: Call, agent_id: str, running: Collection[str]) -> None:
    """Requeue the local agent's tasks whose leases a crashed server left behind. The attempt counts.

    running: ids of the tasks that this process is working on.
    """
    for row in await call.tx.all(tasks.select_held_tasks, agent_id=agent_id):
        # Tasks that this process has begun since its start are not left behind by the crash.
        if row in running:
            continue
        draft = await lock_task(call, row)
        # A task claimed through a worker is held by another process of this agent, which may still be at it.
        if draft.row.status != TaskStatus.IN_PROGRESS or draft.row.lease_until is None or draft.row.worker is not None:
            continue
        reason = "The server ended while it was worked on."
        if draft.row.attempts < draft.row.max_attempts:
            await requeue_task(draft, reason)
        else:
            await requeue_or_end_failed_attempt(draft, reason, retry=False, lost=True)
