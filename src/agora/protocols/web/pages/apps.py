"""Apps: the list, one app with its parts, and the chat that finds, counts and registers in natural language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import register_fragment, register_page
from ..view import View
from .list_parameters import list_page_or_filter_error, read_url_filters

__all__ = ["load_app_page", "load_app_rows_fragment", "load_apps_page"]

EVENTS = ("agora.app.*",)
EXAMPLE_SENTENCES = (
    "Show me free apps",
    "Which agents are online now?",
    "How many agents can do code generation?",
    "Show me the three best rated agents",
)  #: examples below the chat's input field


@register_page("apps", title="Apps", scope="read:agents", nav=22, key="p", needs="agora.app.list", live=("app_rows",))
async def load_apps_page(view: View) -> Mapping[str, Any]:
    """Load the chat, and all apps or those that match the filters."""
    return {**await load_app_rows_fragment(view), "sentences": EXAMPLE_SENTENCES}


@register_fragment("app_rows", on=EVENTS, every=1.0)
async def load_app_rows_fragment(view: View) -> Mapping[str, Any]:
    """Load the table."""
    filters = read_url_filters(view, "query", "industry")
    result_page, error = await list_page_or_filter_error(view, "agora.app.list", filters)
    return {"found": result_page, "trouble": error, "filtered": bool(filters)}


@register_page("apps/{app}", title="App", scope="read:agents", needs="agora.app.list")
async def load_app_page(view: View) -> Mapping[str, Any]:
    """Load one app: its agent, dependencies and workflow."""
    return {"app": await view.invoke("agora.app.get", {"ref": view.path["app"]})}
