"""Task commands with output formatted for people."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora_sdk.contract import Operation
from agora_sdk.contract.tasks import Tasks

from .agent_names import replace_agent_ids_by_names
from .output import format_cell
from .projection import build_operation_function
from .session import Session, client_command
from .tables import TABLES
from .task_log import print_output_until_done, print_task_until_done, write_clean_output

if TYPE_CHECKING:
    from agora_sdk.contract.tasks import Task

__all__ = ["assign", "listing", "output", "show"]

#: Columns of a list that are shown only if one of its tasks has a value.
OPTIONAL_COLUMNS: Mapping[str, Callable[[Task], bool]] = {
    "deadline": lambda task: task.deadline is not None,
    "attempts": lambda task: task.attempts > 1,
    "notes": lambda task: bool(task.notes),
}
MAX_TRAIL = 1000  #: limit of displayed history entries


def _build_command_option(
    name: str, kind: Any, default: Any, *option_names: str, help: str, metavar: str | None = None
) -> inspect.Parameter:
    annotation = Annotated[kind, typer.Option(*option_names, help=help, show_default=False, metavar=metavar)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _build_task_command(attribute: str, run: Callable[..., None], *more: inspect.Parameter) -> Callable[..., None]:
    """Build an operation's command with additional options and the operation's help."""
    return build_operation_function(Tasks.operations[attribute], run=run, more=more)


def _assign_task(
    session: Session, operation: Operation, arguments: dict[str, Any], to: str | None, watch: bool
) -> None:
    if to is not None:
        arguments["assignee"] = to
    receipt = session.client.task.assign(**arguments)
    if session.out.json:
        session.out.print_result(receipt)
    else:
        session.out.print_text(f"{receipt.status} {receipt.task_id}", "green")
        if receipt.estimated_completion:
            session.out.print_note(f"by {format_cell(receipt.estimated_completion)}, estimated from earlier tasks")
        if receipt.warning:
            session.out.print_note(receipt.warning)
    if watch:
        print_task_until_done(session, receipt.task_id)


def _fetch_and_print_output(session: Session, operation: Operation, arguments: dict[str, Any], follow: bool) -> None:
    if follow:
        print_output_until_done(session, arguments["task_id"], arguments.get("offset", 0))
        return
    page = session.client.task.output(**arguments)
    if session.out.json:
        session.out.print_result(page)
        return
    while True:
        write_clean_output(page.content)
        if not page.has_more or "limit" in arguments:
            break
        page = session.client.task.output(page.task_id, page.next_offset)
    if page.has_more:
        session.out.print_note(f"{page.next_offset} of {page.size} characters; more with --offset {page.next_offset}")


def _fetch_and_print_list(session: Session, operation: Operation, arguments: dict[str, Any]) -> None:
    page = session.client.task.list(**arguments)
    empty_columns = {name for name, is_filled in OPTIONAL_COLUMNS.items() if not any(map(is_filled, page.tasks))}
    columns = [column for column in TABLES["tasks"] if column[0] not in empty_columns]
    session.out.print_result(page, replace_agent_ids_by_names(session.client, columns, "agent"))


listing = _build_task_command("list", _fetch_and_print_list)
assign = _build_task_command(
    "assign",
    _assign_task,
    _build_command_option("to", str | None, None, "--to", help="Same as --assignee.", metavar="AGENT"),
    _build_command_option(
        "watch", bool, False, "--watch", "-w", help="Follow the task until it ends; the exit code shows the result."
    ),
)
output = _build_task_command(
    "output",
    _fetch_and_print_output,
    _build_command_option("follow", bool, False, "--follow", "-f", help="Follow the output until the task ends."),
)


@client_command
def show(session: Session, task_id: Annotated[str, typer.Argument(help="Id of the task.")]) -> None:
    """Show a task with its history."""
    task = session.client.task.get(task_id)
    history = session.client.task.history(task_id)
    entries = list(islice(history, MAX_TRAIL))
    if session.out.json:
        document = {
            "task": task.model_dump(mode="json"),
            "history": [entry.model_dump(mode="json") for entry in entries],
        }
        session.out.print_json(document)
        return
    session.out.print_fields(dict(task))
    session.out.print_table(
        entries, replace_agent_ids_by_names(session.client, TABLES["TaskEntryPage"], "actor"), title="History"
    )
    if history.total and history.total > len(entries):
        session.out.print_note(
            f"the oldest {len(entries)} of {history.total} entries; all with agora task history {task_id}"
        )
