"""The bridge to Redis: programs that only use Redis Streams take part in the marketplace.

The store is authoritative. A single Redis stream is inbound for all agents; each agent has an outbound stream. Outgoing
entries carry an origin mark, which prevents loops. While Redis is unavailable nothing is lost: outgoing messages stay
in the inboxes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from uuid import uuid4

from pydantic_core import from_json

from agora.clock import SECOND
from agora.core.call import Call, Caller, EventStreamSpec
from agora.core.events.filter import EventFilter, Viewer
from agora.core.jobs import Controller, JobContext
from agora.core.usage import DEFAULT_TENANT
from agora.domains.agents import queries as agents
from agora.domains.bus.engines.port import BRIDGE as BRIDGE_PORT
from agora.store.port import NewEvent
from agora_sdk.errors import AgoraError, NotFound

from . import queries as statements
from .agent_streams import BRIDGE_GROUP, build_stream_owner_from_agent, create_group_if_missing
from .bridge_inbound import Authenticate, Inbound, Refusal
from .bridge_outbound import Outbound
from .engines.port import DEAD_LETTER_SUFFIX, Bridge, BridgeBus
from .records import BridgeMember

__all__ = ["BusBridge"]

log = logging.getLogger(__name__)

PAGE_SIZE = 500
BLOCK_SECONDS = 5.0  # seconds a read waits for a first entry
MIN_LOOP_SECONDS = 0.05
#: seconds between checks of sent entries, and of the inbound group while nothing is pending in it
SENT_CHECK_SECONDS = 5.0
CHECKS_PER_DELIVERY = 6
SWEEP_SECONDS = 30.0  # seconds between checks of all agents, in case an event was missed
DURABILITY_CHECK_SECONDS = 300.0  # seconds between checks of Redis' durability settings
MAX_FOREIGN_CONSUMER_WARNINGS = 5  # warnings about foreign consumers in the marketplace's group
MAX_REFUSALS_PER_EVENT = 20  # refused entries listed in one event
RECEIVED, SENT, AVAILABLE = "agora.message.received", "agora.broadcast.sent", "agora.task.available"
JOINED, REPLAYED = "agora.bus.joined", "agora.dead_letter.replayed"
WAKING_EVENTS = EventFilter.from_request((RECEIVED, SENT, AVAILABLE, JOINED, REPLAYED))
SYSTEM = Viewer("system", sees_all=True)


class BusBridge(Controller):
    """Runs an inbound loop, an outbound loop for each tenant, and maintenance steps. Pauses while the marketplace is halted."""

    name = "bus_bridge"
    interval = 1.0

    def __init__(self, context: JobContext, bus: BridgeBus, authenticate: Authenticate) -> None:
        super().__init__(context)
        self.bus = bus
        publish = next(o for o in context.server.registry.operations if o.name == "agora.bus.publish")
        self.inbound = Inbound(context, bus, authenticate, publish, f"mcp-{uuid4().hex[:8]}")
        self.outbound = Outbound(self, bus)
        self.state = context.server.ports.provide(BRIDGE_PORT, Bridge(create_group=self._create_agent_group))
        self._members: set[tuple[str, str]] = set()
        self._positions: dict[str, tuple[int, int]] = {}  # by tenant: position in the log, epoch of the connection
        self._swept_at: dict[str, int] = {}
        self._followed_at = self._examined_at = self._epoch = 0
        self.ready = False
        self._pending = False  # whether inbound entries were delivered to any server and not acknowledged
        self._reconnect_event = asyncio.Event()  # replaced when set
        # Only the first unreported ones: while the store is unavailable, their number grows.
        self._refusals: list[Refusal] = []
        self._refusal_count = 0
        self.foreign_consumer_warnings: Sequence[str] = ()  # warnings about foreign consumers in the inbound group

    # -- lifecycle -------------------------------------------------------------------------------

    async def start_up(self) -> None:
        # Before the start, so that the first connection is not missed.
        self.bus.on_change = self._wake_on_connection_change
        try:
            await self.bus.start()
            await self._set_up_redis_if_connected()
        except BaseException:
            await self.bus.close()
            raise
        if not self.bus.connected:
            log.warning("Redis cannot be reached yet: %s", self.bus.error)

    async def run(self, stop: asyncio.Event) -> None:
        loops = [
            asyncio.create_task(self._repeat_despite_errors(stop, self.process_new_inbound_entries)),
            # Repeated: reading the tenants fails while the store is unavailable, and nothing else restarts the loops.
            asyncio.create_task(self._repeat_despite_errors(stop, partial(self._run_outbound_loops, stop))),
        ]
        try:
            await super().run(stop)
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await self.bus.close()

    async def _run_outbound_loops(self, stop: asyncio.Event) -> None:
        """Run one loop per tenant, so that tenants do not delay each other."""
        loops: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                tenants = {DEFAULT_TENANT, *await self.context.store.tenants()}
                for tenant in tenants - loops.keys():
                    loops[tenant] = asyncio.create_task(
                        self._repeat_despite_errors(stop, partial(self.send_or_wait_for_entries, tenant)),
                        name=f"{self.name}.{tenant}",
                    )
                for tenant in loops.keys() - tenants:  # deleted tenants
                    loop = loops.pop(tenant)
                    loop.cancel()
                    await asyncio.gather(loop, return_exceptions=True)
                    self._positions.pop(tenant, None)
                    self._swept_at.pop(tenant, None)
                await asyncio.sleep(SENT_CHECK_SECONDS)
        finally:
            for loop in loops.values():
                loop.cancel()
            await asyncio.gather(*loops.values(), return_exceptions=True)

    async def _repeat_despite_errors(self, stop: asyncio.Event, turn: Callable[[], Awaitable[None]]) -> None:
        """Call a coroutine function repeatedly; log its errors and continue after a pause."""
        while not stop.is_set():
            try:
                await turn()
            except AgoraError as error:
                log.warning("the bridge to Redis: %s", error)
                await asyncio.sleep(self.interval)
            except Exception:
                log.exception("the bridge to Redis failed")
                await asyncio.sleep(self.interval)

    # -- steps -----------------------------------------------------------------------------------

    async def step(self) -> None:
        await self._set_up_redis_if_connected()
        if not self.bus.connected or self.context.overrides.is_halted(DEFAULT_TENANT):
            return
        await self._report_refusals()
        now, settings = self.context.clock.now(), self.context.server.settings
        due = now - self._followed_at >= self._sent_check_interval * SECOND
        try:
            if due:
                await self._remove_foreign_consumers_and_warn()
            await self._recover_pending_entries(maintain_consumers=due)
        except NotFound:
            self.ready = False  # the stream was deleted: recreate its group
            return
        if due:
            self._followed_at = now
            await self.run_for_each_tenant(self.sync_acknowledgements)
            await self.bus.trim_stream(settings.bus_stream, settings.bus_length)
            await self.bus.trim_stream(settings.bus_stream + DEAD_LETTER_SUFFIX, settings.bus_length)

    async def _recover_pending_entries(self, *, maintain_consumers: bool) -> None:
        """Process entries that a server took but did not finish, if any. maintain_consumers: also maintain the consumers.

        A single command returns their number. Raises NotFound if the group does not exist.
        """
        settings = self.context.server.settings
        groups = await self.bus.list_groups(settings.bus_stream)
        group = next((each for each in groups if each.name == settings.bus_group), None)
        if group is None:
            raise NotFound("The inbound stream has no group.", fix="Create it by joining the stream.")
        self._pending, self.state.lag = bool(group.pending), group.lag
        if group.pending or self.inbound.has_buffered_entries or maintain_consumers:
            await self._enrol_publishers_and_collect_refusals(*await self.inbound.recover_pending_entries())

    async def _wait_for_next_step_or_stop(self, stop: asyncio.Event) -> bool:
        """Wait longer while nothing is pending; a change of the connection ends the wait."""
        if await super()._wait_for_next_step_or_stop(stop):
            return True
        active = (
            self._pending
            or self.inbound.has_buffered_entries
            or self._refusals
            or (self.state.connected and not self.ready)
        )
        return (
            False
            if active
            else await self._wait_for_wakeup_or_stop(stop, max(0, self._sent_check_interval - self.interval))
        )

    @property
    def _sent_check_interval(self) -> float:
        """Seconds until sent entries are checked again.

        While consumers hold entries, short enough that the last delivery of an entry ends before a further claim.
        """
        if not self.outbound.has_unacknowledged_entries:
            return SENT_CHECK_SECONDS
        return min(SENT_CHECK_SECONDS, self.context.server.settings.bus_stale / CHECKS_PER_DELIVERY)

    @property
    def seconds_until_next_step(self) -> float:
        return (
            min(super().seconds_until_next_step, self._sent_check_interval)
            if not self.failures
            else super().seconds_until_next_step
        )

    async def _remove_foreign_consumers_and_warn(self) -> None:
        """Remove other programs' consumers from the inbound group: entries that they read would be lost."""
        settings = self.context.server.settings
        names, outcome = await self.inbound.remove_foreign_consumers()
        await self._enrol_publishers_and_collect_refusals(*outcome)
        for name in names:
            text = (
                f"A program reads {settings.bus_stream} in the group {settings.bus_group} as {name[:100]!r}, which is the "
                "marketplace's own; its entries were taken back. Use a separate group, or the agent's stream."
            )
            if text not in self.foreign_consumer_warnings:
                log.warning("the bus: %s", text)
                self.foreign_consumer_warnings = [*self.foreign_consumer_warnings, text][
                    -MAX_FOREIGN_CONSUMER_WARNINGS:
                ]
        self.state.warnings = [*self.bus.warnings, *self.foreign_consumer_warnings]

    def _wake_on_connection_change(self) -> None:
        self._copy_connection_state()
        self._wakeup.set()

    def _copy_connection_state(self) -> None:
        self.state.connected, self.state.error = self.bus.connected, self.bus.error

    async def _set_up_redis_if_connected(self) -> None:
        """Check the connection and durability of Redis, and create the group when it is connected."""
        state, now = self.state, self.context.clock.now()
        self._copy_connection_state()
        if not state.connected:
            self.ready = False
            return
        if self.bus.epoch != self._epoch:  # new connection: possibly another server, or lost entries
            self._epoch, self.ready, self._examined_at = self.bus.epoch, False, 0
            self.outbound.forget_claimed_streams()
            self._reconnect_event.set()  # waiting readers restart
            self._reconnect_event = asyncio.Event()
        if now - self._examined_at >= DURABILITY_CHECK_SECONDS * SECOND:
            self._examined_at = now
            await self.bus.refresh_durability()
            state.durability = self.bus.durability
            for warning in self.bus.warnings:
                if warning not in state.warnings:
                    log.warning("the bus: %s", warning)
            state.warnings = [*self.bus.warnings, *self.foreign_consumer_warnings]
        if not self.ready:
            settings = self.context.server.settings
            await self.bus.create_group(settings.bus_stream, settings.bus_group)
            await self.inbound.import_dead_letters_from_redis()
            await self._remove_foreign_consumers_and_warn()  # announces this server's own consumer before it reads
            self.ready = True

    # -- inbound ---------------------------------------------------------------------------------

    async def process_new_inbound_entries(self, block: float = BLOCK_SECONDS) -> None:
        """Process new inbound entries."""
        if not self.ready or self.context.overrides.is_halted(DEFAULT_TENANT):
            await asyncio.sleep(min(block, self.interval))
            return
        try:
            await self._enrol_publishers_and_collect_refusals(*await self.inbound.process_new_entries(block))
        except NotFound:
            self.ready = False  # the stream was deleted
        if self.inbound.has_buffered_entries:
            await asyncio.sleep(MIN_LOOP_SECONDS)

    async def _enrol_publishers_and_collect_refusals(
        self, callers: Sequence[Caller], refused: Sequence[Refusal]
    ) -> None:
        """Collect refusals, and enrol agents that published by Redis for delivery by Redis."""
        # First: enrolling may fail.
        self._collect_refusals(refused, len(refused))
        for caller in callers:
            key = (caller.tenant, caller.subject)
            if caller.kind == "agent" and key not in self._members:
                await self.write_as_system(caller.tenant, partial(_enrol_agent_in_bridge, agent_id=caller.subject))
                self._members.add(key)

    def _collect_refusals(self, refused: Sequence[Refusal], count: int) -> None:
        self._refusals = [*self._refusals, *refused][:MAX_REFUSALS_PER_EVENT]
        self._refusal_count += count

    async def _report_refusals(self) -> None:
        """Report collected refusals, at most one event per step, so that invalid entries cannot flood the log."""
        refused, count = self._refusals, self._refusal_count
        if not count:
            return
        self._refusals, self._refusal_count = [], 0
        try:
            await self.write_as_system(DEFAULT_TENANT, partial(_emit_refusals, refused=refused, count=count))
        except BaseException:
            self._refusals, later = refused, self._refusals
            self._collect_refusals(later, count)
            raise
        log.warning("%d entries of the bus were refused, the first because: %s", count, refused[0].reason)

    # -- outbound --------------------------------------------------------------------------------

    async def send_or_wait_for_entries(self, tenant: str, wait: float = SWEEP_SECONDS) -> None:
        """Send waiting entries to a tenant's agents: to those with new events, and regularly to all."""
        if not self.ready or self.context.overrides.is_halted(tenant):
            await asyncio.sleep(min(wait, self.interval))
            return
        # The epoch is read before sending: a reconnection during it makes the next iteration check all agents.
        now, epoch, channel = self.context.clock.now(), self._epoch, await self.context.feed.load_channel(tenant)
        since, known_epoch = self._positions.pop(
            tenant, (0, 0)
        )  # removed first: if sending fails, the next iteration checks all agents
        # The head is read before the agents are checked: what arrives meanwhile is found in the next page.
        if known_epoch != epoch or now - self._swept_at[tenant] >= SWEEP_SECONDS * SECOND:
            position, agent_ids = channel.head, None
            self._swept_at[tenant] = now
        else:
            page = await channel.read(since, WAKING_EVENTS, SYSTEM)
            position, agent_ids = page.position, _find_concerned_agents_or_all(stored.event for stored in page.events)
        if agent_ids is None or agent_ids:
            await self.send_to_agents(tenant, agent_ids)
        elif wait:
            await self._wait_for_event_or_reconnection(tenant, wait, position)
        self._positions[tenant] = position, epoch

    async def _wait_for_event_or_reconnection(self, tenant: str, seconds: float, position: int) -> None:
        """Wait for an event that may concern an agent, or for a new connection to Redis."""
        occasion = EventStreamSpec(WAKING_EVENTS, SYSTEM, position)
        event = asyncio.ensure_future(self.context.feed.wait_for_event(tenant, occasion, seconds))
        reconnection = asyncio.ensure_future(self._reconnect_event.wait())
        try:
            await asyncio.wait((event, reconnection), return_when=asyncio.FIRST_COMPLETED)
            if event.done() and not event.result():
                await asyncio.sleep(MIN_LOOP_SECONDS)  # a draining feed returns immediately: prevent a busy loop
        finally:
            for wait in (event, reconnection):
                wait.cancel()
            await asyncio.gather(event, reconnection, return_exceptions=True)

    async def send_to_agents(self, tenant: str, agent_ids: set[str] | None) -> None:
        """Send to these agents, or to all if None, until no entries wait."""
        for agent in await self._read_bridge_members(tenant):
            if agent_ids is None or agent.agent_id in agent_ids:
                while await self.outbound.send_waiting_entries(tenant, agent):
                    pass

    async def _read_bridge_members(self, tenant: str) -> list[BridgeMember]:
        members: list[BridgeMember] = []
        after = ""
        while rows := await self.read(
            tenant, statements.list_bridge_members, group=BRIDGE_GROUP, after=after, limit=PAGE_SIZE
        ):
            members += rows
            after = rows[-1].agent_id
        return members

    async def _create_agent_group(self, tenant: str, agent_id: str) -> None:
        """Create the stream and group of a joining agent. Raises UpstreamUnavailable."""
        members = await self.read(tenant, statements.select_bridge_member, group=BRIDGE_GROUP, agent_id=agent_id)
        for agent in members:
            await self.outbound.create_group(tenant, agent)

    async def sync_acknowledgements(self, tenant: str) -> None:
        """Copy the acknowledgements of a tenant's agents from Redis."""
        for agent in await self._read_bridge_members(tenant):
            await self.outbound.sync_acknowledgements(tenant, agent)


def _find_concerned_agents_or_all(events: Iterable[NewEvent]) -> set[str] | None:
    """Find the ids of agents that these events may concern; None for all."""
    agent_ids: set[str] = set()
    for event in events:
        data = from_json(event.data)
        if event.type == RECEIVED:
            agent_ids.update(data["recipients"])
        elif event.type in (JOINED, REPLAYED) or (event.type == AVAILABLE and data["queue"] == "own"):
            agent_ids.add(data.get("agent_id") or data.get("assigned_agent") or "")
        else:
            return None
    return agent_ids


async def _enrol_agent_in_bridge(call: Call, *, agent_id: str) -> None:
    """Create the bridge's group on the agent's stream, so that it receives by Redis."""
    row = await call.tx.one(agents.select_agent_by_id, ref=agent_id)
    if row is None or row.retired_at is not None:
        return
    owner = build_stream_owner_from_agent(call, row)
    if await create_group_if_missing(call, owner, BRIDGE_GROUP):
        call.emit("agora.bus.joined", owner.event_data, subject=agent_id, audience=(agent_id,))


async def _emit_refusals(call: Call, *, refused: Sequence[Refusal], count: int) -> None:
    """Notify operators of refused entries, which are dead letters in Redis. refused: the first of them."""
    entries = [{"entry_id": each.entry_id, "sender": each.sender, "reason": each.reason} for each in refused]
    call.emit("agora.bus.refused", {"count": count, "entries": entries}, audience=("operator",))
