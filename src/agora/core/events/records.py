"""Records of events: rows of the log, and durable subscriptions."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = ["SUBSCRIPTIONS", "LogBounds", "LogEntry", "SubscriptionRow"]


@record
class SubscriptionRow:
    """A row of ``subscriptions``: an event filter, JSON, and the sequence up to which its events were received."""

    tenant_id: str
    subscription_id: str
    owner: str
    filter: str
    position: int
    created_at: int


@record
class LogEntry:
    """An event of the log as a page reads it. data: JSON; None when it is large. audience: JSON array of agent ids."""

    seq: int
    event_id: str
    type: str
    source: str
    subject: str | None
    time: int
    audience: str | None
    data: bytes | None


@record
class LogBounds:
    """Sequences of the oldest and of the newest event; None in an empty log."""

    oldest: int | None
    head: int | None


SUBSCRIPTIONS = Table("subscriptions", SubscriptionRow)
