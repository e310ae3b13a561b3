"""Monitor: statistics, message log and intervention for operators.

What is here is what no other service tells: numbers by the minute, everybody's messages in one log, and one call to step
in. Callers without ``read:all`` see the messages they sent or received, and broadcasts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, Field

from .agents import Agent
from .events import Event, LastEvent, Types
from .fields import (
    AgentRef,
    AgentStatusLike,
    Cursor,
    DeliveryState,
    JsonObject,
    Label,
    Limit,
    Priority,
    PriorityLike,
    Text,
    Timestamp,
)
from .messaging import Correlation, MessageId
from .operation import Exposure, Service, operation
from .results import Page, Result
from .workers import WorkerPage

__all__ = [
    "Intervention",
    "LoggedMessage",
    "MessageCount",
    "MessageLog",
    "Minute",
    "Monitor",
    "MonitorStats",
    "MonitoredAgent",
    "MonitoredAgentPage",
    "SearchResults",
]

Words = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*\S[^\x00]*$")]
Q = Annotated[
    Words | None,
    Field(description="Words that must all be in the text, in any order; A to Z are compared without case."),
]
Type = Annotated[Label | None, Field(description="Message type.")]
Agents = Annotated[AgentRef | None, Field(description="Sender or recipient.")]
Sender = Annotated[AgentRef | None, Field(description="Who sent it.")]
Recipient = Annotated[AgentRef | None, Field(description="Recipient; 'broadcast' for everyone.")]
One = Annotated[MessageId | None, Field(description="Id of a message.")]
Since = Annotated[Timestamp | None, Field(description="Sent at this time or later.")]
Until = Annotated[Timestamp | None, Field(description="Sent before this time.")]


class Minute(BaseModel):
    """Statistics of one minute. Durations are in milliseconds, of the calls; null without any."""

    minute: Timestamp
    calls: int = Field(default=0, description="Calls that change data or call another server.")
    reads: int = Field(default=0, description="Calls that only read.")
    errors: int = Field(default=0, description="Calls that failed or were refused.")
    p50_ms: float | None = None
    p95_ms: float | None = None


class Money(BaseModel):
    currency: str
    amount: float


class MonitorStats(Result):
    """The marketplace now, and in the last hour."""

    agents: int
    agents_by_status: dict[str, int]
    tasks_open: int
    tasks_by_status: dict[str, int] = Field(description="Open tasks, and those that ended in the last hour.")
    queue_depth: int = Field(description="Tasks that can be claimed.")
    messages_last_hour: int = Field(description="At most 10,000 are counted.")
    messages_waiting: int = Field(description="Held or queued, not delivered yet; at most 10,000 are counted.")
    calls_last_hour: int
    errors_last_hour: int
    error_rate: float = Field(description="Share of calls and reads of the last hour that failed, 0 to 1.")
    p50_ms: float | None = Field(
        default=None, description="Median duration of the calls of the last hour, in milliseconds."
    )
    p95_ms: float | None = None
    cost_today: list[Money] | None = Field(
        default=None, description="Since midnight UTC; null if the caller may not see it."
    )
    minutes: list[Minute] = Field(description="The last sixty, oldest first; the last one is incomplete.")
    streams: int = Field(description="Live streams that are open.")
    last_sequence: int = Field(description="Sequence of the newest event in the log.")
    started_at: Timestamp
    timestamp: Timestamp


class LoggedMessage(Result):
    """A message as the log shows it. status: where it is, of one sent to a single agent."""

    message_id: str
    timestamp: Timestamp
    type: str
    from_agent: str
    from_name: str
    to_agent: str
    content: str
    priority: Priority
    status: DeliveryState | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    metadata: JsonObject = {}
    broadcast: bool = False


class MessageLog(Page[LoggedMessage]):
    """Messages, newest first. A page may be empty although more pages follow, if few of many messages match."""

    items_field: ClassVar[str] = "messages"

    messages: list[LoggedMessage]


class SearchResults(Page[LoggedMessage]):
    items_field: ClassVar[str] = "results"

    query: str
    results: list[LoggedMessage]


class MessageCount(Result):
    total: int
    total_is_estimate: bool = Field(default=False, description="True if the count is a lower bound.")
    type_filter: str | None = None


class MonitoredAgent(Agent):
    """An agent, and what waits for it."""

    active_tasks: int = 0
    waiting_messages: int = Field(default=0, description="Messages not delivered yet.")


class MonitoredAgentPage(Page[MonitoredAgent]):
    items_field: ClassVar[str] = "agents"

    agents: list[MonitoredAgent]


class Intervention(Result):
    """An intervention of a person on an agent."""

    success: Literal[True] = True
    agent_id: str
    action: str
    timestamp: Timestamp
    message_id: str | None = Field(default=None, description="Of the message that was sent.")
    override_id: str | None = Field(default=None, description="Of the override that was placed.")
    status: str | None = None


class Monitor(Service, category="monitor"):
    """Statistics, message log, live events, and interventions."""

    @operation("GET /v1/monitor/stats", scope="read:agents", during_halt=True)
    async def stats(self) -> MonitorStats:
        """Show statistics: agents, tasks, calls per minute, errors, cost today."""

    @operation("GET /v1/monitor/agents", scope="read:agents", during_halt=True)
    async def agents(
        self,
        status: AgentStatusLike | None = None,
        search: Annotated[Words | None, Field(description="Words of the name, description or capabilities.")] = None,
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> MonitoredAgentPage:
        """List agents with their current tasks and pending messages."""

    @operation("GET /v1/monitor/workers", scope="read:tasks", during_halt=True)
    async def workers(
        self, search: Annotated[Words | None, Field(description="Part of the name.")] = None, *, limit: Limit = 500
    ) -> WorkerPage:
        """List workers: your own; operators see all."""

    @operation("GET /v1/monitor/messages", scope="read:messages", during_halt=True)
    async def messages(
        self,
        type: Type = None,
        agent: Agents = None,
        q: Q = None,
        *,
        from_agent: Sender = None,
        to_agent: Recipient = None,
        priority: PriorityLike | None = None,
        correlation_id: Correlation = None,
        message_id: One = None,
        since: Since = None,
        until: Until = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> MessageLog:
        """Read the log of messages, newest first."""

    @operation("GET /v1/monitor/search", "GET /v1/monitor/messages/search", scope="read:messages", during_halt=True)
    async def search(
        self,
        q: Annotated[Words, Field(description="Words that must all be in the text.")],
        *,
        type: Type = None,
        agent: Agents = None,
        since: Since = None,
        until: Until = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> SearchResults:
        """Search the text of messages, newest first."""

    @operation("GET /v1/monitor/count", "GET /v1/monitor/messages/count", scope="read:messages", during_halt=True)
    async def count(
        self,
        type: Type = None,
        agent: Agents = None,
        q: Q = None,
        *,
        from_agent: Sender = None,
        to_agent: Recipient = None,
        priority: PriorityLike | None = None,
        correlation_id: Correlation = None,
        message_id: One = None,
        since: Since = None,
        until: Until = None,
    ) -> MessageCount:
        """Count messages; above 10,000, or where too many rows would have to be scanned, the count is a lower bound."""

    @operation("GET /v1/monitor/export/json", "GET /v1/monitor/export/csv", scope="read:messages", during_halt=True)
    def export(
        self,
        type: Type = None,
        agent: Agents = None,
        q: Q = None,
        *,
        from_agent: Sender = None,
        to_agent: Recipient = None,
        priority: Priority | None = None,
        correlation_id: Correlation = None,
        message_id: One = None,
        since: Since = None,
        until: Until = None,
        last_event_id: Annotated[
            str | None, Field(max_length=64, pattern=r"^[0-9]+$", description="Number of the last message received.")
        ] = None,
    ) -> AsyncIterator[LoggedMessage]:
        """Export all matching messages, oldest first: as a JSON or CSV file, or a stream that ends."""

    @operation("GET /v1/monitor/stream", scope="read:events", during_halt=True)
    def stream(
        self, types: Types = [], agent: AgentRef | None = None, *, last_event_id: LastEvent = None
    ) -> AsyncIterator[Event]:
        """Stream events live: messages, agents, tasks; all events unless types are given."""

    @operation("POST /v1/monitor/intervene", scope="act:any", exposure=Exposure.OPERATOR)
    async def intervene(
        self,
        agent_id: AgentRef,
        message: Annotated[
            Text, Field(max_length=100_000, description="Message to the agent; with an override, also its reason.")
        ] = "",
        action: Annotated[
            Literal["message", "pause", "resume", "terminate", "emergency_halt"],
            Field(description="Send a message or place an override, which needs the scope admin."),
        ] = "message",
        *,
        reason: Annotated[Text, Field(max_length=2000, description="Why, for the audit trail.")] = "",
        priority: Annotated[
            int | None, Field(ge=0, le=255, description="Authority of the override; the caller's own if left out.")
        ] = None,
        expires_in: Annotated[
            int | None, Field(ge=1, le=31_536_000, description="Seconds until the override expires.")
        ] = None,
    ) -> Intervention:
        """Intervene: send an agent a message as a person, pause, resume or terminate it."""
