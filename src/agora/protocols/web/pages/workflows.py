"""Workflows: the graph with live states, timeline, approvals and changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from agora_sdk.contract import fields
from agora_sdk.contract.workflows import Span, StepState, Timeline, Workflow, WorkflowStatus

from .. import drawing
from ..filters import format_duration, format_quantity
from ..registry import register_fragment, register_page
from ..view import View
from .agent_names import load_agent_names
from .charges import load_charges
from .list_parameters import has_event_about, list_page_or_filter_error, query_if_allowed, read_url_filters

__all__ = ["load_workflow_page", "load_workflows_page"]

EVENTS = ("agora.workflow.*",)
MAX_INLINE_STEPS = 60  #: maximum steps of a graph drawn on the event loop; larger ones are drawn in a thread
MAX_FAILURES = 5  #: maximum failed steps linked on a page
ENDED_STATUSES = frozenset({"completed", "failed", "skipped", "cancelled"})
MAX_SPANS = 300  #: maximum rows of the timeline
OPEN_STATUSES = ("pending", "running", "paused", "waiting_approval")
UNDER_WAY_FILTER = "under_way"  #: the filter for all OPEN states


@register_page("workflows", title="Workflows", scope="read:workflows", nav=40, key="w", live=("workflow_rows",))
async def load_workflows_page(view: View) -> Mapping[str, Any]:
    """Load all workflows, newest first."""
    return {
        **await load_workflow_rows_fragment(view),
        "statuses": [UNDER_WAY_FILTER, *(status.value for status in WorkflowStatus)],
        "priorities": [priority.value for priority in fields.Priority],
    }


@register_fragment("workflow_rows", on=EVENTS, every=1.0)
async def load_workflow_rows_fragment(view: View) -> Mapping[str, Any]:
    """Load the table."""
    filters = read_url_filters(view, "status", "agent_id")
    arguments = filters | {"status": list(OPEN_STATUSES)} if filters.get("status") == UNDER_WAY_FILTER else filters
    result_page, error = await list_page_or_filter_error(view, "agora.workflow.list", arguments)
    creator_names = await load_agent_names(
        view, [flow.created_by for flow in result_page.items] if result_page.count else []
    )
    return {"found": result_page, "names": creator_names, "trouble": error, "filtered": bool(filters)}


@register_page(
    "workflows/{workflow_id}", title="Workflow", scope="read:workflows", live=("workflow_now", "workflow_time")
)
async def load_workflow_page(view: View) -> Mapping[str, Any]:
    """Load one workflow."""
    now, time = await asyncio.gather(_load_workflow_values(view), _load_timeline_values(view))
    return {**now, **time}


@register_fragment("workflow_now", on=(*EVENTS, "agora.task.progress", "agora.task.started"), every=0.5)
async def load_workflow_now_fragment(view: View) -> Mapping[str, Any] | None:
    """Load its graph and steps."""
    # Events of other workflows arrive here too: the filter of a fragment knows types, not subjects.
    return await _load_workflow_values(view) if _is_concerned(view) else None


@register_fragment("workflow_time", on=EVENTS, tick=5, every=1.0)
async def load_workflow_time_fragment(view: View) -> Mapping[str, Any] | None:
    """Load its bars, which grow while it runs."""
    return await _load_timeline_values(view) if _is_concerned(view) else None


def _is_concerned(view: View) -> bool:
    id = view.path["workflow_id"]
    return has_event_about(view, id) or any(
        isinstance(e.data, dict) and e.data.get("workflow_id") == id for e in view.events
    )


async def _load_workflow_values(view: View) -> Mapping[str, Any]:
    flow: Workflow = await view.invoke("agora.workflow.status", {"workflow_id": view.path["workflow_id"]})
    words = (
        f"Workflow {flow.workflow_name}, {format_quantity(len(flow.steps), 'step')}, {flow.status.replace('_', ' ')}"
    )
    waits = _list_unfinished_dependencies(flow)
    stages = [_to_stage(view, step, waits) for step in flow.steps]
    many = len(stages) > MAX_INLINE_STEPS
    return {
        "flow": flow,
        "names": await load_agent_names(view, [flow.created_by, *(step.assigned_agent for step in flow.steps)]),
        "open": flow.status in OPEN_STATUSES,
        "charges": await load_charges(view, workflow_id=flow.workflow_id),
        "graph": await asyncio.to_thread(drawing.draw_workflow, stages, words)
        if many
        else drawing.draw_workflow(stages, words),
        "awaiting": [step for step in flow.steps if step.awaiting],
        "failures": [step for step in flow.steps if step.status == "failed"][:MAX_FAILURES],
        "states": {step.name: _choose_step_state(step, waits) for step in flow.steps},
        "waits": waits,
    }


def _list_unfinished_dependencies(flow: Workflow) -> Mapping[str, list[str]]:
    """List the unfinished dependencies of each step that has not begun, by step name."""
    ended_steps = {step.name for step in flow.steps if step.completed_at is not None or step.status in ENDED_STATUSES}
    return {
        step.name: [name for name in step.depends_on if name not in ended_steps]
        for step in flow.steps
        if step.status == "pending"
    }


def _choose_step_state(step: StepState, waits: Mapping[str, list[str]]) -> str:
    """Return the displayed state: a blocked step is distinguished from a pending one."""
    if step.awaiting:
        return "waiting_approval"
    return "blocked" if waits.get(step.name) else str(step.status)


def _to_stage(view: View, step: StepState, waits: Mapping[str, list[str]]) -> drawing.Stage:
    share = step.progress / 100 if step.status == "running" else None
    detail = step.agent or ", ".join(step.capability)
    if step.items is not None:
        detail, share = f"{step.items.completed} of {step.items.total}", step.items.completed / max(step.items.total, 1)
    elif step.awaiting:
        detail = "waits for approval"
    elif step.duration_seconds is not None and step.completed_at:
        detail = f"{detail} · {format_duration(step.duration_seconds)}".lstrip(" ·")
    href = view.url(f"tasks/{step.task_id}") if step.task_id else None
    if step.workflow_id:
        href = view.url(f"workflows/{step.workflow_id}")
    if waits.get(step.name):
        detail = f"waits for {', '.join(waits[step.name])}"
    elif step.status == "ready" and not step.awaiting:
        detail = f"ready: {detail}" if detail else "ready"
    status = _choose_step_state(step, waits) if not step.awaiting else step.status
    return drawing.Stage(step.name, status, step.depends_on, detail, share, step.awaiting is not None, href)


def _to_bar(span: Span) -> drawing.Bar:
    if span.awaiting:  # the bar shows the waiting time
        return drawing.Bar("waiting_approval", span.start, span.start, None)
    return drawing.Bar(span.status, span.start, span.begun, span.end)


async def _load_timeline_values(view: View) -> Mapping[str, Any]:
    line: Timeline | None = await query_if_allowed(
        view, "agora.workflow.timeline", {"workflow_id": view.path["workflow_id"]}
    )
    if line is None:
        return {"line": None, "chart": None, "rows": [], "left": 0}
    spans = [span for span in line.spans if span.start or span.begun]
    visible = spans[:MAX_SPANS]
    end = line.end or max(datetime.now(UTC), line.start + timedelta(seconds=1))
    bars = [_to_bar(span) for span in visible]
    chart = drawing.draw_gantt(bars, line.start, end)
    return {
        "line": line,
        "chart": chart,
        "rows": list(zip(visible, chart.rows, strict=True)),
        "left": len(spans) - len(visible),
    }
