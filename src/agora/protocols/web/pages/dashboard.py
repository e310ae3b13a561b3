"""The dashboard: an overview of the current state, and the tasks that wait for a user."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from agora_sdk.contract.events import Event

from ..drawing import draw_sparkline
from ..registry import register_fragment, register_page
from ..view import View
from .agent_names import load_agent_names
from .event_lines import EventLine, describe_events, select_notable_events
from .list_parameters import query_if_allowed
from .task_exchange import load_exchange

__all__ = [
    "load_attention_fragment",
    "load_dashboard_page",
    "load_numbers_fragment",
    "load_recent_fragment",
    "load_tallies_fragment",
]

RECENT_EVENTS = 14
COUNTED_EVENTS = ("agora.agent.*", "agora.task.*", "agora.message.*", "agora.broadcast.*")
MAX_WAITING = 8  #: maximum of each kind
ALL_WAITING = (
    ("workflows?status=waiting_approval", "All approvals"),
    ("tasks?view=table&status=input_required,auth_required", "All questions"),
    ("agents?status=error", "All agents with errors"),
)
STATES = ("active", "busy", "error", "paused", "suspended", "inactive", "offline")
TASK_STATUSES = ("pending", "in_progress", "input_required", "completed", "failed", "dead_lettered")


@register_page(
    "/",
    title="Dashboard",
    template="dashboard.html",
    nav=10,
    key="d",
    live=("numbers", "attention", "tallies", "recent"),
)
async def load_dashboard_page(view: View) -> Mapping[str, Any]:
    """Load the dashboard."""
    parts = await asyncio.gather(
        load_numbers_fragment(view),
        load_tallies_fragment(view),
        load_attention_fragment(view),
        _load_recent_values(view),
    )
    return {key: value for part in parts for key, value in part.items()}


@register_fragment("numbers", on=COUNTED_EVENTS, tick=10, every=1.0)
async def load_numbers_fragment(view: View) -> Mapping[str, Any]:
    """Load agents, work, throughput, latency, errors and cost."""
    stats = await query_if_allowed(view, "agora.monitor.stats")
    minutes = stats.minutes if stats else []
    busy, failing = any(minute.calls for minute in minutes), any(minute.errors for minute in minutes)
    return {
        "stats": stats,
        "calls": draw_sparkline([m.calls for m in minutes], "Calls a minute, in the last hour") if busy else "",
        "latency": draw_sparkline([m.p95_ms for m in minutes], "Latency in each minute of the last hour")
        if busy
        else "",
        "failures": draw_sparkline([m.errors for m in minutes], "Errors a minute", kind="bad") if failing else "",
    }


@register_fragment("tallies", on=COUNTED_EVENTS, tick=15, every=2.0)
async def load_tallies_fragment(view: View) -> Mapping[str, Any]:
    """Load agents and tasks by state, and the health of the components."""
    stats, health = await asyncio.gather(
        query_if_allowed(view, "agora.monitor.stats"), query_if_allowed(view, "agora.admin.health")
    )
    return {"stats": stats, "health": health, "states": STATES, "work": TASK_STATUSES}


@register_fragment(
    "attention",
    on=(
        "agora.workflow.*",
        "agora.task.input_required",
        "agora.task.auth_required",
        "agora.task.message",
        "agora.task.dead_lettered",
        "agora.task.cancelled",
        "agora.agent.status_changed",
    ),
    every=1.0,
)
async def load_attention_fragment(view: View) -> Mapping[str, Any]:
    """Load what requires a person."""
    limit = {"limit": MAX_WAITING}
    approvals, questions, ill = await asyncio.gather(
        query_if_allowed(view, "agora.workflow.list", {"status": "waiting_approval", **limit}),
        query_if_allowed(
            view, "agora.task.list", {"status": ["input_required", "auth_required"], "descending": True, **limit}
        ),
        query_if_allowed(view, "agora.agent.list", {"status": "error", **limit}),
    )
    asking = questions.items if questions else []
    exchanges = await asyncio.gather(*(load_exchange(view, task) for task in asking))
    return {
        "approvals": approvals.items if approvals else [],
        "questions": list(zip(asking, exchanges, strict=True)),
        "ill": ill.items if ill else [],
        "more": [
            link for page, link in zip((approvals, questions, ill), ALL_WAITING, strict=True) if page and page.has_more
        ],
    }


@register_fragment("recent", on=("*",), every=0.5, grows=True)
async def load_recent_fragment(view: View) -> Mapping[str, Any] | None:
    """Load the events since the last rendering, to be added at the top."""
    happenings = await _describe_events(view, view.events)
    return {"happenings": happenings, "fresh": True} if happenings else None


async def _load_recent_values(view: View) -> Mapping[str, Any]:
    """Load the latest events."""
    # Ten times as many as are shown: most events are of a quiet type, and left out.
    after = max(view.position - 10 * RECENT_EVENTS, 0)
    result_page = await query_if_allowed(view, "agora.event.list", {"after": after, "limit": 10 * RECENT_EVENTS})
    return {
        "happenings": await _describe_events(view, result_page.items if result_page else ()),
        "fresh": False,
        "most": RECENT_EVENTS,
    }


async def _describe_events(view: View, events: Sequence[Event]) -> list[EventLine]:
    newest = select_notable_events(events, RECENT_EVENTS)
    concerned = [event.data.get("agent_id") for event in newest if isinstance(event.data, dict)]
    return describe_events(
        newest, await load_agent_names(view, [*map(str, concerned), *(event.subject for event in newest)])
    )
