"""Tasks: what waits, what runs, what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from agora_sdk.contract import fields

from ..registry import fragment, page
from ..view import View
from .agent_names import names
from .list_parameters import asked, chosen, concerns, listed

__all__ = ["LANES", "task", "tasks"]

CARDS = 15  #: of a lane of the board
TAIL = 20_000  #: characters of output that are shown

#: Lanes of the board: its title, the states in it, what an empty one says.
LANES = (
    ("Waiting", ("pending",), "Nothing waits."),
    ("In progress", ("in_progress",), "Nobody works on anything."),
    ("Needs an answer", ("input_required", "auth_required"), "No questions."),
    ("Done", ("completed",), "Nothing done yet."),
    ("Ended otherwise", ("failed", "cancelled", "rejected", "expired", "dead_lettered"), "No failures."),
)
OPEN = frozenset({"pending", "in_progress", "input_required", "auth_required"})


@page("tasks", title="Tasks", scope="read:tasks", nav=30, key="t", live=("task_list",))
async def tasks(view: View) -> Mapping[str, Any]:
    """The board, or the table."""
    return {
        **await task_list(view),
        "statuses": [status.value for status in fields.TaskStatus],
        "priorities": [priority.value for priority in fields.Priority],
    }


@fragment("task_list", on=("agora.task.*",), every=1.0)
async def task_list(view: View) -> Mapping[str, Any]:
    """Either of them, as it is now."""
    wanted = chosen(view, "agent_id", "task_type", "priority", "worker_id")
    if view.query.get("view") != "table":
        lanes = await asyncio.gather(*(_lane(view, lane, wanted) for lane in LANES))
        cards = [task for lane in lanes if lane["page"].count for task in lane["page"].items]
        known = await names(view, [task.assigned_agent for task in cards])
        return {"lanes": lanes, "names": known, "found": None, "trouble": None, "filtered": bool(wanted)}
    wanted |= chosen(view, "status", "sort", "workflow_id")
    found, trouble = await listed(view, "agora.task.list", {"descending": "sort" not in wanted, **wanted})
    known = await names(view, [task.assigned_agent for task in found.items] if found.count else [])
    return {"lanes": [], "names": known, "found": found, "trouble": trouble, "filtered": bool(wanted)}


async def _lane(view: View, lane: tuple[str, tuple[str, ...], str], wanted: Mapping[str, str]) -> Mapping[str, Any]:
    title, statuses, words = lane
    arguments = {**wanted, "status": list(statuses), "descending": True}
    page, trouble = await listed(view, "agora.task.list", arguments, rows=CARDS)
    return {"title": title, "statuses": statuses, "page": page, "empty": trouble or words}


@page("tasks/{task_id}", title="Task", scope="read:tasks", live=("task_now", "task_output", "task_trail"))
async def task(view: View) -> Mapping[str, Any]:
    """One task: what it is, its output, who did what to it."""
    parts = await asyncio.gather(_now(view), _output(view), _trail(view))
    return {key: value for part in parts for key, value in part.items()}


@fragment("task_now", on=("agora.task.*",), every=0.25)
async def task_now(view: View) -> Mapping[str, Any] | None:
    """How it stands."""
    return await _now(view) if concerns(view, view.path["task_id"]) else None


@fragment("task_output", on=("agora.task.output", "agora.task.requeued"), every=0.25)
async def task_output(view: View) -> Mapping[str, Any] | None:
    """The end of what it has written."""
    return await _output(view) if concerns(view, view.path["task_id"]) else None


@fragment("task_trail", on=("agora.task.*",), every=0.5)
async def task_trail(view: View) -> Mapping[str, Any] | None:
    """Who did what to it."""
    return await _trail(view) if concerns(view, view.path["task_id"]) else None


async def _now(view: View) -> Mapping[str, Any]:
    task = await view.invoke("agora.task.get", {"task_id": view.path["task_id"]})
    known = await names(view, [task.created_by, task.assigned_agent])
    return {"task": task, "open": task.status in OPEN, "names": known}


async def _output(view: View) -> Mapping[str, Any]:
    """The last characters; how many there are is known only from the first answer."""
    id = view.path["task_id"]
    output = await asked(view, "agora.task.output", {"task_id": id, "limit": TAIL})
    if output is not None and output.has_more:
        output = await asked(view, "agora.task.output", {"task_id": id, "offset": output.size - TAIL, "limit": TAIL})
    return {"output": output}


async def _trail(view: View) -> Mapping[str, Any]:
    trail = await asked(view, "agora.task.history", {"task_id": view.path["task_id"], "limit": 200})
    return {"trail": trail, "actors": await names(view, [entry.actor for entry in trail.items] if trail else [])}
