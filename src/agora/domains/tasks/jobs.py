"""The background job of tasks: handle expired leases, elapsed retry delays and passed deadlines."""

from __future__ import annotations

import asyncio
from functools import partial

from agora.core.jobs import DueController

from . import queries as tasks
from .deadlines import apply_due_timer

__all__ = ["TaskDeadlineController"]

# Tasks per read; the loop reads on while batches are full, so it only bounds memory and one group commit.
MAX_BATCH = 200


class TaskDeadlineController(DueController):
    """Poller of tasks with a due timer. Idle while the marketplace is halted: a halt stops all timers."""

    name = "tasks"
    interval = 0.5
    next_due = tasks.select_next_due_time

    async def reconcile(self, tenant: str) -> None:
        context = self.context
        while not self.is_stopping and not context.overrides.is_halted(tenant):
            rows = await self.read(tenant, tasks.select_due_tasks, now=context.clock.now(), limit=MAX_BATCH)
            # A transaction for each task: one that fails rolls back only its own. The store commits them together (ADR
            # 23).
            looks = [self.write_as_system(tenant, partial(apply_due_timer, task_id=task_id)) for task_id in rows]
            context.dispatcher.measures.lease_expiries += sum(await asyncio.gather(*looks))
            if len(rows) < MAX_BATCH:
                # Fewer rows than asked for: nothing more is due. A task that failed to be handled is tried again at the next interval.
                return
