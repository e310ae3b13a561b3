"""Audit: who did what to whom, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import page
from ..view import View
from .agent_names import names
from .list_parameters import chosen, listed

__all__ = ["audit"]


@page("audit", title="Audit", scope="admin", nav=100, key="u", needs="agora.admin.audit")
async def audit(view: View) -> Mapping[str, Any]:
    """The trail, newest first."""
    wanted = chosen(view, "actor", "operation", "target", "outcome")
    found, trouble = await listed(view, "agora.admin.audit", wanted)
    entries = found.items if found.count else []
    known = await names(view, [id for entry in entries for id in (entry.actor, entry.target)])
    return {"found": found, "names": known, "trouble": trouble, "filtered": bool(wanted)}
