"""Columns of the tables, for each kind of thing that deserves better than its fields in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

from .output import Column

__all__ = ["TABLES"]


def _columns(**headings: str) -> list[Column]:
    return [(heading.replace("_", " "), attrgetter(field)) for heading, field in headings.items()]


_AGENTS = _columns(
    name="agent_name",
    id="agent_id",
    status="status",
    tier="service_tier",
    capabilities="capabilities",
    load="load",
    rating="reputation",
    last_activity="last_activity",
)
_SERVICES = [
    *_columns(name="name", version="version", status="status", kind="kind", scope="scope"),
    ("calls", lambda service: service.usage.calls if service.usage else None),
    ("p99 ms", lambda service: service.usage.p99_ms if service.usage else None),
    ("description", lambda service: service.description.split("\n", 1)[0]),
]

#: Columns by the field that holds a page's items.
TABLES: Mapping[str, Sequence[Column]] = {
    "agents": _AGENTS,
    "services": _SERVICES,
    "messages": _columns(
        time="timestamp",
        sender="from_name",
        to="to_agent",
        type="message_type",
        priority="priority",
        state="status",
        content="content",
        id="message_id",
    ),
    "events": _columns(seq="sequence", time="time", type="type", source="source", subject="subject", data="data"),
    "tokens": _columns(
        label="label",
        id="token_id",
        kind="kind",
        scopes="scopes",
        created="created_at",
        expires="expires_at",
        revoked="revoked_at",
    ),
    "entries": _columns(
        time="time", actor="actor", operation="operation", target="target", outcome="outcome", detail="detail"
    ),
}
