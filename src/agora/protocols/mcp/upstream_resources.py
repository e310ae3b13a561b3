"""Resources and prompts of upstream MCP servers, under the upstream's name.

A resource's URI is percent-encoded after ``agora://upstreams/{upstream}/``; a prompt is
``{upstream}.{prompt}``. Quarantined and dropped items are hidden. (Tools of upstreams are operations of the registry.)
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from agora_sdk.errors import AgoraError, Conflict, NotFound, PermissionDenied, Unauthenticated

from .request_context import JsonRpcError, RequestContext

__all__ = ["URI_PREFIX", "UpstreamResources", "build_local_uri", "rewrite_links_to_local_uris"]

URI_PREFIX: Final = "agora://upstreams/"
PAGE_SIZE = 100  #: upstreams per page of their list
MAX_PAGES = 10  #: limits the calls that one listing makes, to a thousand upstreams
_UPSTREAM = re.compile(r"[a-z0-9][a-z0-9-]{0,23}")
_EXPRESSION = re.compile(r"({[^{}]*})")

Invoke = Callable[[RequestContext, str, Mapping[str, Any]], Awaitable[Any]]


class UpstreamResources:
    """Resources and prompts of upstreams. ``invoke`` returns an operation's result as JSON types."""

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke

    async def list_resources(self, request_context: RequestContext) -> list[dict[str, Any]]:
        """List the entries of all resources."""
        return [
            definition | {"uri": build_local_uri(upstream, definition["uri"]), "name": name}
            async for upstream, name, definition in self._list_active_items(request_context, "resource")
        ]

    async def list_templates(self, request_context: RequestContext) -> list[dict[str, Any]]:
        """List the entries of all resource templates; their expressions are preserved."""
        return [
            definition
            | {"uriTemplate": f"{URI_PREFIX}{upstream}/{_quote_template(definition['uriTemplate'])}", "name": name}
            async for upstream, name, definition in self._list_active_items(request_context, "template")
        ]

    async def list_prompts(self, request_context: RequestContext) -> list[dict[str, Any]]:
        """List the entries of all prompts."""
        return [
            definition | {"name": name}
            async for _, name, definition in self._list_active_items(request_context, "prompt")
        ]

    async def read_uri(self, request_context: RequestContext, uri: str) -> dict[str, Any]:
        """Read the contents of a resource. Raises an AgoraError."""
        upstream, _, own_uri = uri.removeprefix(URI_PREFIX).partition("/")
        result = await self._invoke(
            request_context, "agora.upstream.read", {"upstream": upstream, "uri": unquote(own_uri)}
        )
        # Under the requested URI: the upstream's own means nothing to a client of this server.
        return {"contents": [content | {"uri": uri} for content in result["contents"]]}

    async def get_prompt(
        self, request_context: RequestContext, name: str, arguments: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return a prompt with its arguments inserted. Raises JsonRpcError."""
        upstream, _, own_name = name.partition(".")
        call_arguments = {"upstream": upstream, "prompt": own_name, "arguments": dict(arguments)}
        try:
            result = await self._invoke(request_context, "agora.upstream.prompt", call_arguments)
        # Not as a JSON-RPC error: the endpoint answers with HTTP 401, by which clients begin to sign in.
        except Unauthenticated:
            raise
        except AgoraError as error:
            # In both eras: the older code for unknown objects, -32002, is that of resources.
            raise JsonRpcError.from_error(error, modern=True) from None
        optional_fields = {"description": result["description"]} if result["description"] else {}
        messages = [
            message | {"content": rewrite_links_to_local_uris(upstream, message["content"])}
            if "content" in message
            else message
            for message in result["messages"]
        ]
        return {**optional_fields, "messages": messages}

    async def complete_argument_or_none(
        self,
        request_context: RequestContext,
        argument: Mapping[str, Any],
        reference: Mapping[str, Any],
        context: Mapping[str, str],
    ) -> dict[str, Any] | None:
        """Complete an argument at the upstream; None if the prompt or template is not an upstream's."""
        reference_name = str(reference.get("name") or "")
        uri = str(reference.get("uri") or "")
        if uri.startswith(URI_PREFIX):
            upstream, _, own_uri = uri.removeprefix(URI_PREFIX).partition("/")
            kind, name = "template", unquote(own_uri)
        elif "." in reference_name:
            upstream, _, name = reference_name.partition(".")
            kind = "prompt"
        else:
            return None
        arguments = {"upstream": upstream, "kind": kind, "name": name, "argument": argument["name"]}
        arguments |= {"value": argument["value"], "context": dict(context)}
        try:
            result = await self._invoke(request_context, "agora.upstream.complete", arguments)
        except AgoraError:  # an upstream without completions offers no values
            return {"completion": {"values": [], "total": 0, "hasMore": False}}
        total = {} if result["total"] is None else {"total": result["total"]}
        return {"completion": {"values": result["values"], **total, "hasMore": result["has_more"]}}

    async def find_error_of_withheld_tool(self, request_context: RequestContext, name: str) -> AgoraError | None:
        """Find the error of a quarantined or dropped tool of an upstream; None for any other name. name: ``UPSTREAM.TOOL``
        or ``UPSTREAM_TOOL``."""
        # An upstream's name contains no dot or underscore: the first separator ends it.
        upstream, _, tool = name.partition("." if "." in name else "_")
        for state in ("quarantined", "dropped") if _UPSTREAM.fullmatch(upstream) and tool else ():
            filters = {"upstream": upstream, "kind": "tool", "state": state}
            try:
                async for item in self._list_upstream_items(request_context, filters):
                    if tool in (item["name"], item["name"].replace(".", "_")):
                        return _build_unusable_tool_error(upstream, item)
            except AgoraError:  # the upstream is unknown or not visible to the caller
                return None
        return None

    async def _list_active_items(
        self, request_context: RequestContext, kind: str
    ) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
        """List the upstream, local name and definition of each usable item; empty without the permission."""
        filters = {"kind": kind, "state": "active"}
        try:
            async for name in self._list_upstream_names(request_context):
                try:
                    async for item in self._list_upstream_items(request_context, {"upstream": name, **filters}):
                        own_name = item["definition"].get("name") or item["name"]
                        yield name, f"{name}.{own_name}", item["definition"]
                except NotFound:  # removed since its name was listed; the others are listed all the same
                    continue
        # The caller's other resources and prompts are listed all the same.
        except (PermissionDenied, Unauthenticated):
            return

    async def _list_upstream_items(
        self, request_context: RequestContext, filters: Mapping[str, Any]
    ) -> AsyncIterator[dict[str, Any]]:
        """List the items of an upstream, page by page."""
        cursor: str | None = None
        while True:
            page = await self._invoke(request_context, "agora.upstream.get", {**filters, "cursor": cursor})
            for item in page["items"]:
                yield item
            if (cursor := page["next_cursor"]) is None:
                return

    async def _list_upstream_names(self, request_context: RequestContext) -> AsyncIterator[str]:
        """List the names of upstreams, page by page."""
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await self._invoke(request_context, "agora.upstream.list", {"limit": PAGE_SIZE, "cursor": cursor})
            for upstream in page["upstreams"]:
                yield upstream["name"]
            if (cursor := page["next_cursor"]) is None:
                return


def build_local_uri(upstream: str, uri: str) -> str:
    """Build the local URI of an upstream's resource."""
    return f"{URI_PREFIX}{upstream}/{quote(uri, safe='')}"


def rewrite_links_to_local_uris(upstream: str, block: Any) -> Any:
    """Rewrite the links of an upstream's content block to local URIs."""
    if not isinstance(block, dict):
        return block
    if block.get("type") == "resource_link" and isinstance(block.get("uri"), str):
        return {**block, "uri": build_local_uri(upstream, block["uri"])}
    resource = block.get("resource")
    if block.get("type") == "resource" and isinstance(resource, dict) and isinstance(resource.get("uri"), str):
        return {**block, "resource": {**resource, "uri": build_local_uri(upstream, resource["uri"])}}
    return block


def _build_unusable_tool_error(upstream: str, item: Mapping[str, Any]) -> AgoraError:
    what = f"The tool {item['name']!r} of {upstream}"
    if item["state"] == "dropped":
        return NotFound(f"{what} cannot be offered: {item['reason']}.")
    return Conflict(
        f"{what} is quarantined: {item['reason']}.",
        fix="An operator reviews it with agora.upstream.get, and accepts it with agora.upstream.accept.",
    )


def _quote_template(template: str) -> str:
    """Percent-encode a template except its expressions."""
    return "".join(part if part.startswith("{") else quote(part, safe="") for part in _EXPRESSION.split(template))
