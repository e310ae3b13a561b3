"""Live display of events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .output import clean_text, format_cell
from .session import Session

__all__ = ["follow_events"]

MAX_TEXT_CHARACTERS = 300


def follow_events(session: Session, stream: Iterable[Any], limit: int = 0) -> None:
    """Print events live until Ctrl-C, or until ``limit`` events were printed; 0: no limit."""
    try:
        for number, event in enumerate(stream, 1):
            _print_event(session, event)
            if number == limit:
                return
    except KeyboardInterrupt:
        return
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()


def _print_event(session: Session, event: Any) -> None:
    if session.out.json:
        session.out.print_line(event.model_dump_json())
        return
    data = event.data if isinstance(event.data, dict) else {"data": event.data}
    subject = data.get("from_name") or data.get("agent_name") or event.source.rsplit("/", 1)[-1]
    description = data.get("content") or ", ".join(
        f"{key}={format_cell(value)}" for key, value in data.items() if value
    )
    text = clean_text(str(description)).replace("\n", " ")
    excerpt = text if len(text) <= MAX_TEXT_CHARACTERS else text[:MAX_TEXT_CHARACTERS] + " ..."
    session.out.print_text(f"{format_cell(event.time)}  #{event.sequence}  {event.type}  {subject}: {excerpt}")
