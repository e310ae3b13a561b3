"""Abroad: resources and prompts of upstream MCP servers, under the upstream's name.

A resource's URI stands percent-encoded behind ``agora://upstreams/{upstream}/``; a prompt is
``{upstream}.{prompt}``. What is quarantined or dropped is not shown. (Tools are in the catalogue.)
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from agora_sdk.errors import AgoraError, PermissionDenied, Unauthenticated

from .exchange import Exchange, Refusal

__all__ = ["PREFIX", "Abroad"]

PREFIX: Final = "agora://upstreams/"
AT_ONCE = 100  #: upstreams asked for in one page of their list
MOST_PAGES = 10
_EXPRESSION = re.compile(r"({[^{}]*})")

Invoke = Callable[[Exchange, str, Mapping[str, Any]], Awaitable[Any]]


class Abroad:
    """What upstreams offer besides tools. ``invoke`` answers an operation's result as JSON has it."""

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke

    async def resources(self, exchange: Exchange) -> list[dict[str, Any]]:
        """Entries of every resource."""
        return [
            definition | {"uri": f"{PREFIX}{upstream}/{quote(definition['uri'], safe='')}", "name": name}
            async for upstream, name, definition in self._items(exchange, "resource")
        ]

    async def templates(self, exchange: Exchange) -> list[dict[str, Any]]:
        """Entries of every resource template; what a client fills in stays to be filled in."""
        return [
            definition | {"uriTemplate": f"{PREFIX}{upstream}/{_quoted(definition['uriTemplate'])}", "name": name}
            async for upstream, name, definition in self._items(exchange, "template")
        ]

    async def prompts(self, exchange: Exchange) -> list[dict[str, Any]]:
        """Entries of every prompt."""
        return [definition | {"name": name} async for _, name, definition in self._items(exchange, "prompt")]

    async def read(self, exchange: Exchange, uri: str) -> dict[str, Any]:
        """The contents of a resource. Raises an AgoraError."""
        upstream, _, own = uri.removeprefix(PREFIX).partition("/")
        result = await self._invoke(exchange, "agora.upstream.read", {"upstream": upstream, "uri": unquote(own)})
        return {"contents": [content | {"uri": uri} for content in result["contents"]]}

    async def prompt(self, exchange: Exchange, name: str, arguments: Mapping[str, str]) -> dict[str, Any]:
        """A prompt, filled in. Raises Refusal."""
        upstream, _, own = name.partition(".")
        given = {"upstream": upstream, "prompt": own, "arguments": dict(arguments)}
        try:
            result = await self._invoke(exchange, "agora.upstream.prompt", given)
        except Unauthenticated:
            raise
        except AgoraError as error:
            raise Refusal.of(error, modern=True) from None
        about = {"description": result["description"]} if result["description"] else {}
        return {**about, "messages": result["messages"]}

    async def _items(self, exchange: Exchange, kind: str) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
        """Upstream, name here and definition of whatever is in use; nothing for who may not look."""
        wanted = {"kind": kind, "state": "active"}
        try:
            async for name in self._names(exchange):
                found = await self._invoke(exchange, "agora.upstream.get", {"upstream": name, **wanted})
                for item in found["items"]:
                    own = item["definition"].get("name") or item["name"]
                    yield name, f"{name}.{own}", item["definition"]
        except (PermissionDenied, Unauthenticated):
            return

    async def _names(self, exchange: Exchange) -> AsyncIterator[str]:
        """The upstreams, page by page."""
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._invoke(exchange, "agora.upstream.list", {"limit": AT_ONCE, "cursor": cursor})
            for upstream in page["upstreams"]:
                yield upstream["name"]
            if (cursor := page["next_cursor"]) is None:
                return


def _quoted(template: str) -> str:
    """A template percent-encoded, but for its expressions."""
    return "".join(part if part.startswith("{") else quote(part, safe="") for part in _EXPRESSION.split(template))
