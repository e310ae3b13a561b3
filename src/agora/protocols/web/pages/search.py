"""Finding: one field for everything. An id leads to its page; words are looked for in agents, messages and services."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ..filters import room_of
from ..registry import page
from ..view import View
from .list_parameters import asked

__all__ = ["find"]

FOUND = 10


@page("find", title="Search")
async def find(view: View) -> Mapping[str, Any]:
    """What there is of the words in the field."""
    words = view.query.get("q", "").strip()[:200]
    if not words:
        return {"words": "", "room": None, "agents": [], "messages": [], "services": []}
    agents, messages, services = await asyncio.gather(
        asked(view, "agora.query.agents", {"search": words, "limit": FOUND}),
        asked(view, "agora.monitor.search", {"q": words, "limit": FOUND}),
        asked(view, "agora.query.services", {"limit": 500}),
    )
    named = [item for item in services.items if words.lower() in item.name] if services else []
    return {
        "words": words,
        "room": room_of(words),
        "agents": agents.items if agents else [],
        "messages": messages.items if messages else [],
        "services": named[:FOUND],
    }
