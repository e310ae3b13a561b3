"""Registry: a catalog of MCP servers with the API of the official MCP registry (v0.1)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from .fields import PRINTABLE, Cursor, JsonObject, Timestamp
from .operation import Exposure, Kind, Service, operation
from .results import Result
from .upstreams import Concurrency, Headers, Seconds, Upstream, UpstreamName

__all__ = ["Registry", "RegistryEntry", "RegistryMetadata", "RegistryPage"]

ServerName = Annotated[
    str,
    Field(
        min_length=3,
        max_length=200,
        pattern=r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$",
        description="Name of a server in the registry; in a path, the slash may be encoded as %2F.",
        examples=["io.github.user/weather"],
    ),
]
ServerVersion = Annotated[
    str, Field(min_length=1, max_length=255, pattern=PRINTABLE, description="A version, or 'latest'.")
]
PageLimit = Annotated[int, Field(ge=1, le=100, description="Maximum number of servers returned.")]
Variables = Annotated[
    dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=4000)]],
    Field(max_length=50, description="Values of the variables in its URL and headers."),
]


class RegistryEntry(Result):
    """A server. ``server``: its server.json. ``_meta``: registry metadata."""

    model_config = ConfigDict(populate_by_name=True)

    server: dict[str, Any]
    meta: dict[str, Any] = Field(default={}, alias="_meta")


class RegistryMetadata(Result):
    model_config = ConfigDict(populate_by_name=True)

    count: int
    next_cursor: str | None = Field(default=None, alias="nextCursor")


class RegistryPage(Result):
    """A page of servers."""

    servers: list[RegistryEntry]
    metadata: RegistryMetadata


class Registry(Service, category="registry"):
    """The read API of the MCP registry for the upstreams and this server, and import of registry entries."""

    @operation("GET /v0.1/servers", scope="read:catalogue")
    async def list(
        self,
        *,
        cursor: Cursor = None,
        limit: PageLimit = 30,
        search: Annotated[str | None, Field(max_length=200, description="Part of the name.")] = None,
        updated_since: Timestamp | None = None,
        version: ServerVersion | None = None,
        include_deleted: Annotated[bool, Field(description="No effect, because deleted servers are not kept.")] = False,
    ) -> RegistryPage:
        """List the MCP servers that can be reached through this server.

        Each entry points to an endpoint of this server that offers only the tools of that MCP server.
        """

    @operation("GET /v0.1/servers/{+server_name}/versions", scope="read:catalogue")
    async def versions(
        self,
        server_name: ServerName,
        *,
        include_deleted: Annotated[bool, Field(description="No effect, because deleted servers are not kept.")] = False,
    ) -> RegistryPage:
        """List the versions of a server: only the running one."""

    @operation("GET /v0.1/servers/{+server_name}/versions/{version}", scope="read:catalogue")
    async def get(
        self,
        server_name: ServerName,
        version: ServerVersion = "latest",
        *,
        include_deleted: Annotated[bool, Field(description="No effect, because deleted servers are not kept.")] = False,
    ) -> RegistryEntry:
        """Show a version of a server."""

    @operation("POST /registry/import", scope="admin", name="import", kind=Kind.RELAY, exposure=Exposure.OPERATOR)
    async def import_server(
        self,
        server: Annotated[JsonObject, Field(description="A server.json, or an entry of a registry that holds one.")],
        name: UpstreamName | None = None,
        *,
        variables: Variables = {},
        headers: Headers = {},
        timeout: Seconds | None = None,
        concurrency: Concurrency = 16,
        verify: Annotated[
            bool, Field(description="Connect first; false stores it even if it cannot be reached.")
        ] = True,
    ) -> Upstream:
        """Add an MCP server described by a server.json as an upstream, using its streamable-http remote.

        Packages are not imported, because they would run code on this server. To run one, an operator adds its command
        to the file of the setting ``mcp_config``.
        """
