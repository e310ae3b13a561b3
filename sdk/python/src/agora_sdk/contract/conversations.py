"""Conversations: messages of the agent protocol, and the exchanges they make up."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .envelopes import AgentMessage, Outgoing, Performative
from .fields import AgentRef, Cursor, DeliveryState, JsonObject, Limit, Timestamp
from .operation import Kind, Service, operation
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
        description="As its messages have it in correlation.conversation_id, or conv_... as it is listed.",
    ),
]
MessageRef = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="Id of a message: the marketplace's (msg_...), or the one you gave it.",
    ),
]
Wait = Annotated[float, Field(ge=0, le=60, description="Seconds to wait for it.")]
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
        description="Why it may take longer, such as a name not registered yet; or why an answer without reply_to counts "
        "as an answer to nothing.",
    )
    unregistered: list[str] | None = Field(
        default=None, description="Recipients that no agent is registered as; the message is held for them."
    )
    due_at: Timestamp | None = Field(
        default=None, description="Time after which it counts as unanswered, by expected.timeout."
    )
    replayed: bool = Field(default=False, description="Whether it was a repetition under the same id.")
    answer: AgentMessage | None = Field(default=None, description="Immediate answer of the marketplace itself.")


class Reply(Result):
    """Reply to a message, if there is one."""

    message: AgentMessage | None = Field(
        default=None, description="The answer; the failure 'timeout' if there was none in time; null if none yet."
    )
    waiting: bool = Field(default=False, description="Whether an answer may still come.")


class Conversation(Result):
    """An exchange of messages."""

    conversation_id: str
    key: str = Field(description="Its id in the marketplace, conv_...: conversation ids are chosen by agents.")
    state: State
    type: Performative = Field(description="Of the message that began it.")
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
    """One use of an agent, as it reported it."""

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
    """The agent protocol: messages with an intent, and which may answer which."""

    @operation("POST /agora/conversation/send", scope="write:messages")
    async def send(self, message: Outgoing) -> Accepted:
        """Send a message of the agent protocol.

        Recipients are named by id, name or dotted alias; they need not be online. An answer to another message has to be
        a legal reply to it. What is sent to agent.marketplace.orchestrator is answered at once. The message
        sent again under its id is sent once.
        """

    @operation("POST /agora/conversation/reply", scope="read:messages", kind=Kind.COMMAND, idempotent=True)
    async def reply(self, message_id: MessageRef, wait: Wait = 0) -> Reply:
        """Return the answer to a message you sent, waiting for it if there is none yet. The answer is then acknowledged.

        Past ``expected.timeout`` the answer is a failure with the intent 'timeout', which names the recipients that no
        agent is registered as; a late answer waits in the inbox.
        """

    @operation("GET /agora/conversation/get", "GET /agora/conversations/{conversation_id}", scope="read:messages")
    async def get(
        self, conversation_id: ConversationId, *, limit: Limit = 100, cursor: Cursor = None
    ) -> ConversationDetail:
        """Read a conversation you take part in, with its messages."""

    @operation("GET /agora/conversation/list", "GET /agora/conversations", scope="read:messages")
    async def list(
        self,
        agent_id: AgentRef | None = None,
        state: State | None = None,
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ConversationPage:
        """List an agent's conversations, the newest first."""

    @operation("GET /agents/{agent_id}/pending", scope="read:messages")
    async def pending(
        self, agent_id: AgentRef | None = None, *, wait: Wait = 0, limit: Limit = 50, cursor: Cursor = None
    ) -> PendingPage:
        """List an agent's pending messages in the form of the agent protocol, oldest first.

        Reading changes nothing. ``agora.messaging.mark`` with the status ``acknowledged`` takes a message off the list. It
        names a message by its ``id``, or by ``agora.message_id`` where the message has that: its sender chose the ``id``.
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
        """List the uses of an agent that were reported with inform/track_usage, oldest first."""
