"""Settings: the user's identity, keys, and the emergency stop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ..registry import register_page
from ..view import View
from .list_parameters import list_page_or_filter_error, query_if_allowed

__all__ = ["load_settings_page"]


@register_page("settings", title="Settings", nav=110, key=",")
async def load_settings_page(view: View) -> Mapping[str, Any]:
    """Load the settings of the user, the keys and the server."""
    tokens = None
    if view.may_call("agora.token.list"):
        tokens, _ = await list_page_or_filter_error(view, "agora.token.list", {})
    health, market = await asyncio.gather(
        query_if_allowed(view, "agora.admin.health"), view.invoke_or_none("agora.query.marketplace")
    )
    return {"tokens": tokens, "health": health, "market": market}
