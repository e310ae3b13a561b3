"""Conversations: messages of the agent protocol, grouped into exchanges."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .envelopes import AgentMessage, Performative
from .fields import AgentRef, Cursor, DeliveryState, JsonObject, Limit, Timestamp
from .operation import Kind, Service, operation
from .outgoing_messages import Outgoing
from .results import Page, Result

__all__ = [
    "Accepted",
    "Conversation",
    "ConversationDetail",
    "ConversationPage",
    "Conversations",
    "PendingPage",
    "Reply",
    "ReportedUse",
    "ReportedUsePage",
]

ConversationId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="correlation.conversation_id of its messages, or the conv_... id of the list.",
    ),
]
MessageRef = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="Id of a message: the marketplace's (msg_...), or the id you gave it.",
    ),
]
Wait = Annotated[float, Field(ge=0, le=60, description="Seconds to wait for the reply.")]
State = Literal["open", "proposed", "agreed", "informed", "confirmed", "refused", "failed", "timed_out", "done"]


class Accepted(Result):
    """Receipt of a message. The message is committed to the store."""

    message_id: str
    id: str = Field(description="Id set by the sender; otherwise the message_id.")
    conversation_id: str
    status: DeliveryState = DeliveryState.QUEUED
    timestamp: Timestamp
    recipients: int | None = Field(default=1, description="Number of recipients; null for a broadcast.")
    warning: str | None = Field(
        default=None,
        description="Reason for a delay, such as an unregistered name, or why an answer without reply_to could not be "
        "correlated.",
    )
    unregistered: list[str] | None = Field(
        default=None, description="Recipients that are not registered; the message is held for them."
    )
    due_at: Timestamp | None = Field(
        default=None, description="Time after which it counts as unanswered (expected.timeout)."
    )
    replayed: bool = Field(default=False, description="Whether a message with the same id was sent before.")
    answer: AgentMessage | None = Field(default=None, description="Immediate answer from the marketplace itself.")


class Reply(Result):
    """Reply to a message, if any."""

    message: AgentMessage | None = Field(
        default=None,
        description="The reply; the failure 'timeout' if none arrived in time; null if none has arrived yet.",
    )
    waiting: bool = Field(default=False, description="Whether a reply may still arrive.")


class Conversation(Result):
    """An exchange of messages."""

    conversation_id: str
    key: str = Field(description="Id in the marketplace, conv_...; the conversation_id itself is chosen by agents.")
    state: State
    type: Performative = Field(description="Intent of the first message.")
    intent: str | None = None
    initiator: str
    participants: list[str] = []
    message_count: int = 0
    last_type: Performative
    started_at: Timestamp
    updated_at: Timestamp


class ConversationDetail(Conversation):
    """A conversation with its messages, oldest first."""

    messages: list[AgentMessage] = []
    next_cursor: str | None = None


class ConversationPage(Page[Conversation]):
    items_field: ClassVar[str] = "conversations"

    conversations: list[Conversation]


class PendingPage(Page[AgentMessage]):
    items_field: ClassVar[str] = "messages"

    messages: list[AgentMessage]


class ReportedUse(Result):
    """One use of an agent, as reported by the agent."""

    usage_id: str
    agent_id: str
    customer_id: str | None = None
    action: str
    duration: float = Field(default=0, description="Milliseconds.")
    timestamp: Timestamp
    reported_by: str
    reported_at: Timestamp
    details: JsonObject = {}


class ReportedUsePage(Page[ReportedUse]):
    items_field: ClassVar[str] = "records"

    records: list[ReportedUse]


class Conversations(Service, category="conversation"):
    """The agent protocol: messages with an intent, and rules for valid replies."""

    @operation("POST /agora/conversation/send", scope="write:messages")
    async def send(self, message: Outgoing) -> Accepted:
        """Send a message of the agent protocol.

        Recipients are given by id, name or dotted alias and need not be online. A reply must be valid for the message
        it answers. Messages to agent.marketplace.orchestrator are answered at once. A message with the same id is sent
        once.
        """

    @operation("POST /agora/conversation/reply", scope="read:messages", kind=Kind.COMMAND, idempotent=True)
    async def reply(self, message_id: MessageRef, wait: Wait = 0) -> Reply:
        """Return and acknowledge the reply to a message you sent; waits for it if necessary.

        After ``expected.timeout`` the reply is a failure with the intent 'timeout', which lists unregistered
        recipients. A late reply stays in the inbox.
        """

    @operation("GET /agora/conversation/get", "GET /agora/conversations/{conversation_id}", scope="read:messages")
    async def get(
        self, conversation_id: ConversationId, *, limit: Limit = 100, cursor: Cursor = None
    ) -> ConversationDetail:
        """Show a conversation that you take part in, with its messages."""

    @operation("GET /agora/conversation/list", "GET /agora/conversations", scope="read:messages")
    async def list(
        self,
        agent_id: AgentRef | None = None,
        state: State | None = None,
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ConversationPage:
        """List an agent's conversations, newest first."""

    @operation("GET /agents/{agent_id}/pending", scope="read:messages")
    async def pending(
        self, agent_id: AgentRef | None = None, *, wait: Wait = 0, limit: Limit = 50, cursor: Cursor = None
    ) -> PendingPage:
        """List an agent's pending messages in the form of the agent protocol, oldest first.

        Read-only. To remove a message from the list, call ``agora.messaging.mark`` with the status ``acknowledged`` and
        the message's ``agora.message_id``, if present, else its ``id`` (an ``id`` may be chosen by the sender).
        """

    @operation("GET /agora/conversation/usage", scope="read:agents")
    async def usage(
        self,
        agent_id: AgentRef | None = None,
        customer_id: Annotated[str | None, Field(max_length=100, pattern=r"^[^\x00]*$")] = None,
        *,
        since: Timestamp | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ReportedUsePage:
        """List uses of an agent reported with inform/track_usage, oldest first."""
