"""Records of messaging: rows of its tables and of query results."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "DELIVERIES",
    "MESSAGES",
    "AddressedAgent",
    "DeliveredState",
    "DeliveryPosition",
    "DeliveryRow",
    "InboxRow",
    "MessageRow",
    "MessageSender",
    "OverdueDelivery",
]


@record
class MessageRow:
    """A stored message. metadata: JSON. broadcast: 0 or 1. Times in microseconds since 1970."""

    tenant_id: str
    message_id: str
    from_agent: str
    from_name: str
    to_agent: str
    content: str
    message_type: str
    priority: str
    correlation_id: str | None
    reply_to: str | None
    metadata: str
    broadcast: int
    created_at: int
    expires_at: int | None


MESSAGES = Table("messages", MessageRow)


@record
class DeliveryRow:
    """A message for one recipient: an agent's id, or the held address of a name."""

    tenant_id: str
    recipient: str
    message_id: str
    state: str
    updated_at: int


DELIVERIES = Table("deliveries", DeliveryRow)


@record
class DeliveryPosition:
    """The place of a delivery in the order of deliveries."""

    recipient: str
    message_id: str


@record
class OverdueDelivery:
    """A delivery whose message has expired."""

    recipient: str
    message_id: str
    from_agent: str


@record
class AddressedAgent:
    """An agent with waiting messages under its name."""

    agent_id: str
    agent_name: str


@record
class DeliveredState:
    """The delivery state of a message."""

    message_id: str
    state: str


@record
class MessageSender:
    """The sender of a message, and whether it is a broadcast."""

    message_id: str
    from_agent: str
    broadcast: int


@record
class InboxRow(MessageRow):
    """A message in an inbox. state: state of its delivery to that recipient."""

    state: str
