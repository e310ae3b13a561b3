"""Messages as shown to recipients and in the event stream, and delivery of held messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from agora.clock import SECOND, to_datetime
from agora.core.call import Call, decode_json, encode_json
from agora.domains.agents import queries as agents
from agora.domains.agents.references import build_address_of_name
from agora_sdk.contract.fields import DeliveryState, JsonObject, Priority
from agora_sdk.contract.messaging import Message

from . import queries as messages
from .endpoints import append_endpoint_delivery, find_http_endpoint
from .records import MessageRow

__all__ = [
    "build_message_fields",
    "build_message_from_row",
    "compute_expiry_horizon",
    "deliver_messages_held_for_name",
    "emit_message_event",
    "transfer_unread_messages",
]

MAX_HANDED_OVER: Final = 1000  #: maximum of messages transferred by one call


def compute_expiry_horizon(call: Call) -> int:
    """Compute the time (microseconds since 1970) before which messages without an own expiry have expired."""
    return int(call.now - call.context.settings.message_lifetime * SECOND)


def build_message_fields(row: MessageRow, metadata: JsonObject | None = None) -> dict[str, Any]:
    """Build the fields of a queued message from its row. metadata: the parsed metadata of the row, if available."""
    return {
        "message_id": row.message_id,
        "from_agent": row.from_agent,
        "from_name": row.from_name,
        "to_agent": row.to_agent,
        "content": row.content,
        "message_type": row.message_type,
        "priority": row.priority,
        "status": DeliveryState.QUEUED.value,
        "timestamp": to_datetime(row.created_at),
        "expires_at": to_datetime(row.expires_at) if row.expires_at else None,
        "correlation_id": row.correlation_id,
        "reply_to": row.reply_to,
        "metadata": decode_json(row.metadata) if metadata is None else metadata,
        "broadcast": bool(row.broadcast),
    }


def build_message_from_row(row: MessageRow, recipient: str, state: str) -> Message:
    """Build a message from its row, as shown to one recipient."""
    fields = build_message_fields(row)
    # The row names all recipients; each sees only itself.
    fields["to_agent"] = "broadcast" if row.broadcast else recipient
    fields["priority"], fields["status"] = Priority(row.priority), DeliveryState(state)
    return Message.model_construct(**fields)


def emit_message_event(
    call: Call, row: MessageRow, recipients: Sequence[str], metadata: JsonObject | None = None
) -> None:
    """Emit the event that carries a message to its recipients' streams. metadata: of the row, parsed, if available."""
    sender, message_id = row.from_agent, row.message_id
    data = build_message_fields(row, metadata) | {"recipients": list(recipients)}
    source = f"/agora/agents/{sender}"
    if row.broadcast:
        call.emit("agora.broadcast.sent", data, subject=message_id, source=source)
    else:
        # The sender sees its own message too, for streams that show both sides of a conversation.
        audience = (sender, *(agent for agent in recipients if agent != sender))
        call.emit("agora.message.received", data, subject=message_id, audience=audience, source=source)


async def deliver_messages_held_for_name(call: Call, agent_id: str, agent_name: str) -> int:
    """Deliver messages held for a name to its current holder; return their number."""
    address = build_address_of_name(agent_name)
    # Most names have no held messages: one indexed read spares the three statements below with each registration.
    if await call.tx.one(messages.select_any_delivery, address=address) is None:
        return 0
    # Before the rest is moved: a message delivered under both addresses would violate the primary key.
    await call.tx.execute(messages.delete_duplicate_deliveries, agent_id=agent_id, address=address)
    rows = await call.tx.all(
        messages.select_held_messages, address=address, now=call.now, horizon=compute_expiry_horizon(call)
    )
    # Expired deliveries are moved too, so that the next holder of the name does not get them.
    await call.tx.execute(messages.readdress_deliveries, agent_id=agent_id, address=address, now=call.now)
    agent = await call.tx.one(agents.select_agent_by_id, ref=agent_id) if rows else None
    endpoint = None if agent is None else find_http_endpoint(agent, call.context.settings)
    for row in rows:
        emit_message_event(call, row, (agent_id,))
        if endpoint is not None:
            append_endpoint_delivery(call, row, endpoint, None)
    return len(rows)


async def transfer_unread_messages(call: Call, left: str, agent_id: str) -> int:
    """Transfer the unread messages of a retired agent to another one, at most ``MAX_HANDED_OVER``; return their number."""
    parameters = {"address": left, "agent_id": agent_id, "now": call.now}
    unread = await call.tx.all(
        messages.select_unread_messages, **parameters, horizon=compute_expiry_horizon(call), limit=MAX_HANDED_OVER
    )
    await call.tx.execute(
        messages.requeue_deliveries, **parameters, ids=encode_json([row.message_id for row in unread])
    )
    for row in unread:
        emit_message_event(call, row, (agent_id,))
    return len(unread)
