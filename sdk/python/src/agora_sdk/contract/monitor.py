"""Monitor: statistics, message log and intervention for operators.

Data that no other service offers: statistics by the minute, one log of all messages, and a single call to intervene.
Callers without ``read:all`` see only broadcasts and messages that they sent or received.
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
    Field(description="Words that must all be in the text, in any order; A to Z are case-insensitive."),
]
Type = Annotated[Label | None, Field(description="Message type.")]
Agents = Annotated[AgentRef | None, Field(description="Sender or recipient.")]
Sender = Annotated[AgentRef | None, Field(description="Who sent it.")]
Recipient = Annotated[AgentRef | None, Field(description="Recipient; 'broadcast' for everyone.")]
One = Annotated[MessageId | None, Field(description="Id of a message.")]
Since = Annotated[Timestamp | None, Field(description="Only messages sent at this time or later.")]
Until = Annotated[Timestamp | None, Field(description="Only messages sent before this time.")]


class Minute(BaseModel):
    """Statistics of one minute. Call durations are in milliseconds; null without calls."""

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
    """Statistics of the marketplace: current values and the last hour."""

    agents: int
    agents_by_status: dict[str, int]
    tasks_open: int
    tasks_by_status: dict[str, int] = Field(description="Open tasks, and tasks that ended in the last hour.")
    queue_depth: int = Field(description="Tasks that can be claimed.")
    messages_last_hour: int = Field(description="Counted up to 10,000.")
    messages_waiting: int = Field(description="Held or queued, not delivered yet; counted up to 10,000.")
    calls_last_hour: int
    errors_last_hour: int
    error_rate: float = Field(description="Fraction of calls and reads in the last hour that failed, 0 to 1.")
    p50_ms: float | None = Field(
        default=None, description="Median duration of the calls of the last hour, in milliseconds."
    )
    p95_ms: float | None = None
    cost_today: list[Money] | None = Field(
        default=None, description="Since midnight UTC; null if not visible to the caller."
    )
    minutes: list[Minute] = Field(description="The last 60 minutes, oldest first; the last one is incomplete.")
    streams: int = Field(description="Number of open live streams.")
    last_sequence: int = Field(description="Sequence of the newest event in the log.")
    started_at: Timestamp
    timestamp: Timestamp


class LoggedMessage(Result):
    """A message in the log. status: delivery state, if it was sent to a single agent."""

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
    """Messages, newest first. A page may be empty although more pages follow."""

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
    """An agent with its open tasks and pending messages."""

    active_tasks: int = 0
    waiting_messages: int = Field(default=0, description="Messages not delivered yet.")


class MonitoredAgentPage(Page[MonitoredAgent]):
    items_field: ClassVar[str] = "agents"

    agents: list[MonitoredAgent]


class Intervention(Result):
    """An intervention by a person."""

    success: Literal[True] = True
    agent_id: str
    action: str
    timestamp: Timestamp
    message_id: str | None = Field(default=None, description="Id of the sent message.")
    override_id: str | None = Field(default=None, description="Id of the override.")
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
        search: Annotated[Words | None, Field(description="Words in the name, description or capabilities.")] = None,
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
        """Read the message log, newest first."""

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
        """Search message texts, newest first."""

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
        """Count messages. The count is a lower bound above 10,000, or if too many rows would have to be scanned."""

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
            str | None, Field(max_length=64, pattern=r"^[0-9]+$", description="Number of the last received message.")
        ] = None,
    ) -> AsyncIterator[LoggedMessage]:
        """Export all matching messages, oldest first, as a JSON or CSV file or as a finite stream."""

    @operation("GET /v1/monitor/stream", scope="read:events", during_halt=True)
    def stream(
        self, types: Types = [], agent: AgentRef | None = None, *, last_event_id: LastEvent = None
    ) -> AsyncIterator[Event]:
        """Stream live events of messages, agents and tasks; all events unless types are given."""

    @operation("POST /v1/monitor/intervene", scope="act:any", exposure=Exposure.OPERATOR)
    async def intervene(
        self,
        agent_id: AgentRef,
        message: Annotated[
            Text, Field(max_length=100_000, description="Message to the agent; also the reason of an override.")
        ] = "",
        action: Annotated[
            Literal["message", "pause", "resume", "terminate", "emergency_halt"],
            Field(description="Send a message, or create an override (needs the scope admin)."),
        ] = "message",
        *,
        reason: Annotated[Text, Field(max_length=2000, description="Why, for the audit trail.")] = "",
        priority: Annotated[
            int | None, Field(ge=0, le=255, description="Authority of the override; default: the caller's own.")
        ] = None,
        expires_in: Annotated[
            int | None, Field(ge=1, le=31_536_000, description="Seconds until the override expires.")
        ] = None,
    ) -> Intervention:
        """Intervene as a person: send an agent a message, or pause, resume or terminate it."""
