"""Agent streams: filled on demand from the agent's inbox and tasks, when the stream is read.

A message is therefore stored only once, regardless of its protocol. Up to two groups read the stream: the agent's own,
and the bridge's if the agent receives its messages by Redis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from agora.clock import SECOND, to_datetime
from agora.core import pagination as paging
from agora.core.call import Call, Caller, decode_json, encode_json
from agora.core.scopes import AGENT
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import build_address_of_name, check_may_act_for, find_agent, load_agent
from agora.domains.dead_letters.letters import record_dead_letters
from agora.domains.dead_letters.port import NewDeadLetter
from agora.domains.messaging.records import DELIVERIES, DeliveryRow
from agora.domains.messaging.views import compute_expiry_horizon
from agora.domains.tasks.claims import claim_own_tasks
from agora.value_classes import value_class
from agora_sdk.contract.tasks import ClaimedTask

from . import queries as statements
from .effects import LEASE_SECONDS
from .engines import groups as streams
from .engines.port import EXHAUSTED_REASON, Delivery
from .queries import BRIDGE_GROUP
from .records import BridgeMember, PendingEntry, WaitingMessage

__all__ = [
    "BRIDGE_GROUP",
    "DEAD_LETTER_SOURCE",
    "StreamOwner",
    "build_outbound_stream_name",
    "build_stream_owner_from_agent",
    "claim_and_append_tasks",
    "create_group_if_missing",
    "fill_and_deliver_stream",
    "impersonate_owner",
    "move_unread_messages_to_stream",
    "resolve_authorized_stream_owner",
    "store_and_announce_dead_letters",
]

DEAD_LETTER_SOURCE = "bus"  #: source name of dead letters from agents' streams
MAX_COMMIT_DELAY_MILLISECONDS = 60_000  #: maximum milliseconds between the creation of a broadcast's id and its commit


@value_class
class StreamOwner:
    """The owner of a stream. address: recipient of messages held for its name. joined: excludes earlier broadcasts."""

    agent_id: str
    name: str
    address: str
    joined: str
    caller: Caller | None = None

    @property
    def stream_name(self) -> str:
        return self.agent_id

    @property
    def event_data(self) -> dict[str, str]:
        """Identity of the owner for event data."""
        return {"agent_id": self.agent_id, "agent_name": self.name}


async def resolve_authorized_stream_owner(call: Call, agent_id: str | None) -> StreamOwner:
    """Resolve the owner of a stream: the caller or an agent that it may act for. Raises NotFound, PermissionDenied."""
    caller = call.caller
    ref = agent_id or caller.subject
    row = await find_agent(call.tx, ref)
    if row is None:
        # A key or a person is no registered agent, but has an inbox under its subject.
        if ref in (caller.subject, caller.name):
            return StreamOwner(caller.subject, caller.name, build_address_of_name(caller.subject), "msg_f")
        row = await load_agent(call.tx, ref)
    check_may_act_for(caller, row.agent_id)
    return build_stream_owner_from_agent(call, row)


def build_stream_owner_from_agent(call: Call, row: AgentRow | BridgeMember) -> StreamOwner:
    """Build the owner of an agent's stream."""
    # Ids of messages begin with their time in milliseconds, so this sorts before all later ones.
    joined = f"msg_{row.registered_at // 1000:012x}"
    caller = Caller(
        call.caller.tenant,
        row.agent_id,
        row.agent_name,
        "agent",
        AGENT,
        account=row.account_id,
        tier=row.service_tier,
    )
    return StreamOwner(row.agent_id, row.agent_name, build_address_of_name(row.agent_name), joined, caller)


def impersonate_owner(call: Call, owner: StreamOwner) -> Call:
    """Return the call with the owner as its caller."""
    return call if owner.caller is None else replace(call, caller=owner.caller)


def build_outbound_stream_name(inbound_stream: str, tenant: str, agent_name: str) -> str:
    """Build the name of an agent's outbound Redis stream. Names have no slash, so tenants' streams cannot collide."""
    return (
        f"{inbound_stream}:{agent_name}"
        if tenant == "default"
        else f"{inbound_stream}:{quote(tenant, safe='')}//{agent_name}"
    )


async def create_group_if_missing(call: Call, owner: StreamOwner, group: str) -> bool:
    """Create a group that starts at the stream's end, if it does not exist; return whether it was created."""
    # First checked without the lock, because nearly every read finds its group; ``create_group`` checks again under it.
    if await call.tx.one(statements.select_group, stream=owner.stream_name, group=group) is not None:
        return False
    return await streams.create_group(call.tx, owner.stream_name, group, call.now, from_start=False)


async def fill_and_deliver_stream(
    call: Call, owner: StreamOwner, request: streams.ReadRequest, *, claim_tasks: bool = True
) -> list[Delivery]:
    """Deliver new entries of the owner's stream, filling it from inbox and tasks as needed.

    Tasks come last: a task claimed for a response without room for it would stay leased without being delivered.
    """
    deliveries: list[Delivery] = []
    count, budget = request.count, request.budget

    async def deliver_events() -> None:
        deliveries.extend(await streams.deliver_new_entries(call.tx, replace(request, count=count - len(deliveries))))

    if count > 0:
        await deliver_events()
    if (
        len(deliveries) < count
        and not budget.full
        and await move_unread_messages_to_stream(call, owner, count - len(deliveries))
    ):
        await deliver_events()
    if (
        claim_tasks
        and len(deliveries) < count
        and not budget.full
        and await claim_and_append_tasks(call, owner, count - len(deliveries), budget.remaining_bytes)
    ):
        await deliver_events()
    return deliveries


async def move_unread_messages_to_stream(call: Call, owner: StreamOwner, count: int) -> int:
    """Append unread messages to the stream, oldest first; return how many."""
    when = {"now": call.now, "horizon": compute_expiry_horizon(call)}
    owner_key = {"agent_id": owner.agent_id, "address": owner.address}
    # The lock also protects the inbox: two concurrent reads would append the same messages (ADR 14).
    head = await call.tx.one(statements.lock_stream_head, stream=owner.stream_name)
    floor = max(owner.joined, head.floor if head is not None else "")
    room = call.context.settings.page_bytes

    async def read_queued(after: str, limit: int) -> Sequence[WaitingMessage]:
        return await call.tx.all(statements.select_queued_messages, **owner_key, **when, after=after, limit=limit)

    async def read_broadcasts(after: str, limit: int) -> Sequence[WaitingMessage]:
        return await call.tx.all(
            statements.select_broadcasts, agent_id=owner.agent_id, **when, after=after, limit=limit
        )

    own_rows, _ = await paging.read_page(read_queued, "", "message_id", count, room)
    common, has_more = await paging.read_page(read_broadcasts, floor, "message_id", count, room)
    rows = sorted([*own_rows, *common], key=lambda row: row.message_id)[:count]
    if not rows:
        return 0
    ids = [row.message_id for row in rows]
    await _mark_delivered(call, owner_key, ids, common)
    entries = [(row.message_id, _read_publisher_message_id(row.metadata), "{}") for row in rows]
    await streams.append_entries(call.tx, owner.stream_name, entries, call.now)
    # Only if nothing is left below: the floor is never lowered, and a broadcast under it would be lost.
    if not has_more and {row.message_id for row in common} <= set(ids):  # all broadcasts below the floor are appended
        await call.tx.execute(
            statements.raise_stream_floor, stream=owner.stream_name, floor=_compute_oldest_pending_broadcast_id(call)
        )
    return len(ids)


def _read_publisher_message_id(metadata: str) -> str | None:
    """Read the message id assigned by an entry's publisher."""
    section = decode_json(metadata).get("bus") if '"bus"' in metadata else None
    name = section.get("message_id") if isinstance(section, dict) else None
    return name if isinstance(name, str) else None


async def _mark_delivered(
    call: Call, owner_key: dict[str, str], ids: Sequence[str], broadcasts: Sequence[WaitingMessage]
) -> None:
    await call.tx.execute(statements.mark_messages_delivered, **owner_key, ids=encode_json(list(ids)), now=call.now)
    rows = set(ids)
    for row in broadcasts:
        if row.message_id in rows:
            delivery = DeliveryRow(
                tenant_id=call.caller.tenant,
                recipient=owner_key["agent_id"],
                message_id=row.message_id,
                state="delivered",
                updated_at=call.now,
            )
            call.tx.append(DELIVERIES, delivery)


def _compute_oldest_pending_broadcast_id(call: Call) -> str:
    """Compute a lower bound of the ids of broadcasts that may still be committed; earlier ones are complete."""
    return f"msg_{max(0, call.now // 1000 - MAX_COMMIT_DELAY_MILLISECONDS):012x}"


async def claim_and_append_tasks(call: Call, owner: StreamOwner, count: int, max_bytes: int) -> int:
    """Claim tasks for the agent up to a total size, and append them to its stream; return how many."""
    # Only agents are assigned tasks.
    if owner.caller is None:
        return 0
    # Lease and entry are in one transaction, so that no task is leased without being delivered.
    claim = await claim_own_tasks(impersonate_owner(call, owner), count, LEASE_SECONDS, max_bytes)
    rows = []
    for task in claim.tasks:
        giver = await find_agent(call.tx, task.created_by)
        entry = _build_assignment_entry(task, owner, str(giver.agent_name) if giver is not None else task.created_by)
        rows.append((task.task_id, _build_claim_entry_id(task), encode_json(entry)))
    if rows:
        await streams.append_entries(call.tx, owner.stream_name, rows, call.now)
    return len(rows)


def _build_claim_entry_id(task: ClaimedTask) -> str:
    """Build the entry id of a claim: each attempt is a separate entry."""
    return f"{task.task_id}.{task.attempts}"


def _build_assignment_entry(task: ClaimedTask, owner: StreamOwner, sender: str) -> dict[str, str]:
    """Build the fields of a claimed task's entry: a snapshot at the time of the claim."""
    section = task.metadata.get("bus")
    bus_metadata: dict[str, Any] = section if isinstance(section, dict) else {}
    content = {
        "task_id": task.task_id,
        "task_type": task.task_type,
        "payload": task.payload,
        "fencing_token": task.fencing_token,
        "attempt": task.attempts,
        "checkpoint": task.checkpoint,
        "deadline": task.deadline,
        "lease_expires_at": task.lease_expires_at,
    }
    entry = {
        "message_id": _build_claim_entry_id(task),
        "timestamp": to_datetime(int(task.created_at.timestamp() * SECOND)),
        "sender": sender,
        "target": owner.name,
        "type": "task_assignment",
        "priority": {"low": "low", "normal": "medium"}.get(task.priority.value, "high"),
        "content": {name: value for name, value in content.items() if value is not None},
        "correlation_id": bus_metadata.get("correlation_id") or bus_metadata.get("message_id"),
    }
    return {"entry": encode_json(entry), "fence": str(task.fencing_token)}


async def store_and_announce_dead_letters(
    call: Call, owner: StreamOwner, group: str, rows: Sequence[PendingEntry]
) -> None:
    """Store entries that were delivered too often as dead letters, mark their messages, and notify agent and senders."""
    refs = [row.ref for row in rows if row.ref]
    if not refs:
        return
    owner_key = {"agent_id": owner.agent_id, "address": owner.address}
    # In the transaction that removed the entries from the group: a message is never in neither place.
    await call.tx.execute(statements.mark_messages_dead_lettered, **owner_key, ids=encode_json(refs), now=call.now)
    senders = {
        row.message_id: row.from_agent for row in await call.tx.all(statements.select_messages, ids=encode_json(refs))
    }
    await record_dead_letters(call, [_build_new_dead_letter(owner, group, row) for row in rows])
    for row in rows:
        data = {"ref": row.ref, "agent_id": owner.agent_id, "deliveries": row.deliveries}
        audience = tuple(dict.fromkeys(filter(None, (owner.agent_id, senders.get(row.ref or "")))))
        call.emit("agora.bus.dead_lettered", data, subject=row.ref, audience=audience)


def _build_new_dead_letter(owner: StreamOwner, group: str, row: PendingEntry) -> NewDeadLetter:
    return NewDeadLetter(
        source=DEAD_LETTER_SOURCE,
        key=f"{owner.stream_name}/{group}/{row.number}",
        owner=owner.agent_id,
        account=owner.caller.account if owner.caller is not None else "default",
        destination=owner.name,
        reason=EXHAUSTED_REASON,
        attempts=row.deliveries,
        ref=row.ref,
        detail={"fields": decode_json(row.fields or "{}"), "name": row.name, "group": group},
    )
