"""Virtual servers: named sets of tools, each served as a separate MCP server."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .fields import PRINTABLE, AgentName, Cursor, Limit, Text, Timestamp
from .operation import Exposure, Service, operation
from .results import Page, Result

__all__ = [
    "VirtualServer",
    "VirtualServerKey",
    "VirtualServerPage",
    "VirtualServerRemoval",
    "VirtualServers",
]

ServerName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=40,
        pattern=r"^[a-z][a-z0-9_-]*$",
        description="Name of the server and end of its URL: lower-case letters, digits, hyphens, underscores.",
        examples=["support-desk"],
    ),
]
ToolNames = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]],
    Field(
        min_length=1,
        max_length=200,
        description="Tool names, with dots or underscores: operations, tools of upstreams (far.echo) and of agents "
        "(Dolly.shout).",
    ),
]
Description = Annotated[Text, Field(max_length=1000, description="Description for people.")]
Instructions = Annotated[
    Text,
    Field(
        max_length=4000,
        description="Instructions for models on when and how to use the tools; sent when a client connects.",
    ),
]


class VirtualServer(Result):
    """A named set of tools with its own MCP URL."""

    name: str
    url: str = Field(description="Path of its MCP endpoint on this server.")
    description: str = ""
    instructions: str = ""
    tools: list[str]
    created_by: str
    created_at: Timestamp
    updated_at: Timestamp


class VirtualServerPage(Page[VirtualServer]):
    items_field: ClassVar[str] = "servers"

    servers: list[VirtualServer]


class VirtualServerKey(Result):
    """A key for one virtual server. Revoke it with agora.token.revoke."""

    name: str
    token_id: str
    label: str
    expires_at: Timestamp | None = None
    token: str | None = Field(default=None, description="The key. Shown once: keep it.")


class VirtualServerRemoval(Result):
    name: str
    revoked_keys: int = Field(description="Number of the server's keys, which are revoked with it.")


class VirtualServers(Service, category="virtual_server"):
    """Named sets of tools (operations, upstream tools, agent tools), each with its own MCP URL, keys and
    instructions."""

    @operation("POST /virtual-servers", scope="admin", exposure=Exposure.OPERATOR)
    async def create(
        self,
        name: ServerName,
        tools: ToolNames,
        *,
        description: Description = "",
        instructions: Instructions = "",
    ) -> VirtualServer:
        """Create a virtual MCP server: a named set of tools, served at ``/mcp/servers/NAME``.

        Tools of upstreams and agents may be named before they exist. A caller can use those tools that its credential
        allows; a key of the server can call exactly the tools of the set.
        """

    @operation("GET /virtual-servers", scope="read:catalogue")
    async def list(self, *, limit: Limit = 50, cursor: Cursor = None) -> VirtualServerPage:
        """List the virtual servers by name."""

    @operation("GET /virtual-servers/{name}", scope="read:catalogue")
    async def get(self, name: ServerName) -> VirtualServer:
        """Show a virtual server with the names of its tools."""

    @operation("PATCH /virtual-servers/{name}", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def update(
        self,
        name: ServerName,
        *,
        tools: ToolNames | None = None,
        description: Description | None = None,
        instructions: Instructions | None = None,
    ) -> VirtualServer:
        """Change a virtual server; omitted fields are unchanged. Its clients are notified that the tool list has
        changed."""

    @operation("DELETE /virtual-servers/{name}", scope="admin", exposure=Exposure.OPERATOR, destructive=True)
    async def delete(self, name: ServerName) -> VirtualServerRemoval:
        """Delete a virtual server and revoke its keys."""

    @operation("POST /virtual-servers/{name}/keys", scope="admin", exposure=Exposure.OPERATOR, secrets=("token",))
    async def create_key(
        self,
        name: ServerName,
        label: AgentName,
        *,
        expires_in: Annotated[
            int | None, Field(ge=1, le=315_360_000, description="Lifetime in seconds; default: unlimited.")
        ] = None,
    ) -> VirtualServerKey:
        """Create a key that can only call the tools of one virtual server at its URL."""
