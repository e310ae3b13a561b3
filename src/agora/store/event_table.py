"""The event log's table: what an engine writes with every commit."""

from __future__ import annotations

from pydantic_core import to_json

from .port import Table

__all__ = ["EVENTS", "audience_text"]

EVENTS = Table(
    "events",
    (
        ("tenant_id", "text"),
        ("seq", "bigint"),
        ("event_id", "text"),
        ("type", "text"),
        ("source", "text"),
        ("subject", "text"),
        ("time", "bigint"),
        ("data", "bytea"),
        ("audience", "text"),
    ),
)


def audience_text(audience: tuple[str, ...] | None) -> str | None:
    """JSON array of the agents that may see an event; null for everyone."""
    return None if audience is None else to_json(audience).decode()
