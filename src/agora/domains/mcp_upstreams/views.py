"""Rendering of upstream rows for callers and for the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from agora.clock import SECOND, to_datetime
from agora.core.call import Call, decode_json, encode_json
from agora.core.errors import not_found
from agora.core.pagination import encode_cursor
from agora.core.record_models import build_from_record
from agora.domains.mcp_upstreams.port import UPSTREAMS
from agora_sdk import contract

from . import queries as statements
from .client.vetting import build_service_name
from .oauth import queries as grants
from .oauth.authorization import SHARED_SUBJECT
from .port import Condition, Endpoint, OAuthMode
from .records import UpstreamRow, UpstreamToolRow

__all__ = [
    "NOT_PERMITTED",
    "build_detail",
    "build_summary",
    "build_upstream_endpoint",
    "count_items",
    "get_connection_condition",
    "require_upstream",
]

OAUTH_MODES: Mapping[str, OAuthMode] = {"none": "none", "shared": "shared", "user": "user", "machine": "machine"}
NOT_PERMITTED = "commands are not permitted: an operator has to set mcp_commands"


async def require_upstream(call: Call, ref: str, *, lock: bool = False) -> UpstreamRow:
    """Find the upstream with a name or id. Raises NotFound."""
    row = await call.tx.one(statements.lock_upstream if lock else statements.select_upstream, ref=ref)
    if row is None:
        raise not_found("upstream", f"There is no upstream {ref!r}.", fix="They are listed at GET /upstreams.")
    return row


def build_upstream_endpoint(row: UpstreamRow) -> Endpoint:
    """Build the endpoint of an upstream for the engine."""
    command = decode_json(row.command) if row.command else {"args": [], "cwd": None}
    return Endpoint(
        tenant=row.tenant_id,
        upstream_id=row.upstream_id,
        revision=row.revision,
        name=row.name,
        transport="stdio" if row.transport == "stdio" else "http",
        url=row.url,
        command=tuple(command["args"]),
        directory=command["cwd"],
        secrets=bytes(row.secrets) if row.secrets is not None else None,
        oauth_mode=OAUTH_MODES[row.oauth_mode],
        oauth_client=bytes(row.oauth_client) if row.oauth_client is not None else None,
        private=bool(row.private),
        timeout=row.timeout,
        concurrency=row.concurrency,
    )


async def count_items(call: Call, rows: Sequence[UpstreamRow]) -> dict[str, dict[str, int]]:
    """Count each upstream's callable tools and unusable items, and determine whether it is authorized."""
    counts: dict[str, dict[str, int]] = {}
    for row in await call.tx.all(statements.count_items, ids=encode_json([row.upstream_id for row in rows])):
        counts_of_upstream = counts.setdefault(row.upstream_id, {"tools": 0, "quarantined": 0, "dropped": 0})
        if row.state != "active":
            counts_of_upstream[row.state] += row.items
        elif row.kind == "tool":
            counts_of_upstream["tools"] += row.items
    for subject in (SHARED_SUBJECT, call.caller.subject):
        mode_rows = [
            row
            for row in rows
            if row.oauth_mode != "none" and (row.oauth_mode == "user") == (subject != SHARED_SUBJECT)
        ]
        ids = [row.upstream_id for row in mode_rows]
        authorized = (
            await call.tx.all(grants.select_upstreams_granted, subject=subject, ids=encode_json(ids)) if ids else []
        )
        for upstream_id in ids:
            counts.setdefault(upstream_id, {})["authorized"] = upstream_id in authorized
    return counts


def build_summary(call: Call, row: UpstreamRow, counts: Mapping[str, int]) -> contract.upstreams.Upstream:
    """Build the summary of an upstream, limited to what the caller may see."""
    return build_from_record(contract.upstreams.Upstream, row, **_build_summary_fields(call, row, counts))


def build_detail(
    call: Call, row: UpstreamRow, counts: Mapping[str, int], items: Sequence[UpstreamToolRow], *, more: bool
) -> contract.upstreams.UpstreamDetail:
    """Build an upstream with a page of its items. more: whether there are further items."""
    return build_from_record(
        contract.upstreams.UpstreamDetail,
        row,
        **_build_summary_fields(call, row, counts),
        items=[_build_item(row.name, item) for item in items],
        has_more=more,
        next_cursor=encode_cursor(items[-1].kind, items[-1].name) if more else None,
    )


def _build_summary_fields(call: Call, row: UpstreamRow, counts: Mapping[str, int]) -> dict[str, Any]:
    now = get_connection_condition(call, row)
    retry = None if now.retry_in is None else to_datetime(call.now + int(min(now.retry_in, 86_400) * SECOND))
    operator = call.caller.may("admin")
    return {
        "url": row.url if operator else _strip_query(row.url),
        "command": decode_json(row.command)["args"] if row.command and operator else [],
        "has_credentials": row.secrets is not None,
        "oauth": row.oauth_mode,
        "state": contract.upstreams.ConnectionState(now.state),
        "error": now.error,
        "retry_at": retry,
        **counts,
    }


def get_connection_condition(call: Call, row: UpstreamRow) -> Condition:
    """Return the state of the connection to an upstream."""
    if row.transport == "stdio" and not call.context.settings.mcp_commands:
        return Condition("unavailable", NOT_PERMITTED)
    return call.context.ports.get(UPSTREAMS).get_condition(row.tenant_id, row.upstream_id)


def _strip_query(url: str | None) -> str | None:
    """Remove query and fragment of a URL, which may contain a key."""
    return urlunsplit(urlsplit(url)._replace(query="", fragment="")) if url else url


def _build_item(upstream: str, row: UpstreamToolRow) -> contract.upstreams.UpstreamItem:
    tool = row.kind == "tool" and row.state == "active"
    return build_from_record(
        contract.upstreams.UpstreamItem,
        row,
        service=build_service_name(upstream, row.name) if tool else None,
        accepted=decode_json(row.accepted) if row.accepted else None,
    )
