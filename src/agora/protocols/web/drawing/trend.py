"""Trends: small line or column charts that scale with the page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from .svg import tag

__all__ = ["draw_columns", "draw_sparkline"]

HEIGHT = 40.0


def draw_sparkline(values: Sequence[float | None], label: str, *, kind: str = "live") -> Markup:
    """Draw a line over equal time steps, from zero to its maximum. None is a gap without a measurement."""
    top = max((v for v in values if v is not None), default=0) or 1
    width = max(len(values) - 1, 1)
    runs = [[(x, HEIGHT - 2 - v / top * (HEIGHT - 6)) for x, v in run] for run in _split_runs(values)]
    parts = []
    for run in runs:
        line = "L".join(f"{x} {y:.1f}" for x, y in run)
        parts.append(tag("path", d=f"M{run[0][0]} {HEIGHT:.0f}L{line}L{run[-1][0]} {HEIGHT:.0f}Z", class_="area"))
        # h0.01: the line of a single value has no length, and would not be drawn.
        parts.append(tag("path", d=f"M{line}h0.01", class_="line"))
    return _open_svg_frame(f"spark {kind}", width, label, parts)


def _split_runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Split values into runs without gaps."""
    runs: list[list[tuple[int, float]]] = [[]]
    for x, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x, value))
    return [run for run in runs if run]


def draw_columns(values: Sequence[tuple[str, float]], label: str) -> Markup:
    """Draw a column for each value, with its text as tooltip."""
    top = max((value for _, value in values), default=0) or 1
    parts = []
    for x, (words, value) in enumerate(values):
        height = max(value / top * (HEIGHT - 2), 0.6) if value > 0 else 0.4
        column = tag("rect", x=x + 0.12, y=HEIGHT - height, width=0.76, height=height)
        # As high as the chart, so that the pointer finds the tooltip of a low column.
        reach = tag("rect", x=x, y=0, width=1, height=HEIGHT, class_="reach")
        parts.append(tag("g", tag("title", escape(words)), reach, column, class_="column" if value else "column none"))
    return _open_svg_frame("columns live", max(len(values), 1), label, parts)


def _open_svg_frame(kind: str, width: float, label: str, parts: Sequence[Markup]) -> Markup:
    return tag(
        "svg",
        *parts,
        class_=kind,
        viewBox=f"0 0 {width} {HEIGHT:.0f}",
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
    )
