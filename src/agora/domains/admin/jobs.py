"""The controller of overrides: lifts expired overrides, also while the marketplace is halted."""

from __future__ import annotations

from dataclasses import fields

from agora.core import override_queries as overrides
from agora.core.call import Call
from agora.core.jobs import DueController
from agora.core.overrides import Override
from agora.domains.agents.supervision import publish_halt_end_if_last, resume_agent_if_unheld

from . import retention_queries as statements

__all__ = ["OverrideController"]

OVERRIDE_FIELDS = tuple(
    field.name for field in fields(Override) if field.name != "created_at"
)  # the fields of other override events
SYSTEM_ACTOR = "system"


class OverrideController(DueController):
    """Records the expiry of overrides and resumes the agent. The checks of calls ignore expired overrides anyway."""

    name = "overrides"
    interval = 1.0
    next_due = statements.select_next_override_end

    async def reconcile(self, tenant: str) -> None:
        now = self.context.clock.now()
        while not self.is_stopping and await self.read(tenant, statements.select_overdue_override, now=now):
            # None was left to lift: another server was faster, and reading again at once would loop.
            if not await self.write_as_system(tenant, self._lift_expired_overrides):
                return

    async def _lift_expired_overrides(self, call: Call) -> int:
        """Lift a batch of expired overrides; return their number."""
        lifted = 0
        for row in await call.tx.all(overrides.select_expired_overrides, now=call.now):
            change = {"override_id": row.override_id, "status": "expired", "now": call.now, "by": SYSTEM_ACTOR}
            # Another server has lifted it since it was read: its event is emitted once.
            if not await call.tx.execute(overrides.end_override, **change):
                continue
            lifted += 1
            data = {name: getattr(row, name) for name in OVERRIDE_FIELDS} | {"status": "expired"}
            call.emit("agora.override.expired", data, subject=row.target_id)
            await publish_halt_end_if_last(call, row)
            await resume_agent_if_unheld(call, row.target_id)
        return lifted
