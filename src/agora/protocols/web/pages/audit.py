"""Audit: actors, operations, targets and outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import register_page
from ..view import View
from .agent_names import load_agent_names
from .list_parameters import list_page_or_filter_error, read_url_filters

__all__ = ["load_audit_page"]


@register_page("audit", title="Audit", scope="admin", nav=100, key="u", needs="agora.admin.audit")
async def load_audit_page(view: View) -> Mapping[str, Any]:
    """Load the trail, newest first."""
    filters = read_url_filters(view, "actor", "operation", "target", "outcome")
    result_page, error = await list_page_or_filter_error(view, "agora.admin.audit", filters)
    entries = result_page.items if result_page.count else []
    actor_names = await load_agent_names(view, [id for entry in entries for id in (entry.actor, entry.target)])
    return {"found": result_page, "names": actor_names, "trouble": error, "filtered": bool(filters)}
