"""Bus maintenance: takes back stale entries, checks response deadlines, trims streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from agora.clock import SECOND
from agora.core.call import Call
from agora.core.jobs import DueController, JobContext
from agora.domains.agents import queries as agents
from agora.store.port import Reader

from . import queries as statements
from .engines import groups
from .engines.port import RedeliveryPolicy
from .records import GroupKey, SilentConsumer

__all__ = ["BusReconciler"]

MAX_BATCH = 100
PAGE_SIZE = 500
TRIM_INTERVAL_SECONDS = 60.0  # seconds between trims


class BusReconciler(DueController):
    """Maintains the streams in the store; inactive while the marketplace is halted.

    The bridge's groups are excluded, because unsent entries must not become dead letters.
    """

    name = "bus"
    interval = 1.0
    idle_interval = 5.0  # deliveries cause no event
    next_due = statements.select_next_due_time

    def __init__(self, context: JobContext) -> None:
        super().__init__(context)
        self._last_trim = 0

    async def step(self) -> None:
        await super().step()
        now = self.context.clock.now()
        # Negative after the clock was set back: then trim now, not when it has caught up.
        if not 0 <= now - self._last_trim < TRIM_INTERVAL_SECONDS * SECOND:
            self._last_trim = now
            await self.run_for_each_tenant(self._trim_and_clear_streams)

    @property
    def due_parameters(self) -> Mapping[str, Any]:
        settings = self.context.server.settings
        return {"stale": int(settings.bus_stale * SECOND), "silent": int(settings.bus_silent * SECOND)}

    async def reconcile(self, tenant: str) -> None:
        if self.context.overrides.is_halted(tenant):
            return
        now, settings = self.context.clock.now(), self.context.server.settings
        terms = RedeliveryPolicy(settings.bus_stale, settings.bus_silent, settings.bus_deliveries)
        before = now - int(terms.stale_seconds * SECOND)
        for row in await self.read(tenant, statements.select_groups_with_stale_entries, before=before, limit=PAGE_SIZE):
            if not self.is_stopping:
                await self.write_as_system(tenant, partial(_release_stale_entries_and_notify, row=row, policy=terms))
        # After the release: a silent consumer whose entries were just taken back is dropped in the same pass.
        await self._delete_silent_consumers(tenant, now - int(terms.silent_seconds * SECOND))
        await self._settle_due_responses(tenant, now)

    async def _delete_silent_consumers(self, tenant: str, before: int) -> None:
        """Delete silent consumers without pending entries."""
        rows = await self.read(tenant, statements.select_silent_consumers, before=before, limit=PAGE_SIZE)
        if idle := [row for row in rows if not row.pending]:
            await self.write_as_system(tenant, partial(_delete_consumers, rows=idle, before=before))

    async def _settle_due_responses(self, tenant: str, now: int) -> None:
        for row in await self.read(tenant, statements.select_due_responses, now=now, limit=PAGE_SIZE):
            from . import responses

            key = {"ref": row.ref, "recipient": row.recipient}
            (evidence,) = await self.read(
                tenant, statements.select_response_evidence, **key, correlation_id=row.correlation_id or row.ref
            )
            await self.write_as_system(
                tenant,
                partial(responses.settle_response_deadline, row=row, late=responses.is_response_missed(row, evidence)),
            )

    # -- trimming --------------------------------------------------------------------------------

    async def _trim_and_clear_streams(self, tenant: str) -> None:
        if self.context.overrides.is_halted(tenant):
            return
        length = self.context.server.settings.bus_length
        for stream in await self.read(tenant, statements.select_streams_of_retired_agents, limit=PAGE_SIZE):
            await self.write_as_system(tenant, partial(_delete_stream, stream=stream))
        after = ""
        while not self.is_stopping:
            streams = await self.read(tenant, statements.list_streams, after=after, limit=PAGE_SIZE)
            for stream in streams:
                await self._trim_stream(tenant, stream, length)
            if len(streams) < PAGE_SIZE:
                return
            after = streams[-1]

    async def _trim_stream(self, tenant: str, stream: str, length: int) -> None:
        """Trim a stream. Agents' entries only refer to stored messages; other streams hold the data itself."""
        # Nothing of an acknowledged reference has to be kept.
        max_length = 0 if stream.startswith("agent_") else length
        while not self.is_stopping and await self.context.store.read(
            tenant, partial(_has_trimmable_entries, stream=stream, length=max_length)
        ):
            if not await self.write_as_system(tenant, partial(_trim_entries, stream=stream, length=max_length)):
                return


async def _release_stale_entries_and_notify(call: Call, *, row: GroupKey, policy: RedeliveryPolicy) -> None:
    """Take back a group's stale entries, and notify the agent."""
    from .agent_streams import build_stream_owner_from_agent, store_and_announce_dead_letters

    stream, group = row.stream, row.group_name
    entries = await groups.release_stale_entries(call.tx, stream, group, policy, call.now, MAX_BATCH)
    agent = await call.tx.one(agents.select_agent_by_id, ref=stream)
    if agent is None:
        return
    await store_and_announce_dead_letters(call, build_stream_owner_from_agent(call, agent), group, entries.dead)
    if entries.live:
        data = {
            "agent_id": stream,
            "refs": [each.ref for each in entries.live],
            "consumers": sorted({each.consumer for each in entries.live}),
        }
        call.emit("agora.bus.reclaimed", data, subject=stream, audience=(stream,))


async def _delete_consumers(call: Call, *, rows: Sequence[SilentConsumer], before: int) -> None:
    for row in rows:
        consumer_key = {"stream": row.stream, "group": row.group_name, "consumer": row.consumer}
        await call.tx.execute(statements.delete_consumer, **consumer_key, before=before)


async def _delete_stream(call: Call, *, stream: str) -> None:
    for clearing in statements.STREAM_DELETES:
        await call.tx.execute(clearing, stream=stream)


async def _has_trimmable_entries(reader: Reader, *, stream: str, length: int) -> bool:
    return bool(await groups.find_trimmable_numbers(reader, stream, length, 1))


async def _trim_entries(call: Call, *, stream: str, length: int) -> int:
    return await groups.trim_stream(call.tx, stream, length, PAGE_SIZE)
