"""Tasks: leases that ran out, pauses that are over, deadlines that passed."""

from __future__ import annotations

import asyncio
from functools import partial

from agora.core.jobs import DueController

from . import queries as tasks
from .deadlines import handle_due_task

__all__ = ["TaskDeadlines"]

BATCH = 200


class TaskDeadlines(DueController):
    """Looks after each task that is due; while the marketplace is halted none is."""

    name = "tasks"
    interval = 0.5
    next_due = tasks.next_due

    async def tend(self, tenant: str) -> None:
        house = self.house
        while not self.stopping and not house.gate.frozen(tenant):
            rows = await self.read(tenant, tasks.due_tasks, now=house.clock.now(), limit=BATCH)
            looks = [self.act(tenant, partial(handle_due_task, task_id=row["task_id"])) for row in rows]
            house.dispatcher.measures.lease_expiries += sum(await asyncio.gather(*looks))
            if len(rows) < BATCH:
                return
