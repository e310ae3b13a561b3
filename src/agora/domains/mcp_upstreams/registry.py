"""The MCP registry's read API, and the import of registry entries."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from agora import __version__
from agora.clock import to_datetime
from agora.core import pagination as paging
from agora.core.call import BoundService, Call
from agora.value_classes import value_class
from agora_sdk.contract import implements
from agora_sdk.contract import registry as contract
from agora_sdk.contract.fields import JsonObject
from agora_sdk.contract.upstreams import Headers, Upstream
from agora_sdk.errors import InvalidRequest, NameTaken, NotFound, field_error

from . import queries as statements
from .records import UpstreamRow
from .registration import NewUpstream, add_upstream_by_url
from .server_json import SCHEMA, fill_in_remote, unwrap_server

__all__ = ["RegistryService"]

NAMESPACE = "agora/"  # of this server and of upstreams without a registry name; cannot be imported
OWN_NAME = f"{NAMESPACE}agora"
OFFICIAL_META_KEY = "io.modelcontextprotocol.registry/official"
MAX_DESCRIPTION_CHARACTERS = 100  # characters of a description in server.json
Entry = dict[str, Any]


@value_class
class ServerSummary:
    """Data of a server's registry entry. query: of its URL on this server. Times: microseconds since 1970."""

    name: str
    description: str
    version: str
    query: str
    published_at: int
    updated_at: int


class RegistryService(BoundService, contract.Registry):
    """Registry entries that all lead to this server, so that access to upstreams is checked, metered and audited."""

    @implements
    async def list(
        self,
        *,
        cursor: str | None = None,
        limit: int = 30,
        search: str | None = None,
        updated_since: datetime | None = None,
        version: str | None = None,
        include_deleted: bool = False,
    ) -> contract.RegistryPage:
        # In memory: there are at most 500 upstreams (registration.MAX_UPSTREAMS).
        after = paging.decode_cursor(cursor)[0] if cursor else ""
        entries = [
            entry
            for entry in await _list_servers(self.call)
            if entry["server"]["name"] > after
            and (search is None or search.lower() in entry["server"]["name"].lower())
            and (version is None or _has_version(entry, version))
            and (updated_since is None or entry["_meta"][OFFICIAL_META_KEY]["updatedAt"] >= updated_since)
        ]
        more = len(entries) > limit
        return _build_page(
            entries[:limit], paging.encode_cursor(entries[limit - 1]["server"]["name"]) if more else None
        )

    @implements
    async def versions(self, server_name: str, *, include_deleted: bool = False) -> contract.RegistryPage:
        return _build_page([await _require_server(self.call, server_name)], None)

    @implements
    async def get(
        self, server_name: str, version: str = "latest", *, include_deleted: bool = False
    ) -> contract.RegistryEntry:
        entry = await _require_server(self.call, server_name)
        if not _has_version(entry, version):
            raise NotFound(f"{server_name} has no version {version}.", fix=f"It has {entry['server']['version']}.")
        return contract.RegistryEntry.model_validate(entry)

    @implements
    async def import_server(
        self,
        server: JsonObject,
        name: str | None = None,
        *,
        variables: contract.Variables = {},
        headers: Headers = {},
        timeout: float | None = None,
        concurrency: int = 16,
        verify: bool = True,
    ) -> Upstream:
        remote = fill_in_remote(unwrap_server(server), variables, headers)
        # Otherwise an import could pose as this server in its own registry.
        if remote.name.lower().startswith(NAMESPACE):
            raise NameTaken(f"{remote.name} is a name of this server's own.", fix="Change the name in the server.json.")
        new = NewUpstream(
            name=name or _build_local_name(remote.name),
            url=remote.url,
            description=remote.description,
            secrets=remote.headers,
            timeout=timeout,
            concurrency=concurrency,
            origin="registry",
            registry_name=remote.name,
        )
        return await add_upstream_by_url(self.call, new, verify=verify)


async def _require_server(call: Call, server_name: str) -> Entry:
    for entry in await _list_servers(call):
        if entry["server"]["name"] == server_name:
            return entry
    raise NotFound(f"There is no server {server_name!r}.", fix="They are listed at GET /v0.1/servers.")


async def _list_servers(call: Call) -> list[Entry]:
    """List all servers by name, including this one."""
    rows = await call.tx.all(statements.select_all_upstreams)
    entries = [_build_own_entry(call), *(_build_upstream_entry(call, row) for row in rows)]
    return sorted(entries, key=lambda entry: str(entry["server"]["name"]))


def _build_page(entries: list[Entry], cursor: str | None) -> contract.RegistryPage:
    metadata = {"count": len(entries), "nextCursor": cursor}
    return contract.RegistryPage.model_validate({"servers": entries, "metadata": metadata})


def _has_version(entry: Entry, version: str) -> bool:
    return version in ("latest", entry["server"]["version"])


def _build_own_entry(call: Call) -> Entry:
    description = "A marketplace of agents: messages, tasks, workflows, and the tools of other MCP servers."
    started_at = call.context.started_at
    return _build_entry(call, ServerSummary(OWN_NAME, description, __version__, "", started_at, started_at))


def _build_upstream_entry(call: Call, row: UpstreamRow) -> Entry:
    name = row.registry_name or f"{NAMESPACE}{row.name}"
    description = row.description or f"The tools of {row.server_name or row.name}."
    version = row.server_version or "1.0.0"
    summary = ServerSummary(name, description, version, f"?toolsets={row.name}", row.created_at, row.updated_at)
    return _build_entry(call, summary)


def _build_entry(call: Call, summary: ServerSummary) -> Entry:
    description, published_at = summary.description, to_datetime(summary.published_at)
    if len(description) > MAX_DESCRIPTION_CHARACTERS:
        description = description[: MAX_DESCRIPTION_CHARACTERS - 1] + "…"
    server = {
        "$schema": SCHEMA,
        "name": summary.name,
        "description": description,
        "version": summary.version,
        "remotes": [{"type": "streamable-http", "url": f"{call.context.settings.own_url}/mcp{summary.query}"}],
    }
    official = {
        "status": "active",
        "statusChangedAt": published_at,
        "publishedAt": published_at,
        "updatedAt": to_datetime(summary.updated_at),
        "isLatest": True,
    }
    return {"server": server, "_meta": {OFFICIAL_META_KEY: official}}


def _build_local_name(registry_name: str) -> str:
    """Build the name of an upstream from its registry name."""
    name = re.sub(r"[^a-z0-9]+", "-", registry_name.partition("/")[2].lower()).strip("-")[:24].strip("-")
    if not name:
        raise InvalidRequest(
            f"No name can be derived from {registry_name!r}.",
            fix="Give one as 'name'.",
            errors=[field_error("name", "missing")],
        )
    return name
