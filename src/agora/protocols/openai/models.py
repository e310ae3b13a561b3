"""``/v1/models``: agents and apps as models, preceded by the marketplace itself, which selects an agent for a message.

Agents are listed first, page by page, then apps: ``after`` is a cursor of either list, with the prefix ``apps:`` for
apps.
``price`` is the price shown by the marketplace; OpenAI's API has no such member.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from agora_sdk.errors import InvalidRequest

from .errors import invalid_field
from .turns import APP_PREFIX, FRONT_MODEL_NAME

__all__ = [
    "APPS_CURSOR",
    "FRONT_MODEL",
    "MAX_PAGE_SIZE",
    "build_app_model",
    "build_model",
    "convert_page_error",
    "parse_page_arguments",
]

MAX_PAGE_SIZE: Final = 500
_AGENT_PAGE_SIZE: Final = 200
APPS_CURSOR: Final = "apps:"  #: prefix of a cursor in the list of apps

FRONT_MODEL: Final[Mapping[str, Any]] = {
    "id": FRONT_MODEL_NAME,
    "object": "model",
    "created": 0,
    "owned_by": "agora",
    "description": "The marketplace: finds the agent for a message by its skills.",
}

Fields = Mapping[str, Any]


def parse_page_arguments(query: Mapping[str, str]) -> dict[str, Any]:
    """Parse the page of a query to arguments of ``agora.instance.discover`` or ``agora.app.list``. Raises
    InvalidRequest."""
    arguments: dict[str, Any] = {"limit": _AGENT_PAGE_SIZE}
    if "limit" in query:
        text = query["limit"]
        # The length first, because int() raises for several thousand digits.
        if not (text.isascii() and text.isdigit()) or len(text) > 9 or not 1 <= int(text) <= MAX_PAGE_SIZE:
            raise invalid_field("limit", f"should be a number from 1 to {MAX_PAGE_SIZE}")
        arguments["limit"] = int(text)
    if query.get("after"):
        arguments["cursor"] = query["after"]
    return arguments


def build_model(agent: Fields) -> dict[str, Any]:
    """Build the model of an agent."""
    return {
        "id": agent["agent_name"],
        "object": "model",
        "created": int(datetime.fromisoformat(agent["registered_at"]).timestamp()),
        "owned_by": "agora",
        "description": agent.get("description") or "",
        "agent_id": agent["agent_id"],
        "capabilities": agent.get("capabilities") or [],
        "price": _build_price(agent["marketplace_info"]["pricing_info"]),
    }


def build_app_model(app: Fields) -> dict[str, Any]:
    """Build the model of an app: its orchestrator agent answers."""
    return {
        "id": f"{APP_PREFIX}{app['name']}",
        "object": "model",
        "created": int(datetime.fromisoformat(app["created_at"]).timestamp()),
        "owned_by": "agora",
        "description": app.get("description") or "",
        "app_id": app["app_id"],
        "agent_id": app.get("orchestrator_agent_id"),
        "price": _build_price(app.get("pricing")),
    }


def _build_price(pricing: Fields | None) -> dict[str, Any] | None:
    """Build the price: type, currency and the non-zero amounts; None if the price is not visible."""
    if pricing is None:
        return None
    return {name: value for name, value in pricing.items() if value or name in ("type", "currency")}


def convert_page_error(error: InvalidRequest) -> InvalidRequest:
    """Convert an error about ``cursor`` to one about ``after``, its name in this API."""
    fields = error.extra.get("errors") or [{}]
    if fields[0].get("field") != "cursor":
        return error
    return invalid_field("after", "is not the last_id of a page", fix="Send the last_id of the page before, or none.")
