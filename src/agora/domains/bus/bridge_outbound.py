"""Outbound bridge: send agents' messages and tasks to their Redis streams, with an outbox.

The outbox is the bridge's group on the agent's stream in the store. An entry there is leaving, then sent (with its Redis
id), then removed when the agent has acknowledged it. After a crash it is sent again under the same ``message_id``, so
delivery is at least once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from agora.clock import SECOND
from agora.core.call import Call, encode_json
from agora.core.jobs import Controller
from agora.core.pagination import PageBudget
from agora.domains.messaging.service import MessagingService
from agora_sdk.contract.fields import DeliveryState
from agora_sdk.errors import AgoraError, NotFound

from . import queries as statements
from .agent_streams import (
    BRIDGE_GROUP,
    build_outbound_stream_name,
    build_stream_owner_from_agent,
    fill_and_deliver_stream,
    impersonate_owner,
    store_and_announce_dead_letters,
)
from .engines import groups, wire
from .engines.port import BRIDGE as BRIDGE_PORT
from .engines.port import DEAD_LETTER_SUFFIX, BridgeBus, Delivery, ReappendedEntry, compute_entry_sort_key
from .records import BridgeMember, PendingEntry
from .views import render_entries

__all__ = ["Outbound"]

MAX_BATCH = 100  # entries of one agent per iteration
RESEND_SECONDS = 10  # seconds after which a leaving entry counts as abandoned by its server and is sent again
MAX_DEAD_LETTERS = 1000  # dead letters of one agent
MAX_UNREAD_ENTRIES = 1000  # unacknowledged entries of one agent, above which no more are sent


class Outbound:
    """Sends agents' entries and tracks their acknowledgement."""

    def __init__(self, controller: Controller, bus: BridgeBus) -> None:
        self._controller, self._bus = controller, bus
        self._context = controller.context
        self._owner_by_stream: dict[str, str] = {}
        self._open: dict[tuple[str, str], bool] = {}  # whether an agent's consumers have entries to acknowledge
        self._active_at: dict[tuple[str, str], int] = {}  # last request of an agent's consumers

    def stream_name(self, tenant: str, name: str) -> str:
        return build_outbound_stream_name(self._context.server.settings.bus_stream, tenant, name)

    async def send_waiting_entries(self, tenant: str, agent: BridgeMember) -> int:
        """Send an agent's waiting entries; return how many. Raises UpstreamUnavailable and other errors of the engine."""
        stream, name = await self._claim_stream_and_requeue_lost(tenant, agent), agent.agent_name
        entries = await self._controller.write_as_system(tenant, partial(_take_entries_to_send, agent=agent))
        if not entries:
            return 0
        try:
            await self._bus.create_group(stream, name)
            published = [self._bus.publish(stream, self._sign_fields(tenant, agent, fields)) for _, fields in entries]
            # Those that were sent must be recorded, whatever happened to the others.
            ids = await asyncio.gather(*published, return_exceptions=True)
        except AgoraError as error:
            ids = [error] * len(entries)
        # A crash before this sends them again after RESEND_SECONDS seconds, under the same message_id.
        await self._controller.write_as_system(
            tenant, partial(_record_send_results, agent=agent, waiting=entries, results=ids)
        )
        for result in ids:
            if isinstance(result, BaseException):
                raise result
        return len(ids)

    def _sign_fields(self, tenant: str, agent: BridgeMember, fields: dict[str, str]) -> dict[str, str]:
        """Sign with the recipient's token, so that the recipient recognises entries of the marketplace."""
        signer = self._context.server.signer
        token = signer.sign_agent_token(tenant, agent.agent_id, agent.token_generation)
        return fields | {"signature": wire.compute_signature(fields, token)}

    async def _claim_stream_and_requeue_lost(self, tenant: str, agent: BridgeMember) -> str:
        """Claim an agent's Redis stream: drop a previous owner's entries, and resend those that Redis has lost."""
        stream, name = self.stream_name(tenant, agent.agent_name), agent.agent_name
        # A name may pass to another agent, which must not read entries of the previous one.
        if self._owner_by_stream.get(stream) != agent.agent_id:
            await self._bus.set_owner(stream, agent.agent_id)
            rows = await self._read_sent_entries(tenant, agent)
            ids = [row.consumer for row in rows]
            there = (
                {*await self._bus.find_acknowledged(stream, name, ids), *await self._bus.find_existing(stream, ids)}
                if ids
                else set()
            )
            if lost := [row.number for row in rows if row.consumer not in there]:
                await self._controller.write_as_system(
                    tenant, partial(_requeue_lost_entries, agent=agent, numbers=lost)
                )
            self._owner_by_stream[stream] = agent.agent_id
        return stream

    def forget_claimed_streams(self) -> None:
        """Verify all streams again after a reconnect, because Redis may have lost entries."""
        self._owner_by_stream.clear()
        self._open.clear()

    @property
    def has_unacknowledged_entries(self) -> bool:
        """Whether consumers of any agent have entries to acknowledge."""
        return any(self._open.values())

    async def create_group(self, tenant: str, agent: BridgeMember) -> None:
        """Create an agent's stream and group, so that it can read before a first entry. Raises UpstreamUnavailable."""
        stream = await self._claim_stream_and_requeue_lost(tenant, agent)
        await self._bus.create_group(stream, agent.agent_name)

    async def sync_acknowledgements(self, tenant: str, agent: BridgeMember) -> None:
        """Sync acknowledgements and dead letters of an agent's Redis group to the store, redeliver, trim the stream."""
        stream, name = await self._claim_stream_and_requeue_lost(tenant, agent), agent.agent_name
        sent_rows = await self._read_sent_entries(tenant, agent)
        key, state = (tenant, agent.agent_id), self._context.server.ports.get(BRIDGE_PORT)
        if sent_rows:
            # Only with entries under way: an agent without any costs Redis no command here.
            state.delivered[key] = await self._bus.last_delivered(stream, name)
        delivered = compute_entry_sort_key(state.delivered.get(key, "0-0"))
        # Undelivered entries need no check: an agent may leave them unread for days.
        is_delivered = any(compute_entry_sort_key(row.consumer) <= delivered for row in sent_rows)
        moved = await self._sync_moved_entries(tenant, agent, stream) if is_delivered else ()
        try:
            report = await self._bus.redeliver(stream, name, {each.entry_id: each.deliveries for each in moved})
        except NotFound:  # the stream was deleted: recreate it and resend its entries
            self._owner_by_stream.pop(stream, None)
            await self.create_group(tenant, agent)
            return
        self._record_agent_activity(tenant, agent, report.active_idle)
        self._open[key] = bool(report.pending)
        if is_delivered:
            await self._store_settled_entries(tenant, agent, stream)
        await self._bus.trim_stream(stream)
        await self._bus.trim_stream(stream + DEAD_LETTER_SUFFIX, MAX_DEAD_LETTERS)

    async def _read_sent_entries(self, tenant: str, agent: BridgeMember) -> Sequence[PendingEntry]:
        """Read the entries that were sent and not acknowledged, according to the store."""
        group_key = {"stream": agent.agent_id, "group": BRIDGE_GROUP}
        return await self._controller.read(
            tenant, statements.select_sent_entries, **group_key, limit=MAX_UNREAD_ENTRIES
        )

    async def _sync_moved_entries(self, tenant: str, agent: BridgeMember, stream: str) -> Sequence[ReappendedEntry]:
        """Store the new ids of entries that any server has appended again."""
        moved = await self._bus.read_reappended_entries(stream)
        if moved:
            await self._controller.write_as_system(tenant, partial(_rename_moved_entries, agent=agent, moved=moved))
        return moved

    async def _store_settled_entries(self, tenant: str, agent: BridgeMember, stream: str) -> None:
        """Store acknowledgements and dead letters read from Redis.

        An entry that was appended again counts as acknowledged in Redis under its old id. Therefore the moved entries
        are read after the acknowledged ones, and an acknowledgement is stored only for the current id in the outbox.
        """
        by_entry = {row.consumer: row for row in await self._read_sent_entries(tenant, agent)}
        settled = await self._bus.find_acknowledged(stream, agent.agent_name, list(by_entry))
        moved = await self._sync_moved_entries(tenant, agent, stream)
        previous = {each.previous_id for each in moved}
        if entry_ids := [each for each in settled if each not in previous]:
            # A server may have crashed after dead-lettering an entry and before storing that: Redis is authoritative
            # here.
            letters = {each.entry_id: each for each in await self._bus.read_dead(stream)}
            dead = [
                replace(by_entry[each], deliveries=letters[each].deliveries) for each in entry_ids if each in letters
            ]
            rows = [by_entry[each] for each in entry_ids if each not in letters]
            await self._controller.write_as_system(
                tenant, partial(_settle_outbox_entries, agent=agent, acknowledged=rows, dead=dead)
            )
        if moved:
            await self._forget_settled_moves(tenant, agent, stream, [each.entry_id for each in moved])

    async def _forget_settled_moves(
        self, tenant: str, agent: BridgeMember, stream: str, entry_ids: Sequence[str]
    ) -> None:
        """Delete in Redis the moves of entries that are acknowledged there and no longer waiting in the outbox.

        Until both hold, the move is needed after a crash to find the outbox entry by its new id.
        """
        entries = {row.consumer for row in await self._read_sent_entries(tenant, agent)}
        acknowledged = await self._bus.find_acknowledged(stream, agent.agent_name, list(entry_ids))
        await self._bus.forget_moved(stream, [each for each in acknowledged if each not in entries])

    def _record_agent_activity(self, tenant: str, agent: BridgeMember, idle: float | None) -> None:
        """Count requests of an agent's consumers as its own activity, so that it is shown as online."""
        if idle is None:
            return
        key, at = (tenant, agent.agent_id), self._context.clock.now() - int(idle * SECOND)
        if at > self._active_at.get(key, 0) + SECOND:  # idle times are inexact: ignore small differences
            self._active_at[key] = at
            last_seen = self._context.server.last_seen
            last_seen[key] = max(at, last_seen.get(key, 0))


async def _rename_moved_entries(call: Call, *, agent: BridgeMember, moved: Sequence[ReappendedEntry]) -> None:
    group_key = {"stream": agent.agent_id, "group": BRIDGE_GROUP}
    for each in moved:  # in order: an entry may have been appended again several times
        await call.tx.execute(statements.rename_sent_entry, **group_key, entry=each.entry_id, previous=each.previous_id)


async def _take_entries_to_send(call: Call, *, agent: BridgeMember) -> list[tuple[Delivery, dict[str, str]]]:
    """Take the entries to send now and mark them as leaving; return each with its fields."""
    owner = build_stream_owner_from_agent(call, agent)
    group_key = {"stream": owner.stream_name, "group": BRIDGE_GROUP}
    if await call.tx.one(statements.lock_group, **group_key) is None:
        return []  # the agent has left the bridge in the meantime
    rows = await call.tx.all(
        statements.select_unsent_entries, **group_key, before=call.now - RESEND_SECONDS * SECOND, limit=MAX_BATCH
    )
    again = [groups.build_delivery_from_row(row, extra_deliveries=1) for row in rows]
    if again:
        numbers = encode_json([row.number for row in rows])
        await call.tx.execute(
            statements.assign_pending_entries,
            **group_key,
            numbers=numbers,
            consumer=statements.BEING_SENT,
            now=call.now,
        )
    pending = await call.tx.one(statements.count_pending_entries, **group_key) or 0
    room = min(MAX_BATCH - len(again), MAX_UNREAD_ENTRIES - pending)
    deliveries = [*again, *(await _take_new_entries(call, agent, room))]
    documents, missing_ids = await render_entries(call, owner, deliveries)
    await groups.acknowledge_entries(
        call.tx, owner.stream_name, BRIDGE_GROUP, groups.parse_entry_numbers(each.entry_id for each in missing_ids)
    )
    by_entry = {each.entry_id: each for each in deliveries}
    return [_encode_delivery(by_entry[document.pop("entry_id")], document) for document in documents]


async def _take_new_entries(call: Call, agent: BridgeMember, room: int) -> list[Delivery]:
    if room <= 0:
        return []
    owner = build_stream_owner_from_agent(call, agent)
    request = groups.ReadRequest(
        stream=owner.stream_name,
        group=BRIDGE_GROUP,
        consumer=statements.BEING_SENT,
        count=room,
        now=call.now,
        budget=PageBudget(call.context.settings.page_bytes),
    )
    return await fill_and_deliver_stream(call, owner, request)


def _encode_delivery(delivery: Delivery, document: dict[str, Any]) -> tuple[Delivery, dict[str, str]]:
    return delivery, wire.encode_fields(document) | {"ref": delivery.ref or ""}


async def _record_send_results(
    call: Call,
    *,
    agent: BridgeMember,
    waiting: Sequence[tuple[Delivery, dict[str, str]]],
    results: Sequence[str | BaseException],
) -> None:
    """Store the Redis ids of sent entries; failed ones are sent again."""
    group_key = {"stream": agent.agent_id, "group": BRIDGE_GROUP}
    released_entries = []
    for (delivery, _), entry_id in zip(waiting, results, strict=True):
        number = groups.parse_entry_number(delivery.entry_id)
        if isinstance(entry_id, str):
            await call.tx.execute(statements.mark_entry_sent, **group_key, number=number, entry=entry_id)
        else:
            released_entries.append(number)
    if released_entries:
        await call.tx.execute(statements.unassign_pending_entries, **group_key, numbers=encode_json(released_entries))


async def _requeue_lost_entries(call: Call, *, agent: BridgeMember, numbers: Sequence[int]) -> None:
    """Requeue entries that Redis has lost."""
    group_key = {"stream": agent.agent_id, "group": BRIDGE_GROUP}
    await call.tx.execute(statements.unassign_pending_entries, **group_key, numbers=encode_json(list(numbers)))


async def _settle_outbox_entries(
    call: Call, *, agent: BridgeMember, acknowledged: Sequence[PendingEntry], dead: Sequence[PendingEntry]
) -> None:
    """Remove acknowledged and dead entries from the outbox, unless already removed or sent again."""
    owner = build_stream_owner_from_agent(call, agent)
    group_key = {"stream": owner.stream_name, "group": BRIDGE_GROUP}
    row_numbers = set()
    for row in (*acknowledged, *dead):
        # Conditional on the Redis id: an entry that was sent again is waiting under another one.
        if await call.tx.execute(statements.delete_sent_entry, **group_key, number=row.number, entry=row.consumer):
            row_numbers.add(row.number)
    await store_and_announce_dead_letters(call, owner, BRIDGE_GROUP, [row for row in dead if row.number in row_numbers])
    messages = [row.ref for row in acknowledged if row.number in row_numbers and row.ref and row.ref.startswith("msg_")]
    if messages:
        await MessagingService(impersonate_owner(call, owner)).mark(
            messages, DeliveryState.ACKNOWLEDGED, owner.agent_id
        )
