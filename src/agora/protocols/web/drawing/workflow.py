"""Workflow graphs: steps as boxes with their states, from left to right."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from markupsafe import Markup, escape

from agora.value_classes import value_class

from .graph_layout import Vertex, arrange_graph
from .state_colors import tone_of_state
from .svg import draw_tone_mark, svg_text, tag, truncate

__all__ = ["Stage", "draw_workflow"]

WIDTH, HEIGHT = 172, 48  # of a box
ACROSS, DOWN = 220, 68  # distances of boxes
MARGIN = 8


@value_class
class Stage:
    """A step. detail: the second line. share: completed share, 0 to 1. href: page with details."""

    name: str
    status: str
    needs: Sequence[str] = ()
    detail: str = ""
    share: float | None = None
    awaiting: bool = False
    href: str | None = None


def draw_workflow(stages: Sequence[Stage], label: str) -> Markup:
    """Draw the graph of steps. label: text for screen readers."""
    layout = arrange_graph({stage.name: stage.needs for stage in stages})
    width = max(layout.layers - 1, 0) * ACROSS + WIDTH + 2 * MARGIN
    height = max(layout.height - 1, 0) * DOWN + HEIGHT + 2 * MARGIN
    status = {stage.name: stage.status for stage in stages}
    lines = [_draw_edge(layout.vertices[a], layout.vertices[b], points, status[a]) for a, b, points in layout.edges]
    boxes = [_draw_box(stage, layout.vertices[stage.name]) for stage in stages]
    return tag(
        "svg",
        tag("g", *lines, class_="edges"),
        *boxes,
        class_="graph",
        width=width,
        height=height,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        role="group",
        aria_label=label,
    )


def _compute_box_corner(vertex: Vertex) -> tuple[float, float]:
    return MARGIN + vertex.layer * ACROSS, MARGIN + vertex.y * DOWN


def _draw_box(stage: Stage, vertex: Vertex) -> Markup:
    x, y = _compute_box_corner(vertex)
    kind = tone_of_state("waiting_approval" if stage.awaiting else stage.status)
    state = "waits for approval" if stage.awaiting else stage.status.replace("_", " ")
    parts = [
        tag("title", escape(f"{stage.name}: {state}. {stage.detail}")),
        tag("rect", x=x, y=y, width=WIDTH, height=HEIGHT, rx=8),
        draw_tone_mark(kind, x + 12, y + 16),
        svg_text(truncate(stage.name, 18), x + 38, y + 20, "name"),
        svg_text(truncate(stage.detail or state, 20), x + 38, y + 36, "detail"),
    ]
    if stage.share is not None and 0 < stage.share < 1:
        parts.append(tag("rect", x=x + 8, y=y + HEIGHT - 4, width=(WIDTH - 16) * stage.share, height=2, class_="share"))
    box = tag("g", *parts, class_=f"stage {kind}{' awaiting' if stage.awaiting else ''}")
    return tag("a", box, href=stage.href) if stage.href else box


def _draw_edge(start: Vertex, end: Vertex, points: Sequence[float], status: str) -> Markup:
    """Draw a curve from the right side of a box to the left side of another, through the waypoints."""
    x, y = _compute_box_corner(start)
    stops = [(x + WIDTH, y + HEIGHT / 2)]
    for layer, point in enumerate(points, start.layer + 1):
        box_x, top = _compute_box_corner(Vertex(layer, point))
        stops += [(box_x, top + HEIGHT / 2), (box_x + WIDTH, top + HEIGHT / 2)]
    box_x, top = _compute_box_corner(end)
    stops.append((box_x - 1, top + HEIGHT / 2))
    path = f"M{stops[0][0]:.1f} {stops[0][1]:.1f}"
    for (ax, ay), (bx, by) in itertools.pairwise(stops):
        middle = (ax + bx) / 2
        path += f"C{middle:.1f} {ay:.1f} {middle:.1f} {by:.1f} {bx:.1f} {by:.1f}"
    tip = tag("path", d=f"M{box_x - 7:.1f} {top + HEIGHT / 2 - 4:.1f}l6 4-6 4", class_="tip")
    return tag("g", tag("path", d=path), tip, class_=f"edge {tone_of_state(status)}")
