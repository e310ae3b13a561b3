"""Ending the unfinished tasks of an agent that leaves permanently without a successor."""

from __future__ import annotations

from agora.core.call import Call
from agora_sdk.contract.fields import TaskStatus

from . import queries as tasks
from . import states
from .access import lock_task
from .completion import end_task

CAPABILITY = "capability:"  #: prefix of an assignee that names a capability instead of an agent
__all__ = ["fail_tasks_of_agent"]


async def fail_tasks_of_agent(call: Call, agent_id: str, error: str, *, by_capability: bool = True) -> None:
    """End the tasks of an agent as failed. by_capability: include tasks not assigned to it by name, which others could do."""
    for task_id in await call.tx.all(tasks.select_open_tasks, agent_id=agent_id):
        draft = await lock_task(call, task_id)
        given_by_name = draft.row.assignee is not None and not draft.row.assignee.startswith(CAPABILITY)
        if draft.row.status not in states.TERMINAL and (by_capability or given_by_name):
            await end_task(draft, TaskStatus.FAILED, error=error)
