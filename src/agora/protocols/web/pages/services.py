"""Services: the operations of the marketplace, and the upstream MCP servers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from agora.value_classes import value_class
from agora_sdk.contract import Lifecycle

from ..registry import register_fragment, register_page
from ..view import View
from .list_parameters import MAX_ROWS, list_page_or_filter_error, query_if_allowed, read_url_filters

__all__ = ["load_service_page", "load_services_page", "load_upstream_page", "load_upstreams_page"]

MAX_QUARANTINES = 10  #: upstreams whose quarantined tools are listed by name
LIFECYCLES = [lifecycle.value for lifecycle in Lifecycle]


@register_page("services", title="Services", scope="read:catalogue", nav=90, key="s", needs="agora.query.services")
async def load_services_page(view: View) -> Mapping[str, Any]:
    """Load the catalogue, with statistics of calls."""
    filters = read_url_filters(view, "category", "status")
    result_page, error = await list_page_or_filter_error(
        view, "agora.query.services", {**filters, "cursor": None}, rows=500
    )
    words = view.query.get("q", "").lower().split()
    items = result_page.items if result_page.count else []
    matches = [item for item in items if all(word in f"{item.name} {item.description}".lower() for word in words)]
    everything = await query_if_allowed(view, "agora.query.services", {"limit": 500})
    categories = sorted({item.category for item in everything.items}) if everything else []
    return {
        "found": _slice_page(view, matches),
        "trouble": error,
        "categories": categories,
        "lifecycles": LIFECYCLES,
        "filtered": bool(filters or words),
    }


@value_class
class ListSlice:
    """A page of a fully loaded list, with the members that a pager needs."""

    items: Sequence[Any]
    total: int
    next_cursor: str | None
    total_is_estimate: bool = False

    @property
    def count(self) -> int:
        return len(self.items)


def _slice_page(view: View, matches: Sequence[Any]) -> ListSlice:
    """Select the rows of a page. The URL's cursor is the number of preceding rows."""
    cursor = view.query.get("cursor", "0")
    start = int(cursor) if cursor.isdecimal() and len(cursor) < 9 else 0
    end = start + MAX_ROWS
    return ListSlice(matches[start:end], len(matches), str(end) if end < len(matches) else None)


@register_page(
    "services/upstreams",
    title="Upstreams",
    scope="read:catalogue",
    needs="agora.upstream.list",
    live=("upstream_rows",),
)
async def load_upstreams_page(view: View) -> Mapping[str, Any]:
    """Load remote MCP servers."""
    return await load_upstream_rows_fragment(view)


@register_fragment("upstream_rows", on=("agora.upstream.*",), tick=15, every=1.0)
async def load_upstream_rows_fragment(view: View) -> Mapping[str, Any]:
    """Load the table."""
    result_page, _ = await list_page_or_filter_error(view, "agora.upstream.list", {})
    rows = [row for row in (result_page.items if result_page.count else []) if row.quarantined][:MAX_QUARANTINES]
    names = await asyncio.gather(*(_list_quarantined_names(view, row.name) for row in rows))
    return {"found": result_page, "quarantined": {row.name: held for row, held in zip(rows, names, strict=True)}}


async def _list_quarantined_names(view: View, upstream: str) -> list[str]:
    """List the names of an upstream's quarantined tools."""
    record = await query_if_allowed(view, "agora.upstream.get", {"upstream": upstream})
    return [item.name for item in (record.items if record else []) if item.state == "quarantined"]


@register_page("services/upstreams/{upstream}", title="Upstream", scope="read:catalogue", needs="agora.upstream.get")
async def load_upstream_page(view: View) -> Mapping[str, Any]:
    """Load one upstream with its tools, resources and prompts."""
    return {"upstream": await view.invoke("agora.upstream.get", {"upstream": view.path["upstream"]})}


@register_page("services/{service}", title="Service", scope="read:catalogue", needs="agora.discovery.schema")
async def load_service_page(view: View) -> Mapping[str, Any]:
    """Load one operation: how to call it."""
    return {"service": await view.invoke("agora.discovery.schema", {"service": view.path["service"]})}
