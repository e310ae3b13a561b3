"""Template filters: format values for display."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape
from pydantic_core import to_json

from agora_sdk.contract.tasks.coding import JOB_TYPE

from .drawing import tone_of_state
from .drawing.svg import tag, truncate
from .markdown import render_markdown

__all__ = [
    "FILTERS",
    "NO_VALUE",
    "find_page_path",
    "format_duration",
    "format_money",
    "format_quantity",
    "short_id",
    "state_badge",
    "task_title",
]

PAGES_BY_PREFIX = {
    "agent": "agents",
    "app": "apps",
    "att": "attempts",
    "task": "tasks",
    "wf": "workflows",
    "msg": "messages",
    "inst": "instances",
    "dead": "dead-letters",
    "conv": "conversations",
    "inv": "billing/invoices",
    "cb": "codebases",
    "wrk": "agents/workers",
}
NO_VALUE = "\u2013"  #: placeholder for a missing value
MAX_JSON = 20_000  #: maximum characters of a document on a page
MESSAGE_TYPES = frozenset({"a2a.message"})  #: types that describe how a task arrived, not its content
TEXT_FIELDS = (
    "text",
    "message",
    "content",
    "task",
    "prompt",
    "question",
    "query",
    "title",
    "goal",
    "instructions",
    "topic",
    "about",
    "parts",
    "input",
)
MAX_PREVIEW_DEPTH = 4
SIZE_UNITS = ("B", "KB", "MB", "GB", "TB")


def format_time(value: datetime | None) -> str:
    """Format a time to the second in UTC, as shown without scripts."""
    return "" if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def format_count(value: float | None) -> str:
    """Format a number with thousands separators."""
    return NO_VALUE if value is None else f"{value:,.0f}"


def time_ago(value: datetime | None) -> Markup:
    """Render the time elapsed since a time."""
    return _build_time_element(value, "ago")


def time_of_day(value: datetime | None) -> Markup:
    """Render the time of day, with the date unless it is today."""
    return _build_time_element(value, "clock")


def full_time(value: datetime | None) -> Markup:
    """Render date, time and time zone."""
    return _build_time_element(value, "full")


def _build_time_element(value: datetime | None, form: str) -> Markup:
    """Render a time: absolute and in UTC, until a script shows it in its form and the reader's time zone."""
    if value is None:
        return escape(NO_VALUE)
    return tag("time", escape(format_time(value)), datetime=value.isoformat(), data_time=form)


def state_badge(value: object, label: str | None = None) -> Markup:
    """Render a state as text, after the symbol of its tone, which the style sheet draws."""
    return tag(
        "span", escape(label or capitalize_first(identifier_words(value))), class_=f"state {tone_of_state(value)}"
    )


def capitalize_first(value: str) -> str:
    """Capitalize the first letter; the rest is unchanged."""
    return value[:1].upper() + value[1:]


_LABEL_BY_STATE = {"waiting_approval": "waiting for approval"}


def identifier_words(value: object) -> str:
    """Convert an identifier to words: ``in_progress`` is ``in progress``."""
    return _LABEL_BY_STATE.get(str(value)) or str(value).replace("_", " ")


def format_money(value: float | None, currency: str | None = None) -> str:
    """Format an amount with two decimal places, more for small amounts."""
    if value is None:
        return NO_VALUE
    places = 2 if abs(value) >= 0.1 or value == 0 else 4 if abs(value) >= 0.001 else 6
    amount = f"{abs(value):,.{places}f}"
    sign = "-" if value < 0 and float(amount.replace(",", "")) else ""
    return f"{sign}{amount} {currency}" if currency else f"{sign}{amount}"


def format_duration(seconds: float | None) -> str:
    """Format a duration in its two largest units."""
    if seconds is None:
        return NO_VALUE
    if seconds < 1:
        return f"{seconds * 1000:,.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    first = next(i for i, (number, _) in enumerate(parts) if number)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number)


def format_milliseconds(value: float | None) -> str:
    """Format milliseconds as a duration."""
    return NO_VALUE if value is None else f"{value:.1f} ms" if value < 10 else format_duration(value / 1000)


def pluralize(unit: str) -> str:
    """Return the plural of a regular noun: ``files``, ``entries``."""
    return f"{unit[:-1]}ies" if unit.endswith("y") and unit[-2:-1] not in "aeiou" else f"{unit}s"


def format_quantity(value: float, unit: str) -> str:
    """Format a quantity with its unit, up to three decimal places: ``1 instance``, ``35.8 seconds``."""
    return f"{round(value, 3) or value:,.10g} {unit if value == 1 else pluralize(unit)}"


def format_share(value: float | None) -> str:
    """Format a share from 0 to 1 in percent."""
    return NO_VALUE if value is None else f"{value * 100:.0f} %" if value in (0, 1) else f"{value * 100:.1f} %"


def format_bytes(value: float | None) -> str:
    """Format a number of bytes."""
    if value is None:
        return NO_VALUE
    unit = 0
    while value >= 1024 and unit < len(SIZE_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.0f} {SIZE_UNITS[unit]}" if unit == 0 or value >= 100 else f"{value:.1f} {SIZE_UNITS[unit]}"


def encode_path_segment(value: str) -> str:
    """Encode text as one path segment."""
    return quote(value, safe="")


def short_id(value: str | None) -> str:
    """Return the end of a long id, which distinguishes it from others."""
    head, _, tail = (value or "").partition("_")
    return tail[-8:] if len(tail) == 32 and head.isalpha() else value or ""


def find_page_path(id: str | None) -> str | None:
    """Find the path of the page for an id, below the monitor; None if there is no such page."""
    head, _, tail = (id or "").partition("_")
    page = PAGES_BY_PREFIX.get(head)
    # Checked by form: ids in documents of agents become links, and must not lead to another path. ASCII, because the
    # path becomes the header of a redirect.
    return f"{page}/{id}" if page and len(tail) == 32 and tail.isascii() and tail.isalnum() else None


def task_preview(task: Any) -> str:
    """Summarize a task in one line: the first text of its payload, otherwise the payload; empty without a payload."""
    text = _find_first_text(task.payload, 0)
    if not text and task.payload:
        text = to_json(task.payload, fallback=str).decode()
    return truncate(text[:1000], 120)


def _find_first_text(value: Any, depth: int) -> str:
    """Find the most relevant text: fields that usually contain it are searched first."""
    if isinstance(value, str):
        return value.strip()
    if depth > MAX_PREVIEW_DEPTH:
        return ""
    if isinstance(value, Mapping):
        for name in TEXT_FIELDS:
            if text := _find_first_text(value.get(name), depth + 1):
                return text
    elif isinstance(value, list):
        return next((text for part in value[:20] if (text := _find_first_text(part, depth + 1))), "")
    return ""


def task_title(task: Any) -> str:
    """Return the title of a task: its type, or its text if the type only describes a message or a job."""
    if task.task_type == JOB_TYPE:
        title = task.payload.get("title")
        return truncate(title if isinstance(title, str) and title.strip() else task_preview(task), 80) or "Job"
    if task.task_type not in MESSAGE_TYPES:
        return str(task.task_type)
    return truncate(task_preview(task), 80) or "Message"


def find_attempt_of_task(task: Any) -> tuple[str, str] | None:
    """Find the page of the attempt group of a job, and the job's place in it; None for other jobs.

    A task's metadata is written by its author: only text in the form of a group id becomes a path.
    """
    place = task.metadata.get("attempt")
    if task.task_type != JOB_TYPE or not isinstance(place, Mapping):
        return None
    group_id, number, total = (place.get(name) for name in ("group_id", "number", "of"))
    path = find_page_path(group_id) if isinstance(group_id, str) and group_id.startswith("att_") else None
    if path is None or not isinstance(number, int) or not isinstance(total, int):
        return None
    return path, f"attempt {number:d} of {total:d}"


def task_state(task: Any) -> str:
    """Return the displayed state: of pending tasks, blocked and scheduled ones are distinguished from ready ones."""
    if task.status != "pending":
        return str(task.status)
    if task.blocked_by:
        return "blocked"
    return "scheduled" if task.available_at is not None and task.available_at > datetime.now(UTC) else "ready"


def format_document(value: Any) -> str:
    """Format JSON for reading; text is unchanged, and long documents are truncated."""
    text = value if isinstance(value, str) else to_json(value, indent=2, fallback=str).decode()
    return text if len(text) <= MAX_JSON else f"{text[:MAX_JSON]}\n… {len(text) - MAX_JSON:,} more"


def format_day(value: date | None) -> str:
    """Format a date without the year."""
    return "" if value is None else f"{value.day} {value:%b}"


FILTERS: Mapping[str, Callable[..., Any]] = {
    "ago": time_ago,
    "brief": short_id,
    "clock": time_of_day,
    "count": format_count,
    "cut": truncate,
    "day": format_day,
    "document": format_document,
    "duration": format_duration,
    "markdown": render_markdown,
    "milliseconds": format_milliseconds,
    "moment": full_time,
    "money": format_money,
    "path": encode_path_segment,
    "plural": pluralize,
    "quantity": format_quantity,
    "room": find_page_path,
    "sentence": capitalize_first,
    "share": format_share,
    "size": format_bytes,
    "state": state_badge,
    "task_preview": task_preview,
    "task_state": task_state,
    "task_attempt": find_attempt_of_task,
    "task_title": task_title,
    "tone": tone_of_state,
    "words": identifier_words,
}
