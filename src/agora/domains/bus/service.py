"""Operations of the bus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pydantic_core import from_json

from agora.core.call import BoundService, Call, WaitForEvent, cast_relay_to_result, encode_json
from agora.core.pagination import PageBudget
from agora.domains.bus.engines.port import BRIDGE
from agora.domains.messaging.service import MessagingService
from agora.store.port import NewEvent
from agora_sdk.contract import bus as contract
from agora_sdk.contract import implements
from agora_sdk.contract.bus import BusPriority, BusPriorityLike, BusType, BusTypeLike
from agora_sdk.contract.fields import DeliveryState, JsonObject
from agora_sdk.errors import AgoraError, Conflict

from . import agent_streams as streams
from . import health as status
from . import queries as statements
from . import views as view
from .engines import groups
from .engines.port import Delivery, RedeliveryPolicy
from .publication import Entry, publish_entry
from .records import PendingEntry

__all__ = ["BusService"]

GROUP_SECONDS = 5.0  # maximum seconds to wait for Redis in bus.join
RECEIVED, SENT = "agora.message.received", "agora.broadcast.sent"
ARRIVAL_EVENTS = frozenset(
    {RECEIVED, SENT, "agora.task.available", "agora.bus.reclaimed", "agora.dead_letter.replayed"}
)


class BusService(BoundService, contract.Bus):
    """Streams with consumer groups over the inboxes and tasks of agents."""

    @implements
    async def publish(
        self,
        type: BusTypeLike,
        content: JsonObject = {},
        target: str = "broadcast",
        priority: BusPriorityLike = BusPriority.MEDIUM,
        *,
        correlation_id: str | None = None,
        message_id: str | None = None,
        sender: str | None = None,
        timestamp: datetime | None = None,
        extensions: JsonObject = {},
    ) -> contract.BusReceipt:
        entry = Entry(
            BusType(type),
            content,
            target,
            BusPriority(priority),
            correlation_id,
            message_id,
            sender,
            timestamp,
            extensions=extensions,
        )
        return await publish_entry(self.call, entry)

    # -- reading ---------------------------------------------------------------------------------

    @implements
    async def read(
        self,
        count: int = 10,
        wait: float = 0,
        *,
        consumer: str = "default",
        tasks: bool = True,
        agent_id: str | None = None,
    ) -> contract.BusBatch:
        call, owner = self.call, await streams.resolve_authorized_stream_owner(self.call, agent_id)
        group = call.target = owner.agent_id
        await streams.create_group_if_missing(call, owner, group)
        request = self._build_read_request(owner, consumer, count)
        returned = await groups.redeliver_stale_entries(call.tx, request, self._redelivery_policy, idle=None)
        await streams.store_and_announce_dead_letters(call, owner, group, returned.dead)
        deliveries = [groups.build_delivery_from_row(row, extra_deliveries=1) for row in returned.live]
        request = replace(request, count=count - len(deliveries))
        deliveries += await streams.fill_and_deliver_stream(call, owner, request, claim_tasks=tasks)
        batch = await self._render_batch_without_missing(owner, consumer, deliveries)
        # Waiting rolls this transaction back, and with it the dead letters: with some, the empty batch is the answer.
        if not batch.entries and not returned.dead and wait:
            raise WaitForEvent(ARRIVAL_EVENTS, wait, batch, lambda event: _may_add_entry(event, owner.agent_id))
        return batch

    def _build_read_request(self, owner: streams.StreamOwner, consumer: str, count: int) -> groups.ReadRequest:
        """Build a consumer's request to the group of the stream's owner, with a page's budget."""
        return groups.ReadRequest(
            stream=owner.stream_name,
            group=owner.agent_id,
            consumer=consumer,
            count=count,
            now=self.call.now,
            budget=PageBudget(self.call.context.settings.page_bytes),
        )

    async def _render_batch_without_missing(
        self, owner: streams.StreamOwner, consumer: str, deliveries: Sequence[Delivery]
    ) -> contract.BusBatch:
        documents, missing_ids = await view.render_entries(self.call, owner, deliveries)
        await groups.acknowledge_entries(
            self.call.tx,
            owner.stream_name,
            owner.agent_id,
            groups.parse_entry_numbers(each.entry_id for each in missing_ids),
        )
        entries = [view.to_bus_delivery(entry) for entry in documents]
        return contract.BusBatch.model_construct(
            group=owner.name, consumer=consumer, entries=entries, count=len(entries)
        )

    @implements
    async def ack(self, message_ids: list[str], *, agent_id: str | None = None) -> contract.BusAck:
        call, owner = self.call, await streams.resolve_authorized_stream_owner(self.call, agent_id)
        group, ids = owner.agent_id, list(dict.fromkeys(message_ids))
        parameters = {"numbers": encode_json(groups.parse_entry_numbers(ids)), "ids": encode_json(ids)}
        rows = await call.tx.all(
            statements.select_pending_entries_of_consumer, stream=owner.stream_name, group=group, **parameters
        )
        await groups.acknowledge_entries(call.tx, owner.stream_name, group, [row.number for row in rows])
        acknowledged_ids = {name for row in rows for name in _list_acknowledgeable_ids(row)}
        refs = [str(row.ref) for row in rows if row.ref]
        messages = [ref for ref in (*refs, *(i for i in ids if i not in acknowledged_ids)) if ref.startswith("msg_")]
        if messages:
            marked = await MessagingService(call).mark(messages, DeliveryState.ACKNOWLEDGED, owner.agent_id)
            acknowledged_ids |= set(messages) - set(marked.unknown)
        call.target = owner.agent_id
        unknown = [each for each in ids if each not in acknowledged_ids]
        return contract.BusAck.model_construct(acknowledged=len(ids) - len(unknown), unknown=unknown)

    @implements
    async def recover(
        self,
        count: int = 100,
        *,
        idle: float | None = None,
        consumer: str = "default",
        agent_id: str | None = None,
    ) -> contract.BusBatch:
        call, owner = self.call, await streams.resolve_authorized_stream_owner(self.call, agent_id)
        group = call.target = owner.agent_id
        await streams.create_group_if_missing(call, owner, group)
        terms, request = self._redelivery_policy, self._build_read_request(owner, consumer, count)
        entries = await groups.redeliver_stale_entries(
            call.tx, request, terms, idle=terms.stale_seconds if idle is None else idle
        )
        await streams.store_and_announce_dead_letters(call, owner, group, entries.dead)
        return await self._render_batch_without_missing(
            owner, consumer, [groups.build_delivery_from_row(row, extra_deliveries=1) for row in entries.live]
        )

    @property
    def _redelivery_policy(self) -> RedeliveryPolicy:
        settings = self.call.context.settings
        return RedeliveryPolicy(settings.bus_stale, settings.bus_silent, settings.bus_deliveries)

    # -- inspection ------------------------------------------------------------------------------

    @implements
    async def pending(self, count: int = 100, *, agent_id: str | None = None) -> contract.BusPending:
        call, owner = self.call, await streams.resolve_authorized_stream_owner(self.call, agent_id)
        group_key = {"stream": owner.stream_name, "group": owner.agent_id}
        rows = await call.tx.all(statements.select_pending_entries, **group_key, limit=count)
        counts = await call.tx.one(statements.count_pending_entries, **group_key)
        entries = [view.to_pending_entry(row, call.now) for row in rows]
        return contract.BusPending.model_construct(
            group=owner.name, entries=entries, count=len(entries), total=counts if counts else 0
        )

    @implements
    async def health(self) -> contract.BusHealth:
        return await status.read_health(self.call)

    @implements
    async def stats(self) -> contract.BusStats:
        return await status.read_stats(self.call)

    # -- Redis -----------------------------------------------------------------------------------

    @implements
    async def join(self, agent_id: str | None = None) -> contract.BusMembership:
        call, owner = self.call, await streams.resolve_authorized_stream_owner(self.call, agent_id)
        call.target = owner.agent_id
        bridge = call.context.ports.find(BRIDGE)
        if bridge is None or owner.caller is None:
            raise Conflict(
                "No Redis is configured." if bridge is None else f"{owner.name} is not a registered agent.",
                fix="An operator sets 'bus' to redis://..." if bridge is None else "Register it first.",
            )
        if await streams.create_group_if_missing(call, owner, streams.BRIDGE_GROUP):
            call.emit("agora.bus.joined", owner.event_data, subject=owner.agent_id, audience=(owner.agent_id,))
        membership, tenant = self._build_membership(owner, active=True), call.caller.tenant

        async def create_group() -> None:
            if bridge.create_group is not None:
                await bridge.create_group(tenant, owner.agent_id)

        async def build_membership(call: Call, outcome: AgoraError | None) -> contract.BusMembership:
            """Return the membership. It holds while Redis is unavailable; the group is then created later."""
            return membership

        return cast_relay_to_result(create_group, build_membership, GROUP_SECONDS)

    @implements
    async def leave(self, agent_id: str | None = None) -> contract.BusMembership:
        call, owner = self.call, await streams.resolve_authorized_stream_owner(self.call, agent_id)
        call.target = owner.agent_id
        if await call.tx.execute(statements.delete_group, stream=owner.stream_name, group=streams.BRIDGE_GROUP):
            call.emit("agora.bus.left", owner.event_data, subject=owner.agent_id, audience=(owner.agent_id,))
        return self._build_membership(owner, active=False)

    def _build_membership(self, owner: streams.StreamOwner, *, active: bool) -> contract.BusMembership:
        inbound = self.call.context.settings.bus_stream
        return contract.BusMembership.model_construct(
            agent_id=owner.agent_id,
            stream=streams.build_outbound_stream_name(inbound, self.call.caller.tenant, owner.name),
            group=owner.name,
            inbound=inbound,
            active=active,
        )


def _list_acknowledgeable_ids(row: PendingEntry) -> tuple[str, ...]:
    """List the ids by which a pending entry may be acknowledged."""
    group_key = groups.format_entry_id(row.created_at or 0, row.number)
    return tuple(name for name in (group_key, row.ref, row.name) if name)


def _may_add_entry(event: NewEvent, agent_id: str) -> bool:
    """Whether an event may add something to the agent's stream."""
    if event.type == RECEIVED:
        return agent_id in from_json(event.data)["recipients"]
    return event.audience is None or agent_id in event.audience
