"""Dead letters: failed deliveries, to be inspected, replayed or discarded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora_sdk.contract.dead_letters import DeadLetterState

from ..registry import register_fragment, register_page
from ..view import View
from .agent_names import load_agent_names
from .list_parameters import list_page_or_filter_error, read_url_filters, register_target_fragment

__all__ = ["load_dead_letter_page", "load_dead_letters_page"]

EVENTS = ("agora.dead_letter.*", "agora.bus.refused")
SOURCES = ("bus", "bus_inbound", "push")


@register_page(
    "dead-letters",
    title="Dead letters",
    scope="read:messages",
    nav=55,
    key="l",
    needs="agora.dead_letter.list",
    live=("dead_letter_rows",),
)
async def load_dead_letters_page(view: View) -> Mapping[str, Any]:
    """Load the list, newest first."""
    states = [state.value for state in DeadLetterState]
    return {**await load_dead_letter_table(view), "states": states, "sources": SOURCES}


@register_fragment("dead_letter_rows", on=EVENTS, every=1.0)
async def load_dead_letter_table(view: View) -> Mapping[str, Any]:
    """Load the table."""
    filters = read_url_filters(view, "source", "agent_id", "ref", "state")
    result_page, error = await list_page_or_filter_error(view, "agora.dead_letter.list", filters)
    letters = result_page.items if result_page.count else []
    names = await load_agent_names(view, [dead_letter.agent_id for dead_letter in letters])
    return {"found": result_page, "names": names, "trouble": error, "filtered": bool(filters)}


@register_page(
    "dead-letters/{dead_letter_id}",
    title="Dead letter",
    scope="read:messages",
    needs="agora.dead_letter.get",
    live=("dead_letter_now",),
)
async def load_dead_letter_page(view: View) -> Mapping[str, Any]:
    """Load one dead letter with its content."""
    return await _load_letter_values(view)


@register_target_fragment("dead_letter_now", "dead_letter_id", on=EVENTS, every=0.5)
async def _load_letter_values(view: View) -> Mapping[str, Any]:
    dead_letter = await view.invoke("agora.dead_letter.get", {"dead_letter_id": view.path["dead_letter_id"]})
    return {
        "letter": dead_letter,
        "names": await load_agent_names(view, [dead_letter.agent_id, dead_letter.settled_by]),
    }
