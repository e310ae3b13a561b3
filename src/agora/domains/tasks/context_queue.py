"""Running contexts: the tasks that one requester has assigned to one agent in one context.

The agent's policy (``busy`` of its profile) determines whether a further task waits, replaces them or is rejected. A waiting
task depends on its predecessor by a row of ``task_dependencies``. Any end of the predecessor releases it, and so does a
question of the predecessor: until the answer, the context is not under way. Tasks of other requesters are never considered,
so guessing the name of a context interrupts nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from agora.core.call import Call, encode_json
from agora.domains.agents import queries as agents
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.errors import Conflict, field_error

from . import queries as tasks
from .draft import TaskDraft
from .lookup import build_context_filter
from .records import DEPENDENCIES, TaskDependency, TaskRow
from .views import get_task_context_id

__all__ = [
    "MAX_ACTIVE_TASKS",
    "insert_context_dependency",
    "join_context_queue",
    "lock_context_predecessors",
    "lock_tasks_under_way",
]

MAX_ACTIVE_TASKS = 100  #: most running tasks of a requester in one context of an agent
ACTIVE_STATUSES = frozenset({TaskStatus.PENDING.value, TaskStatus.IN_PROGRESS.value})


async def lock_tasks_under_way(call: Call, context_id: str, agent_id: str, requester: str) -> list[TaskRow]:
    """Lock and return the waiting and running tasks of a context, oldest first. Raises Conflict for too many."""
    # Before the rows are read: two first tasks of a context would otherwise each find it idle.
    await call.tx.one(tasks.lock_context, context_id=context_id, agent_id=agent_id)
    parties = {"agent_id": agent_id, "requester": requester}
    rows = [
        *await call.tx.all(
            tasks.select_active_tasks_of_context, context_id=context_id, limit=MAX_ACTIVE_TASKS, **parties
        )
    ]
    first_id = build_context_filter(context_id)["context_task"]  # the first task of a context without a name
    first = await call.tx.one(tasks.lock_task, task_id=first_id) if first_id else None
    if first is not None and (first.context_id, first.assigned_agent, first.created_by) == (None, agent_id, requester):
        rows = [first, *rows] if first.status in ACTIVE_STATUSES else rows
    if len(rows) >= MAX_ACTIVE_TASKS:
        raise Conflict(
            f"{len(rows)} of your tasks are unfinished in the context {context_id!r} already.",
            fix="Wait until some have ended, cancel some, or begin another context.",
            errors=[field_error("context_id", "too many unfinished tasks")],
        )
    return rows


async def join_context_queue(draft: TaskDraft) -> None:
    """Queue an answered task behind tasks started in its context meanwhile, if its agent's policy requires it."""
    row = draft.row
    agent = await draft.call.tx.one(agents.select_agent_by_id, ref=row.assigned_agent) if row.assigned_agent else None
    if agent is None or agent.busy != "enqueue":
        return
    rows = await lock_tasks_under_way(draft.call, get_task_context_id(row), agent.agent_id, row.created_by)
    other_rows = [other for other in rows if other.task_id != row.task_id]
    if other_rows:
        draft.set_columns(blocked=row.blocked + 1)
        # Behind the newest one only, which itself waits for the earlier ones: the queue is a chain.
        await insert_context_dependency(draft, other_rows[-1].task_id)


async def insert_context_dependency(draft: TaskDraft, predecessor: str) -> None:
    """Insert the dependency of a task on another one of its context, which is locked and counted in ``blocked``."""
    call = draft.call
    dependency = TaskDependency(
        tenant_id=call.caller.tenant, depends_on=predecessor, task_id=draft.task_id, in_context=1
    )
    call.tx.append(DEPENDENCIES, dependency)
    await call.tx.execute(
        tasks.build_task_row_update(frozenset({"has_dependants"})), task_id=predecessor, has_dependants=1
    )


async def lock_context_predecessors(call: Call, task_id: str) -> Sequence[str]:
    """Lock and return the ids of the unfinished tasks that a task waits for in its context."""
    ids = await call.tx.all(tasks.select_context_predecessors, task_id=task_id)
    rows = await call.tx.all(tasks.lock_tasks, ids=encode_json(sorted(ids))) if ids else ()
    return [row.task_id for row in rows if row.status in ACTIVE_STATUSES]
