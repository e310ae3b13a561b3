"""The report: progress while the demo runs, and a table of expectations and observations."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .gantt_chart import draw_chart

if TYPE_CHECKING:
    from agora_sdk.contract.billing import Invoice
    from agora_sdk.contract.workflows import Timeline

__all__ = ["Finding", "Reporter"]

PIPE_WIDTH = 140


@dataclass(frozen=True, slots=True)
class Finding:
    """An expectation with its observation, or the reason why it was not checked."""

    expectation: str
    observed: str
    fulfilled: bool
    skipped: bool = False


class Reporter:
    """Prints to standard output, for a terminal or a pipe."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # agents may report characters that the terminal cannot show
        width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
        self._console = Console(width=width, highlight=False)
        self._started_at = time.monotonic()
        self._marks = ("✓", "✗", "·") if self._console.encoding.startswith("utf") else ("yes", "NO", "-")

    def print_progress(self, line: str, tone: str = "") -> None:
        """Print a line of progress with the seconds since the start."""
        self._print_line(f"{time.monotonic() - self._started_at:5.1f} s  {line}", tone)

    def print_finding(self, finding: Finding) -> None:
        """Print the result of an expectation."""
        if finding.skipped:
            self.print_progress(f"{self._marks[2]} {finding.expectation}: skipped, {finding.observed}", "yellow")
        elif finding.fulfilled:
            self.print_progress(f"{self._marks[0]} {finding.expectation}", "green")
        else:
            self.print_progress(f"{self._marks[1]} {finding.expectation}: {finding.observed}", "red")

    def print_timeline(self, timeline: Timeline, role: Callable[[str | None], str]) -> None:
        """Print a chart of the pipeline. role: returns the display name of an agent's id."""
        self._console.print()
        for line in draw_chart(timeline, role, ascii_only=not self._console.encoding.startswith("utf")):
            self._console.print(line, soft_wrap=True)

    def print_summary(self, findings: Sequence[Finding]) -> None:
        """Print the table, and a line that names missing observations."""
        table = Table(box=box.ROUNDED, show_lines=False, pad_edge=True)
        table.add_column("expected", overflow="fold", ratio=5)
        table.add_column("observed", overflow="fold", ratio=6)
        table.add_column("", justify="center", no_wrap=True)
        for finding in findings:
            table.add_row(Text(finding.expectation), Text(finding.observed), self._finding_mark(finding))
        self._console.print()
        self._console.print(table)
        missing = [finding for finding in findings if not (finding.fulfilled or finding.skipped)]
        skipped = sum(finding.skipped for finding in findings)
        if not missing:
            skipped_note = f"; {skipped} could not be shown here" if skipped else ""
            count = f"{len(findings) - skipped} of {len(findings)}" if skipped else f"All {len(findings)}"
            self._print_line(f"{count} expectations were observed{skipped_note}.", "bold green")
            return
        self._print_line(f"{len(missing)} of {len(findings)} expectations were not observed:", "bold red")
        for finding in missing:
            self._print_line(f"  {self._marks[1]} {finding.expectation}: {finding.observed}", "red")

    def print_invoice(self, invoice: Invoice) -> None:
        """Print the instances' invoice line by line."""
        currency = invoice.currency
        table = Table(box=box.SIMPLE_HEAD, title=f"The invoice of {invoice.account_id}", title_justify="left")
        table.add_column("item")
        for heading in ("quantity", "amount"):
            table.add_column(heading, justify="right")
        for line in invoice.lines:
            table.add_row(
                Text(line.description),
                f"{line.quantity:,.10g} {line.unit}{'' if line.quantity == 1 else 's'}",
                f"{line.amount:,.6f} {currency}",
            )
        table.add_section()
        table.add_row("total", "", f"{invoice.charges:,.6f} {currency}")
        self._console.print()
        self._console.print(table)

    def _finding_mark(self, finding: Finding) -> Text:
        if finding.skipped:
            return Text(self._marks[2], "yellow")
        return Text(self._marks[not finding.fulfilled], "green" if finding.fulfilled else "bold red")

    def print_failure(self, line: str) -> None:
        """Print why the demo could not begin."""
        self._print_line(line, "bold red")

    def _print_line(self, line: str, tone: str) -> None:
        self._console.print(Text(line, tone), soft_wrap=True)
