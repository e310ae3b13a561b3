"""Output of commands: tables for terminals, JSON for programs, errors with their fix."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from agora_sdk.contract import Result
    from agora_sdk.errors import AgoraError

__all__ = ["Column", "Output", "clean_text", "format_cell"]

PIPE_WIDTH = 200
UNFOLDED_WIDTH = 19  #: columns up to this width, that of a timestamp, are never folded
FOLDED_WIDTH = 16  #: minimum width of wider columns
COLUMN_GAP = 3  #: characters between two columns
TONES = {
    "active": "green", "healthy": "green", "beta": "cyan", "busy": "cyan", "degraded": "yellow", "paused": "yellow",
    "deprecated": "yellow", "queued": "yellow", "held": "yellow", "critical": "red", "halted": "red", "error": "red", "sunset": "red",
    "urgent": "red", "high": "yellow", "completed": "green", "running": "cyan", "in_progress": "cyan", "ready": "cyan",
    "failed": "red", "dead_lettered": "red", "rejected": "red", "expired": "red", "cancelled": "magenta",
    "skipped": "dim", "input_required": "yellow", "auth_required": "yellow", "waiting_approval": "yellow",
}  # fmt: skip

_UNESCAPED_CONTROL = re.compile(r"[\x7f-\x9f]")
#: Heading, and a function that returns the cell of an item.
Column = tuple[str, Callable[[Any], Any]]


def clean_text(text: str) -> str:
    """Make text of others safe for a terminal: no escape sequences, no control characters."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def format_cell(value: Any) -> str:
    """Format a value for a table cell."""
    if value is None or value == [] or value == {}:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if hasattr(value, "model_dump"):
        return _format_fields({key: part for key, part in value if part is not None})
    if isinstance(value, Mapping):
        return _format_fields(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(format_cell, value))
    return clean_text(str(value))


def _format_fields(fields: Mapping[Any, Any]) -> str:
    return ", ".join(f"{clean_text(str(key))}={format_cell(part)}" for key, part in fields.items())


class Output:
    """Output of a command. json: print JSON for programs instead of text for people."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json

    @cached_property
    def console(self) -> Console:
        return _create_console(sys.stdout)

    @cached_property
    def errors(self) -> Console:
        return _create_console(sys.stderr)

    def print_result(self, result: Result, columns: Sequence[Column] | None = None) -> None:
        """Print an operation's result: as JSON, as a table of a page's items, or as its fields."""
        if self.json:
            self.print_line(result.model_dump_json(by_alias=True))
            return
        items_field = getattr(result, "items_field", None)
        if items_field is None:
            self.print_fields(dict(result))
            return
        items = getattr(result, items_field)
        if not items:
            self.print_text(f"no {items_field.replace('_', ' ')}")
            return
        self.print_table(items, columns or choose_table_columns(items))
        self.print_page_note(result)

    def print_json(self, value: Any) -> None:
        """Print plain data as JSON."""
        self.print_line(json.dumps(value, ensure_ascii=False))

    def print_line(self, text: str) -> None:
        """Print a line for machines."""
        # JSON may have these characters unescaped, and agents wrote it: U+009B begins an escape sequence of a terminal.
        sys.stdout.write(_UNESCAPED_CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n")
        sys.stdout.flush()

    def print_text(self, text: str, tone: str = "") -> None:
        """Print a line for people; no-op with ``--json``."""
        if not self.json:
            self.console.print(_build_styled_text(text, tone))

    def print_note(self, text: str) -> None:
        """Print a note for people on stderr."""
        self.errors.print(_build_styled_text(text, "dim"))

    def print_table(
        self, items: Iterable[Any], columns: Sequence[Column], *, title: str | None = None, on_stderr: bool = False
    ) -> None:
        """Print items as a table. A terminal too narrow for all columns shows the first ones, and a note names the others."""
        from rich import box
        from rich.table import Table

        console = self.errors if on_stderr else self.console
        rows = [[format_cell(cell(item)) for _, cell in columns] for item in items]
        texts = [[heading, *cells] for (heading, _), *cells in zip(columns, *rows, strict=True)]
        column_count = _count_fitting_columns(texts, console.width)
        table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
        for text in texts[:column_count]:
            # An id must remain copyable, and a narrow column is unreadable when folded.
            table.add_column(
                text[0], overflow="fold", no_wrap=text[0] == "id" or _measure_column(text) <= UNFOLDED_WIDTH
            )
        for row in rows:
            table.add_row(*(_build_styled_text(cell, TONES.get(cell, "")) for cell in row[:column_count]))
        console.print(table)
        if hidden := [heading for heading, _ in columns[column_count:] if rows]:
            self.print_note(f"No room for: {', '.join(hidden)}. A wider terminal, or --json, shows all.")

    def print_fields(self, fields: Mapping[str, Any], *, title: str | None = None) -> None:
        """Print one object, a line for each non-empty field."""
        from rich.table import Table

        table = Table(box=None, show_header=False, title=title, title_justify="left", padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in fields.items():
            if value not in (None, [], {}, ""):
                cell = format_cell(value)
                table.add_row(_build_styled_text(name), _build_styled_text(cell, TONES.get(cell, "")))
        self.console.print(table)

    def print_page_note(self, page: Any) -> None:
        """Print a note if a page is incomplete."""
        if page.total is None or (page.count == page.total and not page.has_more):
            return
        prefix = "about " if page.total_is_estimate else ""
        more = f"; more with --cursor {page.next_cursor}" if page.next_cursor else ""
        self.print_note(f"{page.count} of {prefix}{page.total}{more}")

    def print_error(self, error: AgoraError) -> None:
        """Print an error on stderr: message, invalid fields, and fix."""
        if self.json:
            sys.stderr.write(json.dumps(error.problem(), ensure_ascii=False, default=str) + "\n")
            return
        self.errors.print(_build_styled_text("Error: ", "bold red") + _build_styled_text(error.detail))
        faults = [(str(wrong.get("field")), str(wrong.get("message"))) for wrong in error.extra.get("errors") or ()]
        if not all(
            field in error.detail and message in error.detail for field, message in faults
        ):  # otherwise the message already contains it
            for field, message in faults:
                self.errors.print(_build_styled_text(f"  {field}: {message}"))
        if answer := error.extra.get("answer"):
            self.errors.print(_build_styled_text("  it says: ") + _build_styled_text(str(answer).strip()))
        if error.fix:
            # Imported late: output of other commands does without the routes of the contract.
            from .route_advice import replace_routes_with_commands

            advice = replace_routes_with_commands(error.fix)
            self.errors.print(_build_styled_text("Fix: ", "bold green") + _build_styled_text(advice))


def _measure_column(texts: Sequence[str]) -> int:
    """Return the width of the widest cell in characters."""
    from rich.cells import cell_len

    return max(cell_len(line) for text in texts for line in text.split("\n"))


def _count_fitting_columns(columns: Sequence[Sequence[str]], width: int) -> int:
    """Count the columns, from the left, that are readable in a width; each is its heading and its cells."""
    used = 2  # a space on each side
    for number, texts in enumerate(columns):
        natural = _measure_column(texts)
        used += natural if texts[0] == "id" or natural <= UNFOLDED_WIDTH else FOLDED_WIDTH
        if used > width and number:
            return number
        used += COLUMN_GAP
    return len(columns)


def choose_table_columns(items: Sequence[Any]) -> list[Column]:
    """Choose columns for items of any type: fields that are non-empty in at least one item."""
    names: dict[str, None] = {}
    for item in items:
        names |= {name: None for name, value in dict(item).items() if value not in (None, [], {}, "")}
    return [(name, attrgetter(name)) for name in names]


def _create_console(file: Any) -> Console:
    from rich.console import Console

    # A pipe has no width: rich would assume 80 columns and fold what a program reads.
    width = None if file.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(file=file, width=width, highlight=False, soft_wrap=False)


def _build_styled_text(text: str, tone: str = "") -> Any:
    from rich.text import Text

    return Text(clean_text(text), style=tone)
