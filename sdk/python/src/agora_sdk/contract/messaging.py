"""Messaging: send and receive messages."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from .fields import (
    AgentRef,
    Cursor,
    DeliveryState,
    DeliveryStateLike,
    EventType,
    JsonObject,
    Label,
    Limit,
    Offset,
    Priority,
    PriorityLike,
    Recipients,
    Text,
    Timestamp,
)
from .operation import Service, operation
from .results import Page, Result

__all__ = ["Marked", "Message", "MessagePage", "MessageReceipt", "Messaging", "SubscriptionReceipt"]

MessageId = Annotated[str, Field(max_length=64, pattern=r"^msg_[0-9a-f]{32}$")]
Content = Annotated[Text, Field(max_length=900_000, description="The message, as text.")]
Correlation = Annotated[
    str | None,
    Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="Correlation id of the exchange."),
]
Lifetime = Annotated[
    int | None,
    Field(
        ge=1,
        le=31_536_000,
        description="Seconds after which an unread message expires; default: the server's message lifetime.",
    ),
]
Wait = Annotated[float, Field(ge=0, le=60, description="Seconds to wait for a message if there is none.")]


class MessageReceipt(Result):
    """Receipt of a message. The message is committed to the store."""

    message_id: str
    status: DeliveryState
    timestamp: Timestamp
    recipients: int | None = Field(default=1, description="Number of recipients; null for a broadcast.")
    warning: str | None = Field(default=None, description="Reason for a delay, such as an unregistered name.")


class Message(Result):
    """A message as its recipient sees it."""

    message_id: str
    from_agent: str
    from_name: str
    to_agent: str
    content: str
    message_type: str = "info"
    priority: Priority = Priority.NORMAL
    status: DeliveryState = DeliveryState.QUEUED
    timestamp: Timestamp
    expires_at: Timestamp | None = Field(default=None, description="Null: the marketplace's default lifetime applies.")
    correlation_id: str | None = None
    reply_to: str | None = None
    metadata: JsonObject = {}
    broadcast: bool = False


class MessagePage(Page[Message]):
    items_field: ClassVar[str] = "messages"

    messages: list[Message]


class Marked(Result):
    """Number of messages that changed state, and ids that were not in the inbox."""

    updated: int
    status: DeliveryState
    unknown: list[str] = []


class SubscriptionReceipt(Result):
    subscription_id: str
    status: str = "active"
    event_types: list[str] = []
    position: int = Field(default=0, description="Sequence of the last event before the subscription.")
    stream_url: str = Field(default="", description="URL for reading it over WebSocket or SSE.")


class Messaging(Service, category="messaging"):
    """Durable messages with an inbox for each agent."""

    @operation("POST /agora/messaging/send", scope="write:messages")
    async def send(
        self,
        to_agent: Recipients,
        content: Content,
        message_type: Label = "info",
        priority: PriorityLike = Priority.NORMAL,
        *,
        from_agent: AgentRef | None = None,
        correlation_id: Correlation = None,
        reply_to: MessageId | None = None,
        expires_in: Lifetime = None,
        metadata: Annotated[JsonObject, Field(max_length=100)] = {},
    ) -> MessageReceipt:
        """Send a message to one agent, to several, to a capability, or to everyone.

        The receipt is returned after the commit. A message to an unregistered name is held until an agent registers it.
        """

    @operation(
        scope="write:messages",
        version="0.9.0",
        deprecation_date=date(2025, 6, 1),
        sunset_date=date(2025, 12, 1),
        replacement="agora.messaging.send@1.0.0",
        migration_guide="/docs/migration/messaging-v1",
    )
    async def send_legacy(self, to_agent: AgentRef, content: Content) -> MessageReceipt:
        """Send a message in the form of version 0.9. Sunset: use agora.messaging.send."""

    @operation("GET /agora/messaging/receive", scope="read:messages")
    async def receive(
        self,
        agent_id: AgentRef | None = None,
        since: Timestamp | None = None,
        message_type: Label | None = None,
        *,
        priority: PriorityLike | None = None,
        unread: bool | None = None,
        status: DeliveryStateLike | None = None,
        from_agent: AgentRef | None = None,
        correlation_id: Correlation = None,
        reply_to: MessageId | None = None,
        wait: Wait = 0,
        limit: Limit = 50,
        offset: Offset = 0,
        cursor: Cursor = None,
    ) -> MessagePage:
        """Read an agent's inbox, oldest first. Read-only: ``mark`` changes message states.

        Agents read their own inbox. An operator must name the agent (``agent_id``); ``operator`` is the operator's own
        inbox. ``unread`` true returns unread messages, false returns read ones. With ``wait``, the call waits for a
        message if the inbox is empty.
        """

    @operation("POST /agora/messaging/mark", scope="write:messages", idempotent=True)
    async def mark(
        self,
        message_ids: Annotated[list[MessageId], Field(min_length=1, max_length=500)],
        status: DeliveryStateLike = DeliveryState.READ,
        agent_id: AgentRef | None = None,
    ) -> Marked:
        """Mark messages of an inbox as delivered, read or acknowledged. A state never moves back."""

    @operation("POST /agora/messaging/subscribe", scope="read:events")
    async def subscribe(
        self,
        agent_id: AgentRef | None = None,
        event_types: Annotated[list[EventType], Field(max_length=50)] = [],
    ) -> SubscriptionReceipt:
        """Create a durable subscription to an agent's events, to be read at ``/ws`` or ``/events``."""
