"""Conversations: exchanges of the agent protocol, drawn as who said what to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from agora_sdk.contract import conversations as contract
from agora_sdk.contract.envelopes import AgentMessage

from ..drawing import Arrow, sequence
from ..filters import moment
from ..registry import page
from ..view import View
from .agent_names import names
from .list_parameters import chosen, listed

__all__ = ["conversation", "conversations"]

STATES = get_args(contract.State)
DRAWN = 100
SHOWN = 4  #: of those who take part, in the list


@page("conversations", title="Conversations", scope="read:messages", nav=60, key="c", needs="agora.conversation.list")
async def conversations(view: View) -> Mapping[str, Any]:
    """All of them, newest first."""
    wanted = chosen(view, "agent_id", "state")
    found, trouble = await listed(view, "agora.conversation.list", wanted)
    known = await names(view, [who for one in found.items for who in one.participants[:SHOWN]])
    return {
        "found": found,
        "trouble": trouble,
        "names": known,
        "shown": SHOWN,
        "filtered": bool(wanted),
        "states": STATES,
    }


@page("conversations/{key}", title="Conversation", scope="read:messages", needs="agora.conversation.get")
async def conversation(view: View) -> Mapping[str, Any]:
    """One of them, message by message."""
    arguments = {"conversation_id": view.path["key"], "limit": DRAWN, "cursor": view.query.get("cursor")}
    exchange = await view.invoke("agora.conversation.get", arguments)
    known = await names(view, [who for said in exchange.messages for who in (said.sender, *_targets(said))])
    arrows = [arrow for number, said in enumerate(exchange.messages) for arrow in _arrows(number, said, known)]
    drawing = sequence(arrows, f"Conversation in {len(arrows)} messages")
    return {"exchange": exchange, "names": known, "drawing": drawing}


def _targets(said: AgentMessage) -> list[str]:
    return [said.to] if isinstance(said.to, str) else [str(to) for to in said.to]


def _arrows(number: int, said: AgentMessage, known: Mapping[str, str]) -> list[Arrow]:
    words = f"{said.type}: {said.intent or said.task or ''}".rstrip(": ")
    note = moment(said.ts).rpartition(" ")[2]
    sender, state = known.get(said.sender or "", said.sender or "?"), _STATE.get(said.type, "")
    return [Arrow(sender, known.get(to, to), words, note, state, f"#said-{number}") for to in _targets(said)]


_STATE = {"request": "running", "inform": "completed", "refuse": "refused", "failure": "failed", "confirm": "confirmed"}
