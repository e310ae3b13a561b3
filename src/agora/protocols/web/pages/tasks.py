"""Tasks: waiting, running and finished ones."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from agora_sdk.contract import fields
from agora_sdk.contract.tasks import TaskEntry
from agora_sdk.contract.tasks.coding import JOB_TYPE

from ..registry import register_fragment, register_page
from ..view import View
from .agent_names import load_agent_names
from .charges import load_charges
from .coding_jobs import OPEN_STATUSES, find_session_ids, load_codebase, load_review, sum_usage
from .list_parameters import (
    has_event_about,
    list_page_or_filter_error,
    query_if_allowed,
    read_url_filters,
    register_target_fragment,
)
from .model_work import load_model_work
from .task_exchange import list_readable_parts_of_entry, load_exchange

__all__ = ["LANES", "load_task_page", "load_tasks_page"]

MAX_CARDS = 15  #: maximum of a lane of the board
OUTPUT_TAIL_CHARACTERS = 20_000  #: maximum characters of output shown
MAX_TRAIL_ENTRIES = 200  #: maximum entries of the history shown, newest ones
MAX_TRAIL_PAGES = 10  #: maximum pages of the history read to find them

#: lanes of the board: title, states, text of an empty one
LANES = (
    ("Waiting", ("pending",), "No waiting tasks."),
    ("In progress", ("in_progress",), "No tasks in progress."),
    ("Needs an answer", ("input_required", "auth_required"), "No questions."),
    ("Done", ("completed",), "No completed tasks."),
    ("Not completed", ("failed", "cancelled", "rejected", "expired", "dead_lettered"), "No failures."),
)


@register_page("tasks", title="Tasks", scope="read:tasks", nav=30, key="t", live=("task_list",))
async def load_tasks_page(view: View) -> Mapping[str, Any]:
    """Load the board or the table."""
    return {
        **await load_task_list_fragment(view),
        "statuses": [status.value for status in fields.TaskStatus],
        "priorities": [priority.value for priority in fields.Priority],
    }


@register_fragment("task_list", on=("agora.task.*",), every=1.0)
async def load_task_list_fragment(view: View) -> Mapping[str, Any]:
    """Load the current board or table."""
    filters = read_url_filters(view, "agent_id", "task_type", "priority", "worker_id")
    if view.query.get("view") != "table":
        lanes = await asyncio.gather(*(_load_lane_values(view, lane, filters) for lane in LANES))
        cards = [task for lane in lanes if lane["page"].count for task in lane["page"].items]
        agent_names = await load_agent_names(view, [task.assigned_agent for task in cards])
        return {"lanes": lanes, "names": agent_names, "found": None, "trouble": None, "filtered": bool(filters)}
    filters |= read_url_filters(view, "status", "sort", "workflow_id")
    result_page, error = await list_page_or_filter_error(
        view, "agora.task.list", {"descending": "sort" not in filters, **filters}
    )
    agent_names = await load_agent_names(
        view, [task.assigned_agent for task in result_page.items] if result_page.count else []
    )
    return {"lanes": [], "names": agent_names, "found": result_page, "trouble": error, "filtered": bool(filters)}


async def _load_lane_values(
    view: View, lane: tuple[str, tuple[str, ...], str], filters: Mapping[str, str]
) -> Mapping[str, Any]:
    title, statuses, words = lane
    arguments = {**filters, "status": list(statuses), "descending": True}
    page, error = await list_page_or_filter_error(view, "agora.task.list", arguments, rows=MAX_CARDS)
    return {"title": title, "statuses": statuses, "page": page, "empty": error or words}


@register_page(
    "tasks/{task_id}",
    title="Task",
    scope="read:tasks",
    live=("task_now", "task_question", "task_output", "task_artifacts", "task_model", "task_trail"),
)
async def load_task_page(view: View) -> Mapping[str, Any]:
    """Load one task: its state, output, history, and the work of models."""
    parts = await asyncio.gather(_load_task_values(view), _load_output_values(view), _load_trail_values(view))
    return {key: value for part in parts for key, value in part.items()}


@register_fragment("task_model", on=("agora.task.*",), every=1.0)
async def load_task_model_fragment(view: View) -> Mapping[str, Any] | None:
    """Load the work of models on it."""
    if not has_event_about(view, view.path["task_id"]):
        return None
    task = await view.invoke("agora.task.get", {"task_id": view.path["task_id"]})
    return {"task": task, "work": await load_model_work(view, task)}


@register_target_fragment("task_now", "task_id", on=("agora.task.*",), every=0.25)
@register_target_fragment("task_question", "task_id", on=("agora.task.*",), every=0.5)
@register_target_fragment("task_artifacts", "task_id", on=("agora.task.*",), every=0.5)
async def _load_task_values(view: View) -> Mapping[str, Any]:
    task = await view.invoke("agora.task.get", {"task_id": view.path["task_id"]})
    agent_names, exchange, charges, work, review, codebase = await asyncio.gather(
        load_agent_names(view, [task.created_by, task.assigned_agent]),
        load_exchange(view, task),
        load_charges(view, task_id=task.task_id),
        load_model_work(view, task),
        load_review(view, task),
        load_codebase(view, task),
    )
    return {
        "task": task,
        "open": task.status in OPEN_STATUSES,
        "names": agent_names,
        "exchange": exchange,
        "charges": charges,
        "work": work,
        "is_job": task.task_type == JOB_TYPE,
        "session": find_session_ids(task),
        "review": review,
        "codebase": codebase,
        "requirements": [
            name for name in task.required_capabilities if not (codebase and name.startswith("codebase:"))
        ],
        "usage": sum_usage([task]),
    }


@register_target_fragment("task_output", "task_id", on=("agora.task.output", "agora.task.requeued"), every=0.25)
async def _load_output_values(view: View) -> Mapping[str, Any]:
    """Build the last characters of the output; its size is known only from the first response."""
    id = view.path["task_id"]
    output = await query_if_allowed(view, "agora.task.output", {"task_id": id, "limit": OUTPUT_TAIL_CHARACTERS})
    if output is not None and output.has_more:
        output = await query_if_allowed(
            view,
            "agora.task.output",
            {"task_id": id, "offset": output.size - OUTPUT_TAIL_CHARACTERS, "limit": OUTPUT_TAIL_CHARACTERS},
        )
    return {"output": output}


@register_target_fragment("task_trail", "task_id", on=("agora.task.*",), every=0.5)
async def _load_trail_values(view: View) -> Mapping[str, Any]:
    """Build the newest entries: the history is read from the beginning, and only its end is shown."""
    arguments: dict[str, Any] = {"task_id": view.path["task_id"], "limit": 500}
    entries: list[TaskEntry] = []
    for _ in range(MAX_TRAIL_PAGES):
        page = await query_if_allowed(view, "agora.task.history", arguments)
        if page is None:
            break
        entries = [*entries, *page.items][-MAX_TRAIL_ENTRIES:]
        if page.next_cursor is None:
            break
        arguments["cursor"] = page.next_cursor
    trail = [(entry, list_readable_parts_of_entry(entry)) for entry in entries]
    return {"trail": trail, "actors": await load_agent_names(view, [entry.actor for entry in entries])}
