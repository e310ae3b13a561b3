"""The AI Catalog at ``/.well-known/ai-catalog.json``, for search engines of agents (Agentic Resource Discovery, draft
0.9).

Agents are references to their cards. If the setting ``ai_catalog_servers`` publishes them, the reachable MCP servers
follow, each with its embedded ``server.json``: this server, its virtual servers and its upstreams.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlsplit

from pydantic_core import from_json

from agora import __version__
from agora.core.call import Caller
from agora.settings import Settings
from agora_sdk.errors import NotFound

from .operations import A2AOperations
from .routes import ARD_PATH, CARD_PATHS

__all__ = ["AiCatalog"]

PAGE_SIZE: Final = 100
MAX_PAGES: Final = 50
CARD_TYPE: Final = "application/a2a-agent-card+json"
REGISTRY_TYPE: Final = "application/ai-registry+json"
SERVER_TYPE: Final = "application/mcp-server-card+json"
OWN_DESCRIPTION: Final = "A marketplace of agents: messages, tasks, workflows, and the tools of other MCP servers."

Fields = Mapping[str, Any]


class AiCatalog:
    """Builds the catalog visible to a caller."""

    def __init__(self, operations: A2AOperations, settings: Settings) -> None:
        self._operations, self._settings = operations, settings

    async def build_catalog(self, base_url: str, caller: Caller) -> dict[str, Any]:
        """Build the catalog with the base URL used by the client."""
        agents = self._iterate_items("agora.a2a.catalogue", "agents", caller, base_url=base_url)
        entries = [_build_agent_entry(agent, base_url) async for agent in agents]
        # The front agent is listed first: the marketplace appears under its name.
        host = entries[0]["displayName"] if entries else "Agora"
        if self._settings.ai_catalog_search:
            entries.append(_build_registry_entry(base_url, host))
        if self._settings.ai_catalog_servers:
            entries += [entry async for entry in self._list_server_entries(base_url, caller)]
        return {"specVersion": "1.0", "host": {"displayName": host}, "entries": entries}

    async def _list_server_entries(self, base_url: str, caller: Caller) -> AsyncIterator[dict[str, Any]]:
        """List MCP servers. The operator publishes them with the setting, so the caller needs no scope."""
        reader = replace(caller, scopes=caller.scopes | {"read:catalogue"})
        server_fields = {"name": "agora", "description": OWN_DESCRIPTION, "server_version": __version__}
        yield _build_server_entry("mcp", server_fields, f"{base_url}/mcp")
        async for server in self._iterate_items("agora.virtual_server.list", "servers", reader):
            yield _build_server_entry("server", server, base_url + server["url"], server["tools"])
        async for upstream in self._iterate_items("agora.upstream.list", "upstreams", reader):
            # A search engine would send its users to an empty list: none of its tools is usable now.
            if not upstream["tools"]:
                continue
            pages = self._iterate_items(
                "agora.upstream.get", "items", reader, upstream=upstream["name"], kind="tool", state="active"
            )
            try:
                tools = [item["name"] async for item in pages]
            except NotFound:  # removed since it was listed
                continue
            yield _build_server_entry("upstream", upstream, f"{base_url}/mcp?toolsets={quote(upstream['name'])}", tools)

    async def _iterate_items(
        self, operation: str, member: str, caller: Caller, **arguments: Any
    ) -> AsyncIterator[Fields]:
        # Its pages have a fixed size: it refuses a limit.
        if operation != "agora.upstream.get":
            arguments["limit"] = PAGE_SIZE
        # Bounded: anybody may request the catalog, which is built anew each time.
        for _ in range(MAX_PAGES):
            page = from_json(await self._operations.invoke_operation(operation, caller, arguments))
            for item in page[member]:
                yield item
            if not page.get("next_cursor"):
                return
            arguments["cursor"] = page["next_cursor"]


def _build_agent_entry(agent: Fields, base_url: str) -> dict[str, Any]:
    entry = {
        "identifier": _build_entry_identifier(base_url, "agent", agent.get("agent_id") or "front"),
        "displayName": agent["name"],
        "type": CARD_TYPE,
        "mediaType": CARD_TYPE,  # the name of ``type`` in earlier drafts
        "url": agent.get("card_url") or base_url + CARD_PATHS[0],
        "description": agent["description"],
        "updatedAt": agent["updated_at"],
    }
    if agent.get("tags"):
        entry["tags"] = agent["tags"]
    if agent.get("pricing"):
        # Metadata in a catalog must not contain objects.
        entry["metadata"] = {f"pricing.{name}": value for name, value in agent["pricing"].items() if value is not None}
    return entry


def _build_registry_entry(base_url: str, host: str) -> dict[str, Any]:
    return {
        "identifier": _build_entry_identifier(base_url, "registry", "search"),
        "displayName": f"Search of {host}",
        "type": REGISTRY_TYPE,
        "mediaType": REGISTRY_TYPE,
        "url": base_url + ARD_PATH,
        "description": "Searches this catalog in natural language: POST search.",
    }


def _build_server_entry(kind: str, server: Fields, url: str, tools: list[str] | None = None) -> dict[str, Any]:
    name, description = server["name"], server.get("description") or f"The tools of {server['name']}."
    document = {
        "name": f"agora/{name}",
        "description": description,
        "version": server.get("server_version") or "1.0.0",
        "remotes": [{"type": "streamable-http", "url": url}],
    }
    entry = {
        "identifier": _build_entry_identifier(url, kind, name),
        "displayName": name,
        "type": SERVER_TYPE,
        "mediaType": SERVER_TYPE,
        "data": document,
        "description": description,
    }
    if tools:
        entry["capabilities"] = tools
    if server.get("updated_at"):
        entry["updatedAt"] = server["updated_at"]
    return entry


def _build_entry_identifier(url: str, kind: str, name: str) -> str:
    return f"urn:air:{urlsplit(url).hostname or 'localhost'}:{kind}:{name}"
