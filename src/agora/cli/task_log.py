"""Show the log of a task while it runs: its output, and its other entries as notes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import typer

from .output import TONES, clean_text, format_cell
from .session import Session

if TYPE_CHECKING:
    from agora_sdk.contract.tasks import Task, TaskEntry

__all__ = [
    "format_log_entry_or_none",
    "print_output_until_done",
    "print_task_until_done",
    "read_message_text",
    "write_clean_output",
]


def format_log_entry_or_none(entry: TaskEntry) -> str | None:
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
    format_log_entry_or_none: Callable[[TaskEntry], str | None] = format_log_entry_or_none,
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
            session.out.print_line(entry.model_dump_json())
        elif entry.type == "output":
            output = entry.content or output
            write_clean_output(entry.content or "")
        elif entry.type != "done" and (line := format_log_entry_or_none(entry)) is not None:
            output = _end_incomplete_line(output)
            session.out.print_note(line)
        if on_entry is not None:
            on_entry(entry)

    if _stream_entries_until_interrupted(session, task_id, print_entry):
        _end_incomplete_line(output if not session.out.json else "")
        _print_conclusion_and_exit_unless_completed(session, session.client.task.get(task_id), print_result)


def _end_incomplete_line(output: str) -> str:
    """Terminate the last line of a task's output, so that the following text starts on a new line."""
    if output and not output.endswith("\n"):
        write_clean_output("\n")
    return ""


def print_output_until_done(session: Session, task_id: str, offset: int) -> None:
    """Print a task's output from an offset to its end."""

    def print_output_entry(entry: TaskEntry) -> None:
        if entry.type == "output" and entry.content and entry.offset is not None:
            if session.out.json:
                session.out.print_line(entry.model_dump_json())
            else:
                write_clean_output(entry.content[max(offset - entry.offset, 0) :])

    if _stream_entries_until_interrupted(session, task_id, print_output_entry):
        _exit_unless_completed(session.client.task.get(task_id))


def _stream_entries_until_interrupted(session: Session, task_id: str, on_entry: Callable[[TaskEntry], None]) -> bool:
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


def _print_conclusion_and_exit_unless_completed(
    session: Session, task: Task, print_result: Callable[[Any], None] | None
) -> None:
    """Print how a task ended, and exit with its exit code."""
    if not session.out.json:
        session.out.print_text(f"{task.status} {task.task_id}", TONES.get(task.status, ""))
        if task.error:
            session.out.print_text(task.error)
        if task.result is not None:
            (print_result or session.out.print_json)(task.result)
    _exit_unless_completed(task)


def _exit_unless_completed(task: Task) -> None:
    if task.status != "completed":
        raise typer.Exit(1)


def write_clean_output(text: str) -> None:
    """Write the output of a task to standard output, without terminal control sequences."""

    # clean_text() would show each carriage return of a program for Windows as a replacement character.
    sys.stdout.write(clean_text(text.replace("\r\n", "\n")))
    sys.stdout.flush()
