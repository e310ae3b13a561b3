"""Cleanup of relays: marks relays of crashed servers as unknown, and deletes old ones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from agora.clock import SECOND

from . import relay_queries as relays
from .call import Call
from .jobs import DueController

__all__ = ["RelaySettler"]

MAX_BATCH = 500


class RelaySettler(DueController):
    """Settles relays past their deadline. A running server settles its own earlier, so these were left by a crash."""

    name = "relays"
    interval = 2.0
    idle_interval = 5.0  # a relay begins without an event
    next_due = relays.select_next_due_time

    @property
    def due_parameters(self) -> Mapping[str, Any]:
        return {"retention": self._retention_microseconds}

    @property
    def _retention_microseconds(self) -> int:
        return self.context.server.settings.event_retention * SECOND

    async def reconcile(self, tenant: str) -> None:
        # In batches of one transaction each: after a long outage, one over all rows would hold up the callers' writes.
        while (
            not self.is_stopping and await self.write_as_system(tenant, self._mark_overdue_relays_unknown) == MAX_BATCH
        ):
            pass
        before = self.context.clock.now() - self._retention_microseconds
        while not self.is_stopping and await self.read(tenant, relays.select_relay_past_retention, before=before):
            await self.write_as_system(tenant, partial(_delete_old_relays, before=before))

    async def _mark_overdue_relays_unknown(self, call: Call) -> int:
        """Mark a batch as unknown and return their number."""
        rows = await call.tx.all(relays.select_overdue_relays, now=call.now, limit=MAX_BATCH)
        for row in rows:
            error = "The server ended before it knew the outcome."
            await call.tx.execute(
                relays.settle_relay, relay_id=row.relay_id, status="unknown", now=call.now, error=error
            )
            data = {name: getattr(row, name) for name in ("relay_id", "operation", "subject", "target")}
            # The caller may have left long ago: the event is how its owner learns that the outcome has to be checked.
            call.emit("agora.relay.unknown", data, subject=row.relay_id, audience=(row.subject,))
        return len(rows)


async def _delete_old_relays(call: Call, *, before: int) -> None:
    await call.tx.execute(relays.delete_old_relays, before=before, limit=MAX_BATCH)
