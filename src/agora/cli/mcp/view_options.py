"""Options for the client's view of the marketplace, which become parameters of the endpoint's URL."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

import typer

__all__ = [
    "Names",
    "Readonly",
    "ServerName",
    "Tools",
    "Toolsets",
    "View",
    "build_endpoint_path",
    "build_view_parameters",
]

View = Annotated[
    Literal["model", "full"] | None,
    typer.Option(
        help="model: the most used tools with short descriptions, and a search for the others. full: every "
        "tool with its full description."
    ),
]
Names = Annotated[
    Literal["underscore", "dots"] | None,
    typer.Option(help="Style of tool names; without --view, all tools are listed."),
]
Toolsets = Annotated[str | None, typer.Option(help="Only these toolsets, separated by commas.")]
Tools = Annotated[str | None, typer.Option(help="Only these tools, separated by commas, in addition to the toolsets.")]
Readonly = Annotated[bool, typer.Option("--readonly", help="Only read-only tools.")]


ServerName = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="NAME",
        help="A virtual server: a named set of tools. Cannot be combined with other tool options.",
    ),
]
NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def build_endpoint_path(server: str | None, parameters: dict[str, str]) -> str:
    """Build path and query of the endpoint: of a virtual server, or of the marketplace in the chosen view.

    Raises BadParameter for an invalid name, or if tools are selected in addition to a virtual server.
    """
    if server is None:
        return "/mcp" + (f"?{urlencode(parameters)}" if parameters else "")
    if parameters:
        raise typer.BadParameter(f"--server names the tools; --{next(iter(parameters))} cannot choose among them")
    if not NAME.fullmatch(server):
        raise typer.BadParameter(
            f"{server!r} is not the name of a virtual server: lower-case letters, digits, hyphens, underscores"
        )
    return f"/mcp/servers/{server}"


def build_view_parameters(
    view: str | None, names: str | None, toolsets: str | None, tools: str | None, *, readonly: bool
) -> dict[str, str]:
    """Build the parameters of the endpoint's URL; empty for the server's defaults."""
    values = {
        "view": view,
        "names": names,
        "toolsets": toolsets,
        "tools": tools,
        "readonly": "true" if readonly else None,
    }
    return {name: value for name, value in values.items() if value}
