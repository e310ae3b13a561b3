"""Events: the event log as CloudEvents 1.0, live and replayed from any position."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue

from .fields import AgentRef, Cursor, EventType, JsonData, Limit, Timestamp
from .messaging import SubscriptionReceipt
from .operation import Service, operation
from .results import Page, Result

__all__ = ["Event", "EventPage", "EventReceipt", "Events"]

Types = Annotated[list[EventType], Field(max_length=50, description="Event types or patterns; all if empty.")]
Subject = Annotated[str | None, Field(max_length=200, pattern=r"^[^\x00]*$")]
Audience = Annotated[list[AgentRef], Field(max_length=100, description="Agents that can see it; everyone if empty.")]
Sequence = Annotated[int | None, Field(ge=0, description="Only events after this sequence number.")]
LastEvent = Annotated[
    str | None, Field(max_length=64, description="Resume after this event: its id (evt_...) or its sequence number.")
]
SubscriptionId = Annotated[str, Field(max_length=64, pattern=r"^sub_[0-9a-f]{32}$")]


class Event(Result):
    """A CloudEvents 1.0 record; ``sequence`` orders the events of a marketplace without gaps."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    type: str
    source: str
    subject: str | None = None
    time: Timestamp
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: int
    data: JsonValue = None


class EventPage(Page[Event]):
    items_field: ClassVar[str] = "events"

    events: list[Event]
    last_sequence: int = Field(default=0, description="Sequence of the newest event in the log.")


class EventReceipt(Result):
    event_id: str
    event_type: str
    timestamp: Timestamp


class Events(Service, category="event"):
    """The event log: publish, read back, subscribe, stream."""

    @operation("POST /events", scope="write:events")
    async def publish(
        self,
        event_type: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.-]+$")],
        data: JsonData = None,
        subject: Subject = None,
        *,
        to: Audience = [],
    ) -> EventReceipt:
        """Publish an event. Types beginning with ``agora.`` are reserved for the server."""

    @operation("GET /agora/event/list", scope="read:events")
    async def list(
        self,
        types: Types = [],
        agent: AgentRef | None = None,
        subject: Subject = None,
        *,
        after: Sequence = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> EventPage:
        """Read the event log, oldest first, from a sequence number on."""

    @operation("POST /agora/event/subscribe", scope="read:events")
    async def subscribe(
        self,
        types: Types = [],
        agent: AgentRef | None = None,
        subject: Subject = None,
    ) -> SubscriptionReceipt:
        """Create a durable subscription: a filter and a position that survive reconnects."""

    @operation("GET /events", scope="read:events")
    def stream(
        self,
        types: Types = [],
        agent: AgentRef | None = None,
        subject: Subject = None,
        *,
        subscription_id: SubscriptionId | None = None,
        last_event_id: LastEvent = None,
    ) -> AsyncIterator[Event]:
        """Stream events live, preceded by the events since ``last_event_id``, without gaps or duplicates."""
