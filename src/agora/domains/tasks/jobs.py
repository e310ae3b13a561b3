"""Tasks: leases that ran out, pauses that are over, deadlines that passed."""

from __future__ import annotations

import asyncio
from functools import partial

from agora.core.jobs import DueController

from . import queries as tasks
from .deadlines import look_after

__all__ = ["Tasks"]

BATCH = 200


class Tasks(DueController):
    """Looks after each task that is due; while the marketplace is halted none is."""

    name = "tasks"
    interval = 0.5
    next_due = tasks.next_due

    async def tend(self, tenant: str) -> None:
        house = self.house
        while not self.stopping and not house.gate.frozen(tenant):
            rows = await self.read(tenant, tasks.due, now=house.clock.now(), limit=BATCH)
            looks = [self.act(tenant, partial(look_after, task_id=row["task_id"])) for row in rows]
            house.dispatcher.measures.lease_expiries += sum(await asyncio.gather(*looks))
            if len(rows) < BATCH:
                return
