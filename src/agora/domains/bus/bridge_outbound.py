"""Outbound bridge: send agents' messages and tasks to their Redis streams, with an outbox.

The outbox is the bridge's group on the agent's stream in the store. An entry there is leaving, then sent (with its Redis
id), then removed when the agent has acknowledged it. After a crash it is sent again under the same ``message_id``, so
delivery is at least once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
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
from .agent_streams import BRIDGE, call_as_owner, mark_dead, outbound_stream, owner_of_agent, take_fresh_entries
from .engines import groups, wire
from .engines.port import DEAD, Bus, Delivery
from .records import BridgeMember, PendingEntry
from .views import show_entries

__all__ = ["Outbound"]

BATCH = 100  # entries of one agent in one turn
RESEND = 10  # seconds after which a leaving entry counts as abandoned by its server and is sent again
MAX_DEAD_LETTERS = 1000  # dead letters of one agent
UNREAD = 1000  # unacknowledged entries of one agent, above which no more are sent


class Outbound:
    """Sends agents' entries and tracks their acknowledgement."""

    def __init__(self, controller: Controller, bus: Bus) -> None:
        self._controller, self._bus = controller, bus
        self._context = controller.context
        self._owned: dict[str, str] = {}

    def stream(self, tenant: str, name: str) -> str:
        return outbound_stream(self._context.server.settings.bus_stream, tenant, name)

    async def send(self, tenant: str, agent: BridgeMember) -> int:
        """Send an agent's waiting entries; return how many. Raises UpstreamUnavailable and other errors of the engine."""
        stream, name = await self._claim_stream(tenant, agent), agent.agent_name
        waiting = await self._controller.act(tenant, partial(_take_waiting, agent=agent))
        if not waiting:
            return 0
        try:
            await self._bus.join(stream, name)
            published = [self._bus.publish(stream, self._sign_fields(tenant, agent, fields)) for _, fields in waiting]
            ids = await asyncio.gather(*published, return_exceptions=True)
        except AgoraError as error:
            ids = [error] * len(waiting)
        await self._controller.act(tenant, partial(_record_sent, agent=agent, waiting=waiting, ids=ids))
        for result in ids:
            if isinstance(result, BaseException):
                raise result
        return len(ids)

    def _sign_fields(self, tenant: str, agent: BridgeMember, fields: dict[str, str]) -> dict[str, str]:
        """Sign with the recipient's token, by which it recognises entries of the marketplace."""
        signer = self._context.server.signer
        token = signer.agent_token(tenant, agent.agent_id, agent.token_generation)
        return fields | {"signature": wire.signature(fields, token)}

    async def _claim_stream(self, tenant: str, agent: BridgeMember) -> str:
        """Claim an agent's Redis stream: drop a previous owner's entries, and resend those that Redis has lost."""
        stream, name = self.stream(tenant, agent.agent_name), agent.agent_name
        if self._owned.get(stream) != agent.agent_id:
            await self._bus.own(stream, agent.agent_id)
            place = {"stream": agent.agent_id, "group": BRIDGE}
            rows = await self._controller.read(tenant, statements.sent, **place, limit=UNREAD)
            ids = [row.consumer for row in rows]
            there = {*await self._bus.settled(stream, name, ids), *await self._bus.holds(stream, ids)} if ids else set()
            if lost := [row.number for row in rows if row.consumer not in there]:
                await self._controller.act(tenant, partial(_take_back, agent=agent, numbers=lost))
            self._owned[stream] = agent.agent_id
        return stream

    def forget(self) -> None:
        """Verify all streams again after a reconnect, because Redis may have lost entries."""
        self._owned.clear()

    async def follow(self, tenant: str, agent: BridgeMember) -> None:
        """Copy acknowledgements and dead letters of an agent's Redis group to the store, and trim the stream."""
        stream, name = await self._claim_stream(tenant, agent), agent.agent_name
        place = {"stream": agent.agent_id, "group": BRIDGE}
        sent_rows = await self._controller.read(tenant, statements.sent, **place, limit=UNREAD)
        by_entry = {row.consumer: row for row in sent_rows}
        try:
            await self._bus.maintain(stream, name)
        except NotFound:  # nothing was sent yet, or the stream was deleted
            self._owned.pop(stream, None)
            return
        if by_entry and (settled := await self._bus.settled(stream, name, list(by_entry))):
            # A server may have died after dead-lettering an entry and before storing that: Redis is authoritative here.
            buried = await self._bus.buried(stream, name, list(settled))
            dead, rows = [by_entry[each] for each in buried], [by_entry[each] for each in settled if each not in buried]
            await self._controller.act(tenant, partial(_settle_entries, agent=agent, rows=rows, dead=dead))
        await self._bus.trim(stream)
        await self._bus.trim(stream + DEAD, MAX_DEAD_LETTERS)


async def _take_waiting(call: Call, *, agent: BridgeMember) -> list[tuple[Delivery, dict[str, str]]]:
    """Take the entries to send now and mark them as leaving; return each with its fields."""
    whose = owner_of_agent(call, agent)
    place = {"stream": whose.stream, "group": BRIDGE}
    if await call.tx.one(statements.lock_group, **place) is None:
        return []  # the agent left the bridge meanwhile
    rows = await call.tx.all(statements.unsent, **place, before=call.now - RESEND * SECOND, limit=BATCH)
    again = [groups.delivery_from_row(row, more=1) for row in rows]
    if again:
        numbers = encode_json([row.number for row in rows])
        await call.tx.execute(statements.hand_over, **place, numbers=numbers, consumer=statements.LEAVING, now=call.now)
    pending = await call.tx.one(statements.pending_count, **place) or 0
    room = min(BATCH - len(again), UNREAD - pending)
    handed = [*again, *(await _take_fresh(call, agent, room))]
    documents, vanished = await show_entries(call, whose, handed)
    await groups.acknowledge_entries(
        call.tx, whose.stream, BRIDGE, groups.numbers_of(each.entry_id for each in vanished)
    )
    by_entry = {each.entry_id: each for each in handed}
    return [_to_fields(by_entry[document.pop("entry_id")], document) for document in documents]


async def _take_fresh(call: Call, agent: BridgeMember, room: int) -> list[Delivery]:
    if room <= 0:
        return []
    whose = owner_of_agent(call, agent)
    request = groups.ReadRequest(
        stream=whose.stream,
        group=BRIDGE,
        consumer=statements.LEAVING,
        count=room,
        now=call.now,
        budget=PageBudget(call.context.settings.page_bytes),
    )
    return await take_fresh_entries(call, whose, request)


def _to_fields(handed: Delivery, document: dict[str, Any]) -> tuple[Delivery, dict[str, str]]:
    return handed, wire.to_fields(document) | {"ref": handed.ref or ""}


async def _record_sent(
    call: Call,
    *,
    agent: BridgeMember,
    waiting: Sequence[tuple[Delivery, dict[str, str]]],
    ids: Sequence[str | BaseException],
) -> None:
    """Store the Redis ids of sent entries; the others are sent again."""
    place = {"stream": agent.agent_id, "group": BRIDGE}
    back = []
    for (handed, _), entry_id in zip(waiting, ids, strict=True):
        number = groups.number_of(handed.entry_id)
        if isinstance(entry_id, str):
            await call.tx.execute(statements.mark_sent, **place, number=number, entry=entry_id)
        else:
            back.append(number)
    if back:
        await call.tx.execute(statements.take_back, **place, numbers=encode_json(back))


async def _take_back(call: Call, *, agent: BridgeMember, numbers: Sequence[int]) -> None:
    """Make entries that Redis has lost leave again."""
    place = {"stream": agent.agent_id, "group": BRIDGE}
    await call.tx.execute(statements.take_back, **place, numbers=encode_json(list(numbers)))


async def _settle_entries(
    call: Call, *, agent: BridgeMember, rows: Sequence[PendingEntry], dead: Sequence[PendingEntry]
) -> None:
    whose = owner_of_agent(call, agent)
    await groups.acknowledge_entries(call.tx, whose.stream, BRIDGE, [row.number for row in (*rows, *dead)])
    await mark_dead(call, whose, BRIDGE, dead)
    messages = [row.ref for row in rows if row.ref and row.ref.startswith("msg_")]
    if messages:
        await MessagingService(call_as_owner(call, whose)).mark(messages, DeliveryState.ACKNOWLEDGED, whose.agent_id)
