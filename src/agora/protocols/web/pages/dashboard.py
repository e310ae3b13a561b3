"""Dashboard: what is going on, in ten seconds; and what waits for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from agora_sdk.contract.events import Event

from ..drawing import sparkline
from ..registry import fragment, page
from ..view import View
from .agent_names import names
from .event_lines import Happening, loud, told
from .list_parameters import asked

__all__ = ["attention", "dashboard", "numbers", "recent", "tallies"]

RECENT = 14
MOVING = ("agora.agent.*", "agora.task.*", "agora.message.*", "agora.broadcast.*")
WAITING = 8
STATES = ("active", "busy", "error", "paused", "suspended", "inactive", "offline")
WORK = ("pending", "in_progress", "input_required", "completed", "failed", "dead_lettered")


@page(
    "/",
    title="Dashboard",
    template="dashboard.html",
    nav=10,
    key="d",
    live=("numbers", "attention", "tallies", "recent"),
)
async def dashboard(view: View) -> Mapping[str, Any]:
    """The first page."""
    parts = await asyncio.gather(numbers(view), tallies(view), attention(view), _recent(view))
    return {key: value for part in parts for key, value in part.items()}


@fragment("numbers", on=MOVING, tick=10, every=1.0)
async def numbers(view: View) -> Mapping[str, Any]:
    """Agents, work, throughput, latency, errors, cost."""
    stats = await asked(view, "agora.monitor.stats")
    minutes = stats.minutes if stats else []
    busy, failing = any(minute.calls for minute in minutes), any(minute.errors for minute in minutes)
    return {
        "stats": stats,
        "calls": sparkline([m.calls for m in minutes], "Calls a minute, in the last hour") if busy else "",
        "latency": sparkline([m.p95_ms for m in minutes], "Latency in each minute of the last hour") if busy else "",
        "failures": sparkline([m.errors for m in minutes], "Errors a minute", kind="bad") if failing else "",
    }


@fragment("tallies", on=MOVING, tick=15, every=2.0)
async def tallies(view: View) -> Mapping[str, Any]:
    """Agents and tasks by their states, and the health of the parts."""
    stats, health = await asyncio.gather(asked(view, "agora.monitor.stats"), asked(view, "agora.admin.health"))
    return {"stats": stats, "health": health, "states": STATES, "work": WORK}


@fragment(
    "attention",
    on=(
        "agora.workflow.*",
        "agora.task.input_required",
        "agora.task.auth_required",
        "agora.task.message",
        "agora.task.dead_lettered",
        "agora.task.cancelled",
        "agora.agent.status_changed",
        "agora.override.*",
    ),
    every=1.0,
)
async def attention(view: View) -> Mapping[str, Any]:
    """What waits for a person."""
    limit = {"limit": WAITING}
    approvals, questions, ill = await asyncio.gather(
        asked(view, "agora.workflow.list", {"status": "waiting_approval", **limit}),
        asked(view, "agora.task.list", {"status": ["input_required", "auth_required"], "descending": True, **limit}),
        asked(view, "agora.agent.list", {"status": "error", **limit}),
    )
    return {
        "approvals": approvals.items if approvals else [],
        "questions": questions.items if questions else [],
        "ill": ill.items if ill else [],
    }


@fragment("recent", on=("*",), every=0.5)
async def recent(view: View) -> Mapping[str, Any] | None:
    """What happened since, to be put on top."""
    happenings = await _told(view, view.events)
    return {"happenings": happenings, "fresh": True} if happenings else None


async def _recent(view: View) -> Mapping[str, Any]:
    """The last of what happened."""
    after = max(view.position - 10 * RECENT, 0)
    found = await asked(view, "agora.event.list", {"after": after, "limit": 10 * RECENT})
    return {"happenings": await _told(view, found.items if found else ()), "fresh": False, "most": RECENT}


async def _told(view: View, events: Sequence[Event]) -> list[Happening]:
    newest = loud(events, RECENT)
    concerned = [event.data.get("agent_id") for event in newest if isinstance(event.data, dict)]
    return told(newest, await names(view, [*map(str, concerned), *(event.subject for event in newest)]))
