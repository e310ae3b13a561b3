"""Finding: one field for everything. An id leads to its page; words are looked for in agents, messages and services."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ..filters import page_path_of
from ..registry import page
from ..view import View
from .list_parameters import query_if_allowed

__all__ = ["find"]

MAX_RESULTS = 10


@page("find", title="Search")
async def find(view: View) -> Mapping[str, Any]:
    """What there is of the words in the field."""
    words = view.query.get("q", "").strip()[:200]
    if not words:
        return {"words": "", "room": None, "agents": [], "messages": [], "services": []}
    agents, messages, services = await asyncio.gather(
        query_if_allowed(view, "agora.query.agents", {"search": words, "limit": MAX_RESULTS}),
        query_if_allowed(view, "agora.monitor.search", {"q": words, "limit": MAX_RESULTS}),
        query_if_allowed(view, "agora.query.services", {"limit": 500}),
    )
    named = [item for item in services.items if words.lower() in item.name] if services else []
    return {
        "words": words,
        "room": page_path_of(words),
        "agents": agents.items if agents else [],
        "messages": messages.items if messages else [],
        "services": named[:MAX_RESULTS],
    }
