"""Bars over time: each row is one bar that scales with the page; names and scale are text of the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from markupsafe import Markup

from agora.value_classes import value_class

from .state_colors import tone_of_state
from .svg import tag

__all__ = ["Bar", "Chart", "draw_gantt"]

WIDTH_UNITS = 1000.0  # coordinate units of the drawing's width
MIN_WIDTH = 3.0  # minimum width of a bar, so that short ones are visible
TICK_STEPS = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14400,
    21600,
    43200,
    86400,
)


@value_class
class Bar:
    """A time span. start: earliest possible start. begun: actual start. end: None while it is running."""

    status: str
    start: datetime | None
    begun: datetime | None
    end: datetime | None


@value_class
class Chart:
    """Rows in the given order, and the scale: position of each tick in thousandths, and its text."""

    rows: tuple[Markup, ...]
    ticks: tuple[tuple[float, str], ...]
    scale: Markup


def draw_gantt(bars: Sequence[Bar], begin: datetime, end: datetime) -> Chart:
    """Draw bars between two moments."""
    span = max((end - begin).total_seconds(), 0.001)
    ticks = tuple(_build_time_ticks(span))
    lines = [tag("line", x1=at, x2=at, y1=0, y2=16, class_="tick") for at, _ in ticks]
    rows = tuple(_open_svg_frame(*lines, *_draw_bar(bar, begin, end, span)) for bar in bars)
    return Chart(rows, ticks, _draw_scale(ticks))


def _open_svg_frame(*parts: Markup) -> Markup:
    return tag("svg", *parts, class_="bar", viewBox="0 0 1000 16", preserveAspectRatio="none", aria_hidden="true")


def _draw_bar(bar: Bar, begin: datetime, end: datetime, span: float) -> list[Markup]:
    parts: list[Markup] = []
    start = bar.start or bar.begun
    if start is None:
        return parts
    closed = bar.end or end
    if bar.begun is None or bar.begun > start:
        parts.append(_draw_piece(start, bar.begun or closed, begin, span, "waiting"))
    if bar.begun is not None:
        parts.append(_draw_piece(bar.begun, closed, begin, span, tone_of_state(bar.status)))
    return parts


def _draw_piece(start: datetime, end: datetime, begin: datetime, span: float, kind: str) -> Markup:
    start_x = _clamp_position((start - begin).total_seconds() / span * WIDTH_UNITS)
    right = _clamp_position((end - begin).total_seconds() / span * WIDTH_UNITS)
    width = max(right - start_x, MIN_WIDTH)
    return tag("rect", x=min(start_x, WIDTH_UNITS - width), y=3, width=width, height=10, class_=f"piece {kind}")


def _clamp_position(value: float) -> float:
    return min(max(value, 0.0), WIDTH_UNITS)


def _build_time_ticks(span: float) -> list[tuple[float, str]]:
    """Compute four to eight ticks at round times."""
    step: float = next((s for s in TICK_STEPS if span / s <= 6), None) or round(span / 6 / 86400 + 1) * 86400
    count = int(span / step)
    return [(i * step / span * WIDTH_UNITS, _format_seconds(i * step)) for i in range(count + 1)]


def _format_seconds(seconds: float) -> str:
    if seconds == 0:
        return "0"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds != round(seconds):
        return f"{seconds:.1f} s"
    parts = timedelta(seconds=round(seconds))
    days, rest = parts.days, parts.seconds
    amounts = [(days, "d"), (rest // 3600, "h"), (rest % 3600 // 60, "m"), (rest % 60, "s")]
    return " ".join(f"{n} {unit}" for n, unit in amounts if n)


def _draw_scale(ticks: Sequence[tuple[float, str]]) -> Markup:
    """Draw the scale above the bars; its text does not stretch, so it is placed in percent."""
    words = [
        tag("text", Markup.escape(word), x=f"{at / 10:.2f}%", y=12, text_anchor="start" if at < 940 else "end")
        for at, word in ticks
    ]
    return tag("svg", *words, class_="scale", width="100%", height=16, aria_hidden="true")
