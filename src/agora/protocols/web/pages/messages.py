"""Messages: the live log, search results, and threads drawn as sequence diagrams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from agora_sdk.contract import fields
from agora_sdk.contract.events import Event
from agora_sdk.contract.monitor import LoggedMessage
from agora_sdk.errors import NotFound

from ..drawing import Arrow, draw_sequence
from ..registry import register_fragment, register_page
from ..view import View
from .agent_names import load_agent_names
from .list_parameters import list_page_or_filter_error, query_if_allowed, read_url_filters

__all__ = ["load_message_page", "load_messages_page"]

FILTERS = ("agent", "from_agent", "to_agent", "type", "priority", "correlation_id", "message_id", "q")
SENT_EVENTS = ("agora.message.received", "agora.broadcast.sent")
MAX_DRAWN_MESSAGES = 100  #: maximum messages of a thread
MAX_ROWS = 100  #: maximum rows of the growing log


@register_page(
    "messages",
    title="Messages",
    scope="read:messages",
    nav=50,
    key="m",
    needs="agora.monitor.messages",
    live=("messages",),
)
async def load_messages_page(view: View) -> Mapping[str, Any]:
    """Load the log, newest first."""
    filters = read_url_filters(view, *FILTERS)
    result_page, error = await list_page_or_filter_error(view, "agora.monitor.messages", filters)
    rows = result_page.items if result_page.count else []
    return {
        "found": result_page,
        "names": await _load_recipient_names(view, rows),
        "trouble": error,
        "wanted": filters,
        "kept": MAX_ROWS,
        "rows": rows,
        "fresh": False,
        "types": [kind.value for kind in fields.MessageType],
        "priorities": [priority.value for priority in fields.Priority],
    }


@register_fragment("messages", on=SENT_EVENTS, every=0.5, grows=True)
async def load_fresh_messages_fragment(view: View) -> Mapping[str, Any] | None:
    """Load new messages, to be added at the top. Later pages and search results are not updated."""
    filters = read_url_filters(view, *FILTERS)
    if view.query.get("cursor") or "q" in filters:
        return None
    messages = [message for event in reversed(view.events) if (message := _to_message(event)) is not None]
    # Before they are filtered: the filter may be the name of a recipient, of which an event has the id.
    names = await _load_recipient_names(view, messages)
    rows = [message for message in messages if _matches_filters(message, filters, names)]
    return {"rows": rows, "names": names, "fresh": True} if rows else None


async def _load_recipient_names(view: View, rows: Iterable[LoggedMessage]) -> Mapping[str, str]:
    return await load_agent_names(view, [row.to_agent for row in rows])


def _to_message(event: Event) -> LoggedMessage | None:
    data = event.data if isinstance(event.data, dict) else {}
    try:
        return LoggedMessage.model_validate({**data, "type": data.get("message_type")})
    except ValidationError:
        return None


def _matches_filters(message: LoggedMessage, filters: Mapping[str, str], names: Mapping[str, str]) -> bool:
    recipient = (message.to_agent, names.get(message.to_agent))
    own = {
        "from_agent": (message.from_agent, message.from_name),
        "to_agent": recipient,
        "agent": (message.from_agent, message.from_name, *recipient),
        "type": (message.type,),
        "priority": (message.priority.value,),
        "correlation_id": (message.correlation_id,),
        "message_id": (message.message_id,),
    }
    return all(value in own[name] for name, value in filters.items())


@register_page("messages/{message_id}", title="Message", scope="read:messages", needs="agora.monitor.messages")
async def load_message_page(view: View) -> Mapping[str, Any]:
    """Load one message and its thread."""
    shown_message = await _require_message(view, view.path["message_id"])
    thread = None
    if shown_message.correlation_id:
        thread = await query_if_allowed(
            view,
            "agora.monitor.messages",
            {"correlation_id": shown_message.correlation_id, "limit": MAX_DRAWN_MESSAGES},
        )
    rows = list(reversed(thread.items)) if thread else []
    recipient_names = await _load_recipient_names(view, [shown_message, *rows])
    arrows = [_build_message_arrow(view, row, recipient_names) for row in rows]
    return {
        "said": shown_message,
        "names": recipient_names,
        "rows": rows,
        "more": thread is not None and thread.has_more,
        "drawing": draw_sequence(arrows, f"Thread of {len(rows)} messages") if len(rows) > 1 else "",
    }


async def _require_message(view: View, id: str) -> LoggedMessage:
    """Find a message by id. Raises NotFound if it is unknown or past its retention."""
    result_page, _ = await list_page_or_filter_error(view, "agora.monitor.messages", {"message_id": id}, rows=1)
    if not result_page.items:
        raise NotFound("There is no such message.", fix="The log keeps it as long as the message retention lasts.")
    row: LoggedMessage = result_page.items[0]
    return row


def _build_message_arrow(view: View, message: LoggedMessage, names: Mapping[str, str]) -> Arrow:
    to = None if message.broadcast else names.get(message.to_agent, message.to_agent)
    return Arrow(
        message.from_name,
        to,
        message.content,
        message.timestamp,
        message.status or "",
        view.url(f"messages/{message.message_id}"),
    )
