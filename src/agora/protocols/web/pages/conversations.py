"""Conversations: exchanges of the agent protocol, drawn as sequence diagrams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from agora_sdk.contract import conversations as contract
from agora_sdk.contract.envelopes import AgentMessage

from ..drawing import Arrow, draw_sequence
from ..filters import format_quantity
from ..registry import register_page
from ..view import View
from .agent_names import load_agent_names
from .list_parameters import list_page_or_filter_error, read_url_filters

__all__ = ["load_conversation_page", "load_conversations_page"]

STATES = get_args(contract.State)
MAX_DRAWN_MESSAGES = 100
MAX_LISTED_PARTICIPANTS = 4  #: maximum participants in the list


@register_page(
    "conversations", title="Conversations", scope="read:messages", nav=60, key="c", needs="agora.conversation.list"
)
async def load_conversations_page(view: View) -> Mapping[str, Any]:
    """Load all conversations, newest first."""
    filters = read_url_filters(view, "agent_id", "state")
    result_page, error = await list_page_or_filter_error(view, "agora.conversation.list", filters)
    participant_names = await load_agent_names(
        view, [who for one in result_page.items for who in one.participants[:MAX_LISTED_PARTICIPANTS]]
    )
    return {
        "found": result_page,
        "trouble": error,
        "names": participant_names,
        "shown": MAX_LISTED_PARTICIPANTS,
        "filtered": bool(filters),
        "states": STATES,
    }


@register_page("conversations/{key}", title="Conversation", scope="read:messages", needs="agora.conversation.get")
async def load_conversation_page(view: View) -> Mapping[str, Any]:
    """Load one conversation with its messages."""
    arguments = {"conversation_id": view.path["key"], "limit": MAX_DRAWN_MESSAGES, "cursor": view.query.get("cursor")}
    exchange = await view.invoke("agora.conversation.get", arguments)
    participant_names = await load_agent_names(
        view, [who for message in exchange.messages for who in (message.sender, *_list_recipients(message))]
    )
    arrows = [
        arrow
        for number, message in enumerate(exchange.messages)
        for arrow in _build_message_arrows(number, message, participant_names)
    ]
    drawing = draw_sequence(arrows, f"Conversation in {format_quantity(len(arrows), 'message')}")
    return {"exchange": exchange, "names": participant_names, "drawing": drawing}


def _list_recipients(message: AgentMessage) -> list[str]:
    return [message.to] if isinstance(message.to, str) else [str(to) for to in message.to]


def _build_message_arrows(number: int, message: AgentMessage, names: Mapping[str, str]) -> list[Arrow]:
    words = f"{message.type}: {message.intent or message.task or ''}".rstrip(": ")
    sender, state = (
        names.get(message.sender or "", message.sender or "?"),
        _STATE_BY_PERFORMATIVE.get(message.type, ""),
    )
    return [
        Arrow(sender, names.get(to, to), words, message.ts, state, f"#said-{number}")
        for to in _list_recipients(message)
    ]


_STATE_BY_PERFORMATIVE = {
    "request": "running",
    "inform": "completed",
    "refuse": "refused",
    "failure": "failed",
    "confirm": "confirmed",
}
