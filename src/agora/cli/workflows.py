"""Workflow commands with output formatted for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora_sdk.errors import InvalidRequest

from .agent_names import replace_agent_ids_by_names
from .arguments import Field
from .output import Column, Output
from .session import Session, client_command
from .tree import build_step_tree, format_duration
from .workflow_file import read_workflow_arguments
from .workflow_watch import load_workflow, watch_workflow

if TYPE_CHECKING:
    from agora_sdk.contract.workflows import Span, Timeline

__all__ = ["create", "diagram", "status", "timeline"]

CHART_WIDTH = 40  #: width of a timeline in characters
WorkflowId = Annotated[str, typer.Argument(help="Id of the workflow.")]
Watching = Annotated[
    bool, typer.Option("--watch", "-w", help="Follow it live until it ends; the exit code shows the result.")
]


@client_command
def create(
    session: Session,
    file: Annotated[str, typer.Argument(help="YAML or JSON file with name and steps; - for standard input.")],
    name: Annotated[str | None, typer.Option(help="Name; default: the name in the file.")] = None,
    input: Annotated[
        list[str] | None,
        typer.Option(help="Input that the steps refer to as ${input...}.", metavar="KEY=VALUE|JSON|@FILE"),
    ] = None,
    priority: Annotated[str | None, typer.Option(help="low, normal, high or urgent.")] = None,
    watch: Watching = False,
) -> None:
    """Create a workflow from a file and start it."""

    arguments: dict[str, Any] = {}
    with _print_errors_as_table(session.out, arguments):
        arguments |= read_workflow_arguments(file, {"workflow_name": name, "priority": priority})
        if input:
            input_values = Field("input", "object", False, False, "").parse_value(input)
            arguments["input"] = {**arguments.get("input", {}), **input_values}
        receipt = session.client.workflow.create(**arguments)
    if session.out.json:
        session.out.print_result(receipt)
    else:
        session.out.print_text(f"{receipt.status} {receipt.workflow_id}", "green")
    if watch:
        _watch_and_exit_unless_completed(session, receipt.workflow_id)


@contextmanager
def _print_errors_as_table(out: Output, arguments: Mapping[str, Any]) -> Iterator[None]:
    """Print the validation errors of a workflow as a table: location and message."""
    try:
        yield
    except InvalidRequest as error:
        problems = error.extra.get("errors") or ()
        if out.json or not any(problem.get("field") for problem in problems):
            raise
        out.print_error(InvalidRequest(error.detail, fix=error.fix))
        columns: list[Column] = [
            ("where", lambda problem: _format_error_location(str(problem.get("field")), arguments)),
            ("what", lambda problem: problem.get("message")),
        ]
        out.print_table(problems, columns, on_stderr=True)
        raise typer.Exit(error.exit_code) from None


def _format_error_location(field: str, arguments: Mapping[str, Any]) -> str:
    """Format the location of an error with the name of its step."""
    match = re.match(r"steps\[(\d+)\](?! \()", field)
    if match is None or int(match[1]) >= len(arguments.get("steps", ())):
        return field
    step = arguments["steps"][int(match[1])]
    name = step.get("name", step.get("step")) if isinstance(step, dict) else step if isinstance(step, str) else step[0]
    return f"{match[0]} ({name}){field[match.end() :]}"


@client_command
def status(session: Session, workflow_id: WorkflowId, watch: Watching = False) -> None:
    """Show a workflow's status: steps, progress, agents."""
    if watch:
        _watch_and_exit_unless_completed(session, workflow_id)
    elif session.out.json:
        session.out.print_result(session.client.workflow.status(workflow_id))
    else:
        watched = load_workflow(session, workflow_id)
        session.out.console.print(build_step_tree(session.out.console, watched.workflow, watched.inner))


def _watch_and_exit_unless_completed(session: Session, workflow_id: str) -> None:
    """Follow a workflow until it ends, then exit with the code of its status."""

    workflow = watch_workflow(session, workflow_id)
    if workflow is not None and workflow.status != "completed":
        raise typer.Exit(1)


@client_command
def timeline(session: Session, workflow_id: WorkflowId) -> None:
    """Show when each step became ready, started and ended, as a chart."""
    spans_page = session.client.workflow.timeline(workflow_id)
    if session.out.json:
        session.out.print_result(spans_page)
        return
    plain = session.out.console.options.ascii_only
    columns: list[Column] = [
        ("step", lambda span: span.step if span.index is None else f"{span.step}[{span.index}]"),
        ("status", lambda span: "waiting_approval" if span.awaiting else span.status),
        ("", lambda span: _format_span_bar(spans_page, span, plain)),
        ("duration", lambda span: format_duration(span.duration_seconds)),
        ("agent", lambda span: span.agent),
    ]
    session.out.print_table(spans_page.spans, replace_agent_ids_by_names(session.client, columns, "agent"))
    if spans_page.has_more:
        session.out.print_note("items of a for_each were left out")


def _format_span_bar(timeline: Timeline, span: Span, plain: bool) -> str:
    """Draw a span on the timeline: thin while waiting, thick while working."""
    total = timeline.duration_seconds
    if total <= 0:
        return " "

    def column_of(moment: datetime | None, otherwise: int) -> int:
        if moment is None:
            return otherwise
        return round(min(max((moment - timeline.start).total_seconds() / total, 0.0), 1.0) * CHART_WIDTH)

    ready = column_of(span.start, CHART_WIDTH)
    start_column = max(column_of(span.begun, column_of(span.end, CHART_WIDTH)), ready)
    workflow = max(column_of(span.end, CHART_WIDTH), start_column)
    if span.begun is not None and workflow == start_column:  # at least one character wide
        ready, start_column, workflow = (
            min(ready, CHART_WIDTH - 1),
            min(start_column, CHART_WIDTH - 1),
            min(start_column, CHART_WIDTH - 1) + 1,
        )
    waits, works = (".", "#") if plain else ("╌", "━")
    return (" " * ready + waits * (start_column - ready) + works * (workflow - start_column)).ljust(CHART_WIDTH)


@client_command
def diagram(session: Session, workflow_id: WorkflowId) -> None:
    """Show the graph of a workflow as Mermaid text."""
    result: Any = session.client.workflow.diagram(workflow_id)
    if session.out.json:
        session.out.print_result(result)
    else:
        session.out.print_line(result.mermaid)
