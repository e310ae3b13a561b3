"""Filters of the templates: values as a person reads them."""

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
NO_VALUE = "\u2013"  #: where there is no value
MAX_JSON = 20_000  #: characters of a document on a page
MESSAGE_TYPES = frozenset({"a2a.message"})  #: types that say how a task came, not what it is about
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
UNITS = ("B", "KB", "MB", "GB", "TB")


def format_time(value: datetime | None) -> str:
    """A time to the second, in UTC: what is shown without scripts."""
    return "" if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def format_count(value: float | None) -> str:
    """A number with its thousands apart."""
    return NO_VALUE if value is None else f"{value:,.0f}"


def time_ago(value: datetime | None) -> Markup:
    """How long ago."""
    return _build_time_element(value, "ago")


def time_of_day(value: datetime | None) -> Markup:
    """The time of the day, with the date where it is not today's."""
    return _build_time_element(value, "clock")


def full_time(value: datetime | None) -> Markup:
    """Date, time and zone."""
    return _build_time_element(value, "full")


def _build_time_element(value: datetime | None, form: str) -> Markup:
    """The one component of all times: absolute and in UTC, until a script shows it in its form and the reader's zone."""
    if value is None:
        return escape(NO_VALUE)
    return tag("time", escape(format_time(value)), datetime=value.isoformat(), data_time=form)


def state_badge(value: object, label: str | None = None) -> Markup:
    """A state as its word, with the mark of its tone before it, which the style sheet draws."""
    return tag(
        "span", escape(label or capitalize_first(identifier_words(value))), class_=f"state {tone_of_state(value)}"
    )


def capitalize_first(value: str) -> str:
    """With a capital letter in front; the rest stays."""
    return value[:1].upper() + value[1:]


_WORDS = {"waiting_approval": "waiting for approval"}


def identifier_words(value: object) -> str:
    """An identifier as words: ``in_progress`` is ``in progress``."""
    return _WORDS.get(str(value)) or str(value).replace("_", " ")


def format_money(value: float | None, currency: str | None = None) -> str:
    """An amount: two places, more where it is small."""
    if value is None:
        return NO_VALUE
    places = 2 if abs(value) >= 0.1 or value == 0 else 4 if abs(value) >= 0.001 else 6
    amount = f"{abs(value):,.{places}f}"
    sign = "-" if value < 0 and float(amount.replace(",", "")) else ""
    return f"{sign}{amount} {currency}" if currency else f"{sign}{amount}"


def format_duration(seconds: float | None) -> str:
    """A length of time in its two largest units."""
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
    """Milliseconds as a length of time."""
    return NO_VALUE if value is None else f"{value:.1f} ms" if value < 10 else format_duration(value / 1000)


def pluralize(unit: str) -> str:
    """The plural of a regular noun: ``files``, ``entries``."""
    return f"{unit[:-1]}ies" if unit.endswith("y") and unit[-2:-1] not in "aeiou" else f"{unit}s"


def format_quantity(value: float, unit: str) -> str:
    """A quantity with its unit, in the plural unless it is one: ``2 instances``, ``35.8 seconds``; to three places, if it has so many."""
    return f"{round(value, 3) or value:,.10g} {unit if value == 1 else pluralize(unit)}"


def format_share(value: float | None) -> str:
    """A share from 0 to 1 in per cent."""
    return NO_VALUE if value is None else f"{value * 100:.0f} %" if value in (0, 1) else f"{value * 100:.1f} %"


def format_bytes(value: float | None) -> str:
    """Bytes."""
    if value is None:
        return NO_VALUE
    unit = 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 or value >= 100 else f"{value:.1f} {UNITS[unit]}"


def encode_segment(value: str) -> str:
    """A text as one segment of a path."""
    return quote(value, safe="")


def short_id(value: str | None) -> str:
    """The end of a long id, which tells it from its neighbours."""
    head, _, tail = (value or "").partition("_")
    return tail[-8:] if len(tail) == 32 and head.isalpha() else value or ""


def find_page_path(id: str | None) -> str | None:
    """The page on which a thing with this id is shown, below the monitor; None if there is none."""
    head, _, tail = (id or "").partition("_")
    room = PAGES_BY_PREFIX.get(head)
    return f"{room}/{id}" if room and len(tail) == 32 and tail.isalnum() else None


def task_preview(task: Any) -> str:
    """What a task is about, in one line: the first text of its payload, else the payload itself; empty without one."""
    text = _find_first_text(task.payload, 0)
    if not text and task.payload:
        text = to_json(task.payload, fallback=str).decode()
    return truncate(text[:1000], 120)


def _find_first_text(value: Any, depth: int) -> str:
    """The text that a person would read first: under a field that usually holds it, before any other."""
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
    """The name of a task: its type, or what it says where the type only says that it came as a message or is a job."""
    if task.task_type == JOB_TYPE:
        title = task.payload.get("title")
        return truncate(title if isinstance(title, str) and title.strip() else task_preview(task), 80) or "Job"
    if task.task_type not in MESSAGE_TYPES:
        return str(task.task_type)
    return truncate(task_preview(task), 80) or "Message"


def task_attempt(task: Any) -> tuple[str, str] | None:
    """The page of the group that a job is an attempt of, and which one it is; None for other jobs.

    A task's metadata is whatever its author says: only what has the form of a group's id becomes an address.
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
    """The state that is shown: a task that waits for others, or for its next attempt, is told from one to be taken."""
    if task.status != "pending":
        return str(task.status)
    if task.blocked_by:
        return "blocked"
    return "scheduled" if task.available_at is not None and task.available_at > datetime.now(UTC) else "ready"


def format_document(value: Any) -> str:
    """JSON to read; text as it is; very long ones cut."""
    text = value if isinstance(value, str) else to_json(value, indent=2, fallback=str).decode()
    return text if len(text) <= MAX_JSON else f"{text[:MAX_JSON]}\n… {len(text) - MAX_JSON:,} more"


def format_day(value: date | None) -> str:
    """A day without its year."""
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
    "path": encode_segment,
    "plural": pluralize,
    "quantity": format_quantity,
    "room": find_page_path,
    "sentence": capitalize_first,
    "share": format_share,
    "size": format_bytes,
    "state": state_badge,
    "task_preview": task_preview,
    "task_state": task_state,
    "task_attempt": task_attempt,
    "task_title": task_title,
    "tone": tone_of_state,
    "words": identifier_words,
}
