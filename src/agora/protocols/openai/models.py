"""``/v1/models``: agents as models, first the marketplace itself, which finds an agent for a message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from agora_sdk.errors import InvalidRequest

from .errors import invalid_field
from .turns import FRONT

__all__ = ["FRONT_MODEL", "build_model", "build_model_list", "explain_page_error", "read_page"]

MAX_PAGE: Final = 500
_PAGE: Final = 200

FRONT_MODEL: Final[Mapping[str, Any]] = {
    "id": FRONT,
    "object": "model",
    "created": 0,
    "owned_by": "agora",
    "description": "The marketplace: finds the agent for a message by its skills.",
}

Fields = Mapping[str, Any]


def read_page(query: Mapping[str, str]) -> dict[str, Any]:
    """The page that a query asks for, as arguments of ``agora.agent.list``. Raises InvalidRequest."""
    arguments: dict[str, Any] = {"limit": _PAGE}
    if "limit" in query:
        text = query["limit"]
        if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= MAX_PAGE:
            raise invalid_field("limit", f"should be a number from 1 to {MAX_PAGE}")
        arguments["limit"] = int(text)
    if query.get("after"):
        arguments["cursor"] = query["after"]
    return arguments


def build_model(agent: Fields) -> dict[str, Any]:
    """An agent as a model."""
    return {
        "id": agent["agent_name"],
        "object": "model",
        "created": int(datetime.fromisoformat(agent["registered_at"]).timestamp()),
        "owned_by": "agora",
        "description": agent.get("description") or "",
        "agent_id": agent["agent_id"],
        "capabilities": agent.get("capabilities") or [],
    }


def build_model_list(page: Fields, *, first: bool) -> dict[str, Any]:
    """A page of agents as models. ``last_id`` is what ``after`` takes for the next page."""
    models = [build_model(agent) for agent in page["agents"]]
    cursor = page.get("next_cursor")
    data = [dict(FRONT_MODEL), *models] if first else models
    return {"object": "list", "data": data, "has_more": cursor is not None, "last_id": cursor}


def explain_page_error(error: InvalidRequest) -> InvalidRequest:
    """An error of the list in the terms of this one: its cursor is called ``after`` here."""
    fields = error.extra.get("errors") or [{}]
    if fields[0].get("field") != "cursor":
        return error
    return invalid_field("after", "is no last_id of a page", fix="Send the last_id of the page before, or none.")
