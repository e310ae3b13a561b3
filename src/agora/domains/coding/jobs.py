"""The background job of codebases: others stand in for a worker that is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from agora.clock import SECOND
from agora.core.jobs import Controller
from agora.store.port import StoredEvent

from . import queries as statements
from .capabilities import ONLINE_SECONDS
from .stand_ins import appoint_stand_ins, dismiss_stand_ins

__all__ = ["StandIns"]

BATCH = 200


class StandIns(Controller):
    """Looks for codebases whose worker is gone, and for those whose worker is back."""

    name = "stand_ins"
    interval = 15.0

    async def _wait_for_next_step(self, stop: asyncio.Event) -> bool:
        return await self._wait_for_wakeup(stop, self.interval)

    def committed(self, events: Sequence[StoredEvent]) -> None:
        """A worker has left: its jobs need not wait."""
        if any(stored.event.type == "agora.worker.unregistered" for stored in events):
            self._wakeup.set()

    async def reconcile(self, tenant: str) -> None:
        after = ""
        while not self.is_stopping:
            seen_since = self.context.clock.now() - ONLINE_SECONDS * SECOND
            rows = await self.read(
                tenant, statements.codebases_without_worker, after=after, seen_since=seen_since, limit=BATCH
            )
            for row in rows:
                await self.run_as_system(tenant, partial(appoint_stand_ins, codebase_id=row.codebase_id))
            if len(rows) < BATCH:
                break
            after = rows[-1].codebase_id
        rows = await self.read(tenant, statements.codebases_with_stand_ins, seen_since=seen_since, limit=BATCH)
        for row in rows:
            await self.run_as_system(tenant, partial(dismiss_stand_ins, codebase_id=row.codebase_id))
