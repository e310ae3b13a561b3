"""Virtual servers: sets of tools that an operator names, each an MCP server of its own."""

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
        description="Name of the server, the end of its URL: small letters, digits, hyphens, underscores.",
        examples=["support-desk"],
    ),
]
ToolNames = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]],
    Field(
        min_length=1,
        max_length=200,
        description="Names of its tools, with dots or underscores: operations, tools of upstreams (far.echo) and of agents (Dolly.shout).",
    ),
]
Description = Annotated[Text, Field(max_length=1000, description="Text for people: what the server is for.")]
Instructions = Annotated[
    Text,
    Field(max_length=4000, description="Text for models: when and how to use the tools; sent when a client connects."),
]


class VirtualServer(Result):
    """A set of tools with a URL of its own."""

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
    """A key that is good for one virtual server. Revoke it with agora.token.revoke."""

    name: str
    token_id: str
    label: str
    expires_at: Timestamp | None = None
    token: str | None = Field(default=None, description="The key. Shown once: keep it.")


class VirtualServerRemoval(Result):
    name: str
    revoked_keys: int = Field(description="Keys of the server, which are revoked with it.")


class VirtualServers(Service, category="virtual_server"):
    """Sets of own, upstream and agents' tools, each with its own MCP URL, keys and instructions."""

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

        Tools of upstreams and agents may be named before they are there. What a caller may call of the set depends on
        its credential; a key of the server may call all of it, and nothing else.
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
        """Change a virtual server; what is left out stays. Its clients are told that their list of tools has changed."""

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
            int | None, Field(ge=1, le=315_360_000, description="Lifetime in seconds; unlimited if left out.")
        ] = None,
    ) -> VirtualServerKey:
        """Create a key that may call the tools of one virtual server, at its URL, and nothing else."""
