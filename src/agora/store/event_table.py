"""The table of the event log, which an engine writes with every commit."""

from __future__ import annotations

from pydantic_core import to_json

from .port import Table
from .records import record

__all__ = ["EVENTS", "EventRow", "encode_audience"]


@record
class EventRow:
    """A row of ``events``. data: JSON. audience: as :func:`encode_audience`."""

    tenant_id: str
    seq: int
    event_id: str
    type: str
    source: str
    subject: str | None
    time: int
    data: bytes
    audience: str | None


EVENTS = Table("events", EventRow)


def encode_audience(audience: tuple[str, ...] | None) -> str | None:
    """JSON array of the agents that may see an event; null for everyone."""
    return None if audience is None else to_json(audience).decode()
