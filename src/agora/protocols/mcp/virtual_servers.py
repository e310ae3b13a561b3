"""Virtual servers: ``/mcp/servers/NAME`` serves only the tools that an operator has selected.

A caller with its own credential may call those tools of the set that it may call anyway. A key of the server has one
scope, without effect elsewhere; here it grants the scopes of the set's tools.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pydantic_core import from_json

from agora.core.call import Call, Caller, OperationRegistry
from agora.core.dispatcher import Dispatcher
from agora.core.scopes import build_virtual_server_scope
from agora.domains.virtual_servers.queries import select_server
from agora.domains.virtual_servers.records import VirtualServerRow
from agora_sdk.errors import NotFound

from .request_context import RequestContext
from .tools import underscore_name

__all__ = ["SERVERS_PATH", "set_virtual_server_view_and_scopes"]

SERVERS_PATH = "/mcp/servers/"
#: scopes for calling an agent's tool: find the agent, assign it a task and follow the task
OFFER_SCOPES = frozenset({"read:agents", "read:tasks", "write:tasks"})
#: scopes for notifications of list changes
WATCH_SCOPES = frozenset({"read:events"})


async def set_virtual_server_view_and_scopes(
    dispatcher: Dispatcher, request_context: RequestContext, name: str
) -> None:
    """Set the view of a request to the tools of a virtual server, and for a key of the server the scopes of its caller to
    those of these tools. Raises NotFound.
    """
    caller, view = request_context.caller, request_context.view

    async def find_virtual_server(call: Call) -> VirtualServerRow | None:
        return await call.tx.one(select_server, name=name)

    server = await dispatcher.write_as_system(caller.tenant, find_virtual_server, label="mcp.virtual_server")
    if server is None:
        raise NotFound(f"There is no virtual server {name[:100]!r}.", fix="They are listed at GET /virtual-servers.")
    members: list[str] = from_json(server.tools)
    tool_names = {underscore_name(tool) for tool in view.tools}
    tools = tuple(tool for tool in members if not tool_names or underscore_name(tool) in tool_names)
    # Without toolsets, which would list tools outside of the set.
    request_context.view = replace(
        view, toolsets=(), tools=tools, server=name, instructions=server.instructions or server.description
    )
    if build_virtual_server_scope(name) in caller.scopes:
        request_context.caller = replace(
            caller, scopes=_list_scopes_of_tools(dispatcher.context.registry, caller, members)
        )


def _list_scopes_of_tools(registry: OperationRegistry, caller: Caller, tools: Iterable[str]) -> frozenset[str]:
    """List the scopes required to call these tools."""
    scopes = set(WATCH_SCOPES)
    for name in tools:
        if registry.has(name, caller.tenant):
            scopes.add(registry.resolve(name, None, caller.tenant).scope)
        else:
            scopes |= OFFER_SCOPES
    return frozenset(scopes - {""})
