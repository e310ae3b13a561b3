"""SVG markup: elements with escaped attributes and escaped text."""

from __future__ import annotations

from markupsafe import Markup, escape

__all__ = ["draw_tone_mark", "svg_text", "tag", "truncate"]

Value = str | float | None


def tag(name: str, *children: Markup, **attributes: Value) -> Markup:
    """Build an element. ``class_`` is ``class``, other underscores are hyphens; attributes with None are omitted."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_format_number(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(children)
    return Markup(f"<{name}{words}>{inner}</{name}>")  # noqa: S704 - every part is escaped above


def _format_number(value: str | float) -> str:
    if isinstance(value, str):
        return str(escape(value))
    return f"{value:.1f}".removesuffix(".0")


def svg_text(words: str, x: float, y: float, class_: str, *, anchor: str | None = None) -> Markup:
    """Build a text at a position. anchor: start by default."""
    return tag("text", escape(words), x=x, y=y, class_=class_, text_anchor=anchor)


def truncate(words: str, limit: int) -> str:
    """Shorten text to one line of at most ``limit`` characters."""
    line = " ".join(words.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


_MARK_PATHS = {
    "good": "M3.5 8.5l3 3 6-7",
    "bad": "M4 4l8 8M12 4l-8 8",
    "wait": "M8 13A5 5 0 1 0 8 3a5 5 0 0 0 0 10zM8 5.5V8l1.8 1.2",
    "warn": "M6 4v8M10 4v8",
    "idle": "M4 8h8",
}


def draw_tone_mark(tone: str, x: float = 0, y: float = 0) -> Markup:
    """Draw the 16 px symbol of a tone with its upper left corner at ``x``, ``y``."""
    path = (
        tag("circle", cx=8, cy=8, r=4, class_="dot")
        if tone == "live"
        else tag("path", d=_MARK_PATHS.get(tone, _MARK_PATHS["idle"]))
    )
    return tag("g", path, class_=f"mark {tone}", transform=f"translate({_format_number(x)} {_format_number(y)})")
