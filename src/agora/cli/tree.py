"""Tree view of a workflow: steps with state, progress, agent and duration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text
from rich.tree import Tree

from .output import TONES, clean_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    from agora_sdk.contract.workflows import StepState, Workflow

__all__ = ["build_step_tree", "format_duration", "format_step", "map_agent_names"]

BAR_WIDTH = 12  #: width in characters
STATUS_SYMBOLS = {
    "completed": "✔",
    "failed": "✘",
    "running": "▶",
    "ready": "○",
    "pending": "·",
    "skipped": "↷",
    "cancelled": "⊘",
}
ASCII_STATUS_SYMBOLS = {
    "completed": "+",
    "failed": "x",
    "running": ">",
    "ready": "o",
    "pending": ".",
    "skipped": "-",
    "cancelled": "/",
}
UNSTYLED_STATUSES = ("pending", "ready", "skipped")


def build_step_tree(console: Console, workflow: Workflow, inner: Mapping[str, Workflow]) -> Tree:
    """Build the tree of a workflow. inner: workflows that its steps run, by id."""
    return _add_branch(console, workflow, inner, datetime.now(UTC), lambda label: Tree(label, guide_style="dim"))


def _add_branch(
    console: Console, workflow: Workflow, inner: Mapping[str, Workflow], now: datetime, add_node: Any
) -> Tree:
    plain = console.options.ascii_only
    finished = sum(step.status in ("completed", "skipped") for step in workflow.steps)
    tree: Tree = add_node(
        _join_texts(
            (clean_text(workflow.workflow_name), "bold"),
            (workflow.status, TONES.get(workflow.status, "")),
            (_build_progress_bar(workflow.progress, plain), TONES.get(workflow.status, "")),
            (f"{finished}/{workflow.total_steps} steps", ""),
            (format_duration(_compute_elapsed_seconds(workflow, now)), ""),
            (workflow.workflow_id, "dim"),
        )
    )
    if workflow.error:
        tree.add(_join_texts((clean_text(workflow.error), "red")))
    width = max((len(step.name) for step in workflow.steps), default=0)
    for step in workflow.steps:
        label = format_step(step, map_agent_names(workflow), now, width=width, plain=plain)
        child = inner.get(step.workflow_id or "")
        if child is None:
            tree.add(label)
        else:
            branch = tree.add(label)
            _add_branch(console, child, inner, now, branch.add)
    return tree


def format_step(
    step: StepState, names: Mapping[str, str], now: datetime | None = None, *, width: int = 0, plain: bool = False
) -> Text:
    """Format one step as a line. names: agent names by id."""
    tone = "dim" if step.status in UNSTYLED_STATUSES else TONES.get(step.status, "")
    symbols = ASCII_STATUS_SYMBOLS if plain else STATUS_SYMBOLS
    percent = 100.0 if step.status == "completed" else step.progress
    agent = step.assigned_agent or step.agent
    return _join_texts(
        (f"{symbols[step.status]} {step.name:<{width}}", tone),
        (f"{step.status:<9}", tone),
        (
            f"{_build_progress_bar(percent, plain)} {percent:>3.0f}%"
            if step.status in ("running", "completed", "failed")
            else "",
            tone,
        ),
        (format_duration(_compute_elapsed_seconds(step, now or datetime.now(UTC))), ""),
        (clean_text(names.get(agent, agent)) if agent else "", "" if step.assigned_agent else "dim"),
        *_format_step_remarks(step),
    )


def _format_step_remarks(step: StepState) -> list[tuple[str, str]]:
    remarks = []
    if step.awaiting == "approval":
        remarks.append((f"waits for approval: {clean_text(step.message or step.name)}", "yellow"))
    if step.items is not None:
        failed = f", {step.items.failed} failed" if step.items.failed else ""
        remarks.append((f"{step.items.completed} of {step.items.total} parts{failed}", ""))
    if step.attempts > 1:
        remarks.append((f"attempt {step.attempts}", "yellow"))
    if step.compensation:
        remarks.append(("compensates a failure", "dim"))
    if step.status == "pending" and step.depends_on:
        remarks.append((f"after {', '.join(step.depends_on)}", "dim"))
    if step.error:
        remarks.append((clean_text(step.error).replace("\n", " "), "red"))
    return remarks


def map_agent_names(workflow: Workflow) -> dict[str, str]:
    """Map ids to names of the agents that work for a workflow."""
    return {share.agent_id: share.agent_name for share in workflow.agents if share.agent_name}


def _join_texts(*parts: tuple[str, str]) -> Text:
    return Text("  ").join(Text(text, style=tone) for text, tone in parts if text)


def _build_progress_bar(percent: float, plain: bool) -> str:
    filled_count = round(min(max(percent, 0.0), 100.0) / 100 * BAR_WIDTH)
    full_mark, empty_mark = ("#", "-") if plain else ("━", "╌")
    return full_mark * filled_count + empty_mark * (BAR_WIDTH - filled_count)


def _compute_elapsed_seconds(state: StepState | Workflow, now: datetime) -> float | None:
    if state.completed_at is not None or state.started_at is None:
        return state.duration_seconds
    return max((now - state.started_at).total_seconds(), 0.0)


def format_duration(seconds: float | None) -> str:
    """Format seconds for people; empty for None."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, remainder = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {remainder:02} s"
