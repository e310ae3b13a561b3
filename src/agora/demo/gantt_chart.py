"""Gantt chart of the pipeline: when each step became ready, started and ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from agora_sdk.contract.workflows import Span, Timeline

__all__ = ["draw_chart"]

CHART_WIDTH = 60
BLOCKS, ASCII = ("█", "░"), ("#", ".")


def draw_chart(timeline: Timeline, role: Callable[[str | None], str], *, ascii_only: bool = False) -> Iterator[Text]:
    """Draw the lines of a Gantt chart. role: returns the display name of an agent's id."""
    work, wait = ASCII if ascii_only else BLOCKS
    yield Text(
        f"The pipeline: {timeline.duration_seconds:.1f} seconds; {wait} waits or was lost, {work} is done", "bold"
    )
    spans = [span for span in timeline.spans if span.task_id]
    for span in spans:
        name = span.step if span.index is None else f"{span.step} {span.index + 1}"
        before, lost, bar = _bar_widths(timeline, span)
        line = Text(f"  {name:<12}{role(span.agent):<14}")
        line.append(" " * before).append(wait * lost, "red" if span.attempts > 1 else "dim").append(work * bar, "green")
        if span.attempts > 1:
            line.append(f" attempt {span.attempts}")
        yield line


def _bar_widths(timeline: Timeline, span: Span) -> tuple[int, int, int]:
    """Compute the widths of a bar's offset, waiting time and work."""
    start, start_column, end = (_build_time_column(timeline, moment) for moment in (span.start, span.begun, span.end))
    start_column = min(start_column, CHART_WIDTH - 1)
    return min(start, start_column), start_column - min(start, start_column), max(1, end - start_column)


def _build_time_column(timeline: Timeline, moment: datetime | None) -> int:
    if moment is None:
        return CHART_WIDTH
    return round(CHART_WIDTH * (moment - timeline.start).total_seconds() / max(timeline.duration_seconds, 0.001))
