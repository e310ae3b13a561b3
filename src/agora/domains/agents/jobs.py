"""Heartbeats: store the last activity of agents, and mark agents offline that are silent for too long."""

from __future__ import annotations

from collections.abc import Sequence

from agora.clock import SECOND
from agora.core.call import Call, encode_json
from agora.core.jobs import Controller, JobContext, split_batches

from . import presence_queries as presence
from .supervision import set_agent_status

__all__ = ["HeartbeatController"]

CHECKS_PER_SILENCE_LIMIT = 10  # checks for silent agents within the silence limit of one agent

ActivityTimes = Sequence[tuple[str, int]]


class HeartbeatController(Controller):
    """Writes the activity the dispatcher recorded, then marks silent agents offline.

    No agent is marked in the first ``offline_after`` seconds after a start or the end of a halt, because agents could
    not send heartbeats before.
    """

    name = "heartbeats"
    interval = 5.0
    batch = 500  # agents written in one transaction

    def __init__(self, context: JobContext) -> None:
        super().__init__(context)
        self._ignore_until: dict[str, int] = {}
        self._checked_at = 0

    async def step(self) -> None:
        await self.flush_heartbeats()
        now, period = (
            self.context.clock.now(),
            int(self.context.server.settings.offline_after * SECOND / CHECKS_PER_SILENCE_LIMIT),
        )
        # Negative after the clock was set back: then check now, not when it has caught up.
        if not 0 <= now - self._checked_at < period:
            await self.run_for_each_tenant(self.reconcile)
            self._checked_at = now

    async def shut_down(self) -> None:
        # What this server has seen is in its memory only: agents would look silent to the next one.
        await self.flush_heartbeats()

    # -- activity --------------------------------------------------------------------------------

    async def flush_heartbeats(self) -> None:
        """Write the recorded activity; entries that cannot be written are kept for the next flush."""
        last_seen = self.context.server.last_seen
        by_tenant: dict[str, list[tuple[str, int]]] = {}
        for (tenant, agent_id), at in last_seen.items():
            by_tenant.setdefault(tenant, []).append((agent_id, at))
        for tenant, entries in by_tenant.items():
            # Sorted by id, in which order all writers lock agents.
            for batch in split_batches(sorted(entries), self.batch):
                await self._write_activity_and_revive_offline(tenant, batch)
                for agent_id, at in batch:
                    # A newer time was recorded during the write: it stays for the next flush.
                    if last_seen.get((tenant, agent_id)) == at:
                        del last_seen[tenant, agent_id]

    async def _write_activity_and_revive_offline(self, tenant: str, batch: ActivityTimes) -> None:
        """Write a batch, and mark offline agents in it as active.

        Activity that is not newer than the stored one is ignored: it includes the call by which the agent went offline.
        """
        times = dict(batch)

        async def store_last_seen(call: Call) -> None:
            for row in await call.tx.all(presence.lock_offline_agents, ids=encode_json(list(times))):
                if times[row.agent_id] > row.last_activity:
                    await set_agent_status(call, row, "active")
            await call.tx.execute(presence.update_last_activity, seen=encode_json(batch))

        await self.write_as_system(tenant, store_last_seen)

    # -- silence ---------------------------------------------------------------------------------

    async def reconcile(self, tenant: str) -> None:
        """Mark the silent agents of a tenant offline, except during and shortly after a halt."""
        context = self.context
        now, timeout = context.clock.now(), int(context.server.settings.offline_after * SECOND)
        if context.overrides.is_halted(tenant):
            self._ignore_until[tenant] = now
        if now - self._ignore_until.get(tenant, context.server.started_at) < timeout:
            return
        while not self.is_stopping:
            silent = await self.read(tenant, presence.select_silent_agents, before=now - timeout, limit=self.batch)
            marked = await self._mark_offline(tenant, silent, now - timeout) if silent else 0
            # None marked of a full batch: all were seen by this server, and reading the same ones again would loop.
            if len(silent) < self.batch or not marked:
                return

    async def _mark_offline(self, tenant: str, ids: Sequence[str], before: int) -> int:
        """Mark agents offline that are still silent under lock; return their number."""
        last_seen = self.context.server.last_seen

        async def store_offline(call: Call) -> int:
            rows = await call.tx.all(presence.lock_silent_agents, ids=encode_json(ids), before=before)
            # Seen by this server since its last flush.
            silent = [row for row in rows if (tenant, row.agent_id) not in last_seen]
            for row in silent:
                await set_agent_status(call, row, "offline")
            return len(silent)

        return await self.write_as_system(tenant, store_offline)
