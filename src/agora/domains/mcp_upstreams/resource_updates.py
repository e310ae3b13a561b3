"""Access to the updates of an upstream's resources."""

from __future__ import annotations

from agora.core.call import Call
from agora_sdk.errors import Conflict, UpstreamUnavailable

from . import queries as statements
from .port import Endpoint
from .views import NOT_PERMITTED, build_upstream_endpoint, require_upstream

__all__ = ["find_watched_endpoint"]


async def find_watched_endpoint(call: Call, upstream: str, uri: str) -> Endpoint:
    """Find the endpoint for watching a resource. Raises NotFound, Conflict, UpstreamUnavailable."""
    row = await require_upstream(call, upstream)
    if row.transport == "stdio" and not call.context.settings.mcp_commands:
        raise UpstreamUnavailable(f"{row.name} is not available: {NOT_PERMITTED}.")
    item = await call.tx.one(statements.select_item, upstream_id=row.upstream_id, kind="resource", name=uri)
    # An unlisted URI may be an instance of a template, or linked from a result.
    if item is not None and item.state != "active":
        raise Conflict(f"The resource {uri!r} of {row.name} is {item.state}: {item.reason}.")
    return build_upstream_endpoint(row)
