"""Review of an upstream's listing: new items are offered, changed ones are quarantined until accepted.

An accepted definition is pinned by its hash. A changed one is quarantined even if it was absent in between: otherwise an
upstream could swap a reviewed tool for another one unnoticed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any

from agora.core.call import Call, decode_json, encode_json
from agora.domains.mcp_upstreams.offers import OFFERS

from . import queries as statements
from .offers import Offer, OfferedTool
from .port import Item, Kind, Listing
from .records import UPSTREAM_TOOLS, UpstreamRow, UpstreamToolRow

__all__ = ["DROPPED_REASON", "emit_and_queue_offer", "review_and_store_listing"]

DROPPED_REASON = "the upstream does not offer it any more"
PINNED_KINDS: frozenset[Kind] = frozenset({"tool", "prompt"})  # instructions for a model; resources change freely
MAX_KNOWN_DEFINITIONS = 2000  # per kind
TOO_MANY_REASON = f"it has offered {MAX_KNOWN_DEFINITIONS} of this kind by now; to take in new ones, remove the upstream and add it again"
MAX_NAMES_PER_EVENT = 100  # names per event
COLUMNS = ("description", "definition", "hash", "pinned", "accepted", "state", "reason")  # updated by a listing
_content = attrgetter(*COLUMNS)


async def review_and_store_listing(call: Call, upstream: UpstreamRow, listing: Listing) -> bool:
    """Compare a listing with the stored items and store it. Returns whether anything changed."""
    upstream_id = upstream.upstream_id
    rows = await call.tx.all(statements.select_items, upstream_id=upstream_id)
    rows_by_name = {(row.kind, row.name): row for row in rows}
    has_changed = False
    for item in _limit_new_names(listing.items, rows_by_name):
        row = rows_by_name.pop((item.kind, item.name), None)
        has_changed = (
            await _store_item_if_changed(call, row, _build_reviewed_item(call, upstream_id, item, row)) or has_changed
        )
    for row in rows_by_name.values():
        has_changed = await _delete_or_retain_unoffered_item(call, row) or has_changed
    await call.tx.execute(
        statements.update_server_info,
        upstream_id=upstream_id,
        server_name=_truncate_name(listing.server_name),
        server_version=_truncate_name(listing.server_version),
        protocol_version=listing.protocol_version,
        instructions=listing.instructions[:20_000] if listing.instructions else None,
        now=call.now,
    )
    return (
        has_changed or upstream.listed_at is None or upstream.server_version != _truncate_name(listing.server_version)
    )


def _limit_new_names(items: Iterable[Item], stored: Mapping[tuple[str, str], UpstreamToolRow]) -> list[Item]:
    """Omit new items if an upstream has already introduced too many names.

    Items no longer offered are remembered, so that they cannot return with another definition; unlimited names would
    fill the store.
    """
    counts = Counter(kind for kind, _ in stored)
    admitted: list[Item] = []
    refused: set[Kind] = set()
    for item in items:
        new = (item.kind, item.name) not in stored
        if new and item.kind in PINNED_KINDS and counts[item.kind] >= MAX_KNOWN_DEFINITIONS:
            refused.add(item.kind)
            continue
        counts[item.kind] += new
        admitted.append(item)
    return admitted + [
        Item(kind, "(new)", f"New ones of the kind {kind}.", {}, TOO_MANY_REASON) for kind in sorted(refused)
    ]


async def _delete_or_retain_unoffered_item(call: Call, row: UpstreamToolRow) -> bool:
    """Keep the accepted definition of an item that is no longer offered. Returns whether anything changed."""
    # Nothing was accepted that could come back changed.
    if row.kind not in PINNED_KINDS or row.pinned is None:
        await call.tx.execute(statements.delete_item, upstream_id=row.upstream_id, kind=row.kind, name=row.name)
        return True
    return await _store_item_if_changed(call, row, replace(row, state="dropped", reason=DROPPED_REASON))


def _build_reviewed_item(call: Call, upstream_id: str, item: Item, row: UpstreamToolRow | None) -> UpstreamToolRow:
    """Build the row of an offered item. row: the stored one, None for a new item."""
    digest = item.hash
    current = UpstreamToolRow(
        tenant_id=call.caller.tenant,
        upstream_id=upstream_id,
        kind=item.kind,
        name=item.name,
        description=item.description,
        definition=encode_json(item.definition),
        hash=digest,
        pinned=row.pinned if row is not None else None,
        accepted=_find_accepted_definition(row, digest),
        state="active",
        reason=None,
        first_seen=row.first_seen if row is not None else call.now,
        changed_at=call.now,
    )
    if item.reason is not None:
        current.state, current.reason = "dropped", item.reason
    # Trust on first use: adding the upstream accepts its first listing.
    elif current.pinned is None:
        current.pinned = digest
    elif current.pinned != digest:
        current.state, current.reason = "quarantined", _describe_difference(current.accepted, item.definition)
    return current


def _find_accepted_definition(row: UpstreamToolRow | None, digest: str) -> str | None:
    """Find the accepted definition if a different one is offered now."""
    if row is None or row.pinned is None or row.pinned == digest:
        return None
    accepted: str | None = row.accepted or (row.definition if row.hash == row.pinned else None)
    return accepted


def _describe_difference(accepted: str | None, definition: Mapping[str, Any]) -> str:
    accepted_definition = decode_json(accepted) if accepted else {}
    keys = sorted(
        key
        # The hash leaves `_meta` out as well (port.hash_definition).
        for key in {*accepted_definition, *definition} - {"_meta"}
        if accepted_definition.get(key) != definition.get(key)
    )
    return f"it changed since it was accepted: {', '.join(keys)[:500]}"


async def _store_item_if_changed(call: Call, row: UpstreamToolRow | None, current: UpstreamToolRow) -> bool:
    """Store an item. row: the stored row, None for a new one. Returns whether anything changed."""
    if row is None:
        call.tx.append(UPSTREAM_TOOLS, current)
        return True
    content = _content(current)
    if _content(row) == content:
        return False
    await call.tx.execute(
        statements.update_item,
        upstream_id=row.upstream_id,
        kind=row.kind,
        name=row.name,
        now=call.now,
        **dict(zip(COLUMNS, content, strict=True)),
    )
    return True


async def emit_and_queue_offer(call: Call, change: str, upstream: UpstreamRow) -> None:
    """Emit the current tools of an upstream, and hand them over to the catalogue."""
    rows = await call.tx.all(statements.select_items, upstream_id=upstream.upstream_id)
    # Read again: the listing has just updated the version; None after a removal.
    now = await call.tx.one(statements.select_upstream, ref=upstream.upstream_id)
    name = upstream.name
    version = now.server_version if now is not None else None
    tools = [
        OfferedTool(name, row.name, row.description, row.definition, version)
        for row in rows
        if row.kind == "tool" and row.state == "active"
    ]
    data = {
        "upstream_id": upstream.upstream_id,
        "name": name,
        "tools": len(tools),
        "quarantined": [row.name for row in rows if row.state == "quarantined"][:MAX_NAMES_PER_EVENT],
        "dropped": [row.name for row in rows if row.state == "dropped"][:MAX_NAMES_PER_EVENT],
    }
    event_id = call.emit(f"agora.upstream.{change}", data, subject=upstream.upstream_id)
    call.context.ports.get(OFFERS).store_offer(event_id, Offer(call.caller.tenant, name, tools))


def _truncate_name(text: str | None) -> str | None:
    return text[:200] if text else None
