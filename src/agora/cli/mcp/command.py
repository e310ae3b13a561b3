"""``agora mcp``: the marketplace as an MCP server on standard input and output, and set-up of MCP clients."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from agora import __version__

from ..command_class import Application
from ..garbage_collection import resume_garbage_collection
from ..output import Output
from ..session import Connection, Tenant, Token, exit_on_error
from . import install, view_options

if TYPE_CHECKING:
    from agora_sdk.identity import Identity

    from .server_client import ServerLocation

__all__ = ["bridge", "group"]

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        help="Server URL; default: AGORA_URL, else the local server, which is started if necessary.",
        metavar="URL",
    ),
]
Agent = Annotated[
    str | None,
    typer.Option(
        "--agent",
        "--as",
        help="Act as this agent, which was registered on this machine.",
        metavar="AGENT",
    ),
]


def group() -> typer.Typer:
    """Build the group ``agora mcp``."""
    app = Application(add_completion=False, rich_markup_mode="rich")
    app.callback(invoke_without_command=True)(bridge)
    app.command("install")(install.install)
    app.command("list")(install.list_clients)
    return app


def bridge(
    context: typer.Context,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
    agent: Agent = None,
    embedded: Annotated[
        bool | None,
        typer.Option(
            "--embedded/--no-embedded",
            help="Start an embedded server. By default one is started only if no server answers at the default "
            "address.",
            show_default=False,
        ),
    ] = None,
    view: view_options.View = None,
    names: view_options.Names = None,
    toolsets: view_options.Toolsets = None,
    tools: view_options.Tools = None,
    readonly: view_options.Readonly = False,
    server: view_options.ServerName = None,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds that a request waits while the server is unreachable.")
    ] = 30,
) -> None:
    """Serve the marketplace to an MCP client over standard input and output, or configure a client."""
    if context.invoked_subcommand is not None:
        return
    connection = Connection(url, token, tenant, agent).merge_defaults(context.find_object(Connection))
    with exit_on_error(Output(json=connection.json)):
        configured_url = connection.url or os.environ.get("AGORA_URL")
        if embedded and connection.url:
            raise typer.BadParameter("--embedded and --url exclude each other")
        location, identity = _build_location_and_identity(
            configured_url if not embedded else None, connection, embedded
        )
        identity.token()  # report a missing credential at start, not at the first request
        parameters = view_options.build_view_parameters(view, names, toolsets, tools, readonly=readonly)
        path = view_options.build_endpoint_path(server, parameters)
        raise typer.Exit(_relay_until_closed(location, identity, path, patience))


def _build_location_and_identity(
    chosen: str | None, connection: Connection, embedded: bool | None
) -> tuple[ServerLocation, Identity]:
    """Determine the server's location and the caller's identity there."""
    from agora_sdk.credentials import Credentials
    from agora_sdk.identity import Identity
    from agora_sdk.session import DEFAULT_URL, Server

    from .server_location import FixedLocation, LocalLocation

    address = Server(chosen or DEFAULT_URL).url
    location = (
        FixedLocation(address) if chosen or embedded is False else LocalLocation(address, embedded=bool(embedded))
    )
    identity = Identity(
        Credentials(), address, connection.tenant or "default", agent=connection.agent, token=connection.token
    )
    return location, identity


def _relay_until_closed(location: ServerLocation, identity: Identity, path: str, patience: float) -> int:
    """Relay until the client closes its side. Returns the exit code."""
    from .bridge import Bridge
    from .pipe import Pipe, claim_standard_streams
    from .server_client import ServerClient

    level_name = (os.environ.get("AGORA_LOG_LEVEL") or "info").upper()
    level = logging.getLevelNamesMapping().get(level_name, logging.INFO)
    logging.basicConfig(format="agora mcp: %(message)s", stream=sys.stderr, level=level)
    # httpx logs the URL of each request at the level info.
    logging.getLogger("httpx").setLevel(logging.WARNING)

    async def run_bridge() -> None:
        pipe = Pipe(*claim_standard_streams())
        try:
            client = ServerClient(location, identity, path=path, version=__version__)
            await Bridge(pipe, client, timeout=patience).run_until_closed()
        finally:
            pipe.close()
            await location.close()

    resume_garbage_collection()
    asyncio.run(run_bridge())
    return 0
