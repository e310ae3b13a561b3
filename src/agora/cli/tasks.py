"""Task commands with output formatted for people."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora_sdk.contract import Operation
from agora_sdk.contract.tasks import Tasks

from .names import show_agent_names_in_columns
from .output import TONES, clean_text, format_cell
from .projection import project_operation
from .session import Session, client_command
from .tables import TABLES

if TYPE_CHECKING:
    from agora_sdk.contract.tasks import Task, TaskEntry

__all__ = ["assign", "format_entry", "listing", "output", "print_task_until_done", "read_message_text", "show"]

#: Columns of a list that are shown only if one of its tasks has a value.
OPTIONAL_COLUMNS: Mapping[str, Callable[[Task], bool]] = {
    "deadline": lambda task: task.deadline is not None,
    "attempts": lambda task: task.attempts > 1,
    "notes": lambda task: bool(task.notes),
}
MAX_TRAIL = 1000  #: limit of displayed history entries


def _build_command_option(
    name: str, kind: Any, default: Any, *spelled: str, help: str, metavar: str | None = None
) -> inspect.Parameter:
    annotation = Annotated[kind, typer.Option(*spelled, help=help, show_default=False, metavar=metavar)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _build_task_command(attribute: str, run: Callable[..., None], *more: inspect.Parameter) -> Callable[..., None]:
    """Build an operation's command with additional options and the operation's help."""
    return project_operation(Tasks.operations[attribute], run=run, more=more)


def _assign_task(
    session: Session, operation: Operation, arguments: dict[str, Any], to: str | None, watch: bool
) -> None:
    if to is not None:
        arguments["assignee"] = to
    receipt = session.client.task.assign(**arguments)
    if session.out.json:
        session.out.result(receipt)
    else:
        session.out.say(f"{receipt.status} {receipt.task_id}", "green")
        if receipt.estimated_completion:
            session.out.note(f"by {format_cell(receipt.estimated_completion)}, estimated from earlier tasks")
        if receipt.warning:
            session.out.note(receipt.warning)
    if watch:
        print_task_until_done(session, receipt.task_id)


def _print_output(session: Session, operation: Operation, arguments: dict[str, Any], follow: bool) -> None:
    if follow:
        _follow_output(session, arguments["task_id"], arguments.get("offset", 0))
        return
    page = session.client.task.output(**arguments)
    if session.out.json:
        session.out.result(page)
        return
    while True:
        _write_output(page.content)
        if not page.has_more or "limit" in arguments:
            break
        page = session.client.task.output(page.task_id, page.next_offset)
    if page.has_more:
        session.out.note(f"{page.next_offset} of {page.size} characters; more with --offset {page.next_offset}")


def _print_list(session: Session, operation: Operation, arguments: dict[str, Any]) -> None:
    page = session.client.task.list(**arguments)
    idle = {name for name, is_filled in OPTIONAL_COLUMNS.items() if not any(map(is_filled, page.tasks))}
    columns = [column for column in TABLES["tasks"] if column[0] not in idle]
    session.out.result(page, show_agent_names_in_columns(session.client, columns, "agent"))


listing = _build_task_command("list", _print_list)
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
    _print_output,
    _build_command_option("follow", bool, False, "--follow", "-f", help="Follow the output until the task ends."),
)


@client_command
def show(session: Session, task_id: Annotated[str, typer.Argument(help="Id of the task.")]) -> None:
    """Show a task with its history."""
    task = session.client.task.get(task_id)
    history = session.client.task.history(task_id)
    trail = list(islice(history, MAX_TRAIL))
    if session.out.json:
        document = {"task": task.model_dump(mode="json"), "history": [entry.model_dump(mode="json") for entry in trail]}
        session.out.value(document)
        return
    session.out.fields(dict(task))
    session.out.table(
        trail, show_agent_names_in_columns(session.client, TABLES["TaskEntryPage"], "actor"), title="History"
    )
    if history.total and history.total > len(trail):
        session.out.note(f"the oldest {len(trail)} of {history.total} entries; all with agora task history {task_id}")


def format_entry(entry: TaskEntry) -> str | None:
    """Format an entry of a task's log that is not output; None for entries that are not displayed."""
    if entry.type == "checkpoint":
        return None
    parts = [format_cell(entry.time), entry.type]
    if entry.status is not None:
        parts.append(entry.status)
    if entry.progress is not None:
        parts.append(f"{entry.progress:.0f}%")
    data: Any = entry.data
    if entry.type == "message" and isinstance(data, dict):
        data = read_message_text(data) or data
    elif entry.type == "artifact" and isinstance(data, dict):
        artifact = data.get("artifact") or {}
        data = artifact.get("name") or artifact.get("artifactId")
    parts += [format_cell(part) for part in (entry.content, data) if part]
    return "  ".join(parts)


def read_message_text(message: Mapping[str, Any]) -> str:
    """Return the text of a message in a task's log."""
    return "\n".join(part["text"] for part in message.get("parts") or () if isinstance(part.get("text"), str))


def print_task_until_done(
    session: Session,
    task_id: str,
    *,
    format_entry: Callable[[TaskEntry], str | None] = format_entry,
    on_entry: Callable[[TaskEntry], None] | None = None,
    print_result: Callable[[Any], None] | None = None,
) -> None:
    """Show a task until it ends, then exit with the code of its status.

    on_entry: called with each entry. print_result: prints the result; default: as JSON.
    """
    output = ""

    def print_entry(entry: TaskEntry) -> None:
        nonlocal output
        if session.out.json:
            session.out.line(entry.model_dump_json())
        elif entry.type == "output":
            output = entry.content or output
            _write_output(entry.content or "")
        elif entry.type != "done" and (line := format_entry(entry)) is not None:
            output = _end_line(output)
            session.out.note(line)
        if on_entry is not None:
            on_entry(entry)

    if _stream_entries(session, task_id, print_entry):
        _end_line(output if not session.out.json else "")
        _print_conclusion(session, session.client.task.get(task_id), print_result)


def _end_line(output: str) -> str:
    """Terminate the last line of a task's output, so that the following text starts on a new line."""
    if output and not output.endswith("\n"):
        _write_output("\n")
    return ""


def _follow_output(session: Session, task_id: str, offset: int) -> None:
    """Print a task's output from an offset to its end."""

    def print_output_entry(entry: TaskEntry) -> None:
        if entry.type == "output" and entry.content and entry.offset is not None:
            if session.out.json:
                session.out.line(entry.model_dump_json())
            else:
                _write_output(entry.content[max(offset - entry.offset, 0) :])

    if _stream_entries(session, task_id, print_output_entry):
        _exit_with_status(session.client.task.get(task_id))


def _stream_entries(session: Session, task_id: str, on_entry: Callable[[TaskEntry], None]) -> bool:
    """Pass each entry of a task's log on. Returns False if Ctrl-C interrupted it before the task ended."""
    stream: Any = session.client.task.stream(task_id)
    try:
        for entry in stream:
            on_entry(entry)
    except KeyboardInterrupt:
        return False
    finally:
        stream.close()
    return True


def _print_conclusion(session: Session, task: Task, print_result: Callable[[Any], None] | None) -> None:
    """Print how a task ended, and exit with its exit code."""
    if not session.out.json:
        session.out.say(f"{task.status} {task.task_id}", TONES.get(task.status, ""))
        if task.error:
            session.out.say(task.error)
        if task.result is not None:
            (print_result or session.out.value)(task.result)
    _exit_with_status(task)


def _exit_with_status(task: Task) -> None:
    if task.status != "completed":
        raise typer.Exit(1)


def _write_output(text: str) -> None:
    """Write the output of a task to standard output, without terminal control sequences."""

    sys.stdout.write(clean_text(text.replace("\r\n", "\n")))
    sys.stdout.flush()
