"""Messages between participants as a sequence diagram."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup, escape

from agora.value_classes import value_class

from .state_colors import tone_of_state
from .svg import svg_text, tag, truncate

__all__ = ["Arrow", "draw_sequence"]

ACROSS, DOWN = 200, 44
HEAD, MARGIN = 56, 16
MAX_PARTICIPANTS = 12  # participants with their own line; the others share the last one
EVERYONE_LABEL = "everyone"
OTHERS_LABEL = "others"


@value_class
class Arrow:
    """A message. recipient: None for a broadcast. time: shown below the arrow."""

    sender: str
    recipient: str | None
    label: str
    time: datetime | None = None
    state: str = ""
    href: str | None = None


def draw_sequence(arrows: Sequence[Arrow], label: str) -> Markup:
    """Draw messages in the given order, oldest on top. label: text for screen readers."""
    lines = _compute_participant_positions(arrows)
    width = len(lines) * ACROSS + 2 * MARGIN
    height = HEAD + len(arrows) * DOWN + 2 * MARGIN
    heads = [_draw_lifeline(name, x, height) for name, x in lines.items()]
    drawn = [_draw_arrow(arrow, lines, HEAD + MARGIN + i * DOWN + 20) for i, arrow in enumerate(arrows)]
    return tag(
        "svg",
        *heads,
        *drawn,
        class_="sequence",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
        role="group",
        aria_label=label,
    )


def _compute_participant_positions(arrows: Sequence[Arrow]) -> dict[str, float]:
    """Compute the x of each participant, in order of first appearance."""
    names = dict.fromkeys(name for a in arrows for name in (a.sender, a.recipient or EVERYONE_LABEL))
    columns = list(names) if len(names) <= MAX_PARTICIPANTS else [*list(names)[: MAX_PARTICIPANTS - 1], OTHERS_LABEL]
    return {name: MARGIN + ACROSS * (i + 0.5) for i, name in enumerate(columns)}


def _draw_lifeline(name: str, x: float, height: float) -> Markup:
    return tag(
        "g",
        tag("title", escape(name)),
        tag("line", x1=x, x2=x, y1=HEAD - 12, y2=height - MARGIN, class_="life"),
        tag("rect", x=x - 84, y=12, width=168, height=32, rx=8),
        svg_text(truncate(name, 22), x, 32, "name", anchor="middle"),
        class_="participant",
    )


def _draw_arrow(arrow: Arrow, x_by_participant: dict[str, float], y: float) -> Markup:
    """Draw a message as an arrow with its text, time and link. A participant without a line of its own has the last one."""
    start = x_by_participant.get(arrow.sender, x_by_participant.get(OTHERS_LABEL, 0.0))
    end = x_by_participant.get(arrow.recipient or EVERYONE_LABEL, x_by_participant.get(OTHERS_LABEL, 0.0))
    span = abs(end - start)
    room = max(int(span / 7.2), 24)
    if span:
        direction = 1 if end > start else -1
        line = f"M{start:.1f} {y:.1f}H{end - 2 * direction:.1f}"
        tip = f"M{end - 8 * direction:.1f} {y - 4:.1f}l{6 * direction} 4 {-6 * direction} 4"
        middle, anchor = (start + end) / 2, "middle"
    else:
        line = f"M{start:.1f} {y - 6:.1f}h28v12h-24"
        tip = f"M{start + 10:.1f} {y + 2:.1f}l-6 4 6 4"
        middle, anchor = start + 36, "start"
    parts = [
        tag("title", escape(f"{arrow.sender} to {arrow.recipient or EVERYONE_LABEL}: {truncate(arrow.label, 300)}")),
        tag("path", d=line, class_="way"),
        tag("path", d=tip, class_="tip"),
        svg_text(truncate(arrow.label, room), middle, y - 6 if span else y + 4, "label", anchor=anchor),
    ]
    if arrow.time is not None and span:
        parts.append(_draw_time(arrow.time, middle, y + 13, anchor))
    drawn = tag("g", *parts, class_=f"arrow {tone_of_state(arrow.state)}")
    return tag("a", drawn, href=arrow.href) if arrow.href else drawn


def _draw_time(value: datetime, x: float, y: float, anchor: str) -> Markup:
    """Draw a time below an arrow; scripts show it in the chosen time zone."""
    words = escape(f"{value:%H:%M:%S}")
    at = value.isoformat()
    return tag("text", words, x=x, y=y, class_="remark", text_anchor=anchor, data_at=at, data_time="clock")
