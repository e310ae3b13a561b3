"""Options that choose what a client is shown of the marketplace: those of the endpoint's URL."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

__all__ = ["Names", "Readonly", "Tools", "Toolsets", "View", "view_parameters"]

View = Annotated[
    Literal["model", "full"] | None,
    typer.Option(help="model: the usual tools in few words, and a search for the others. full: every tool, whole."),
]
Names = Annotated[
    Literal["underscore", "dots"] | None,
    typer.Option(help="Names of tools; without --view it lists every tool under such names."),
]
Toolsets = Annotated[str | None, typer.Option(help="Only these toolsets, with commas.")]
Tools = Annotated[
    str | None, typer.Option(help="Only these tools, with commas; beside the toolsets, if some are named.")
]
Readonly = Annotated[bool, typer.Option("--readonly", help="Only tools that change nothing can be seen and called.")]


def view_parameters(
    view: str | None, names: str | None, toolsets: str | None, tools: str | None, *, readonly: bool
) -> dict[str, str]:
    """The parameters of the endpoint's URL; empty for the server's own choice."""
    values = {
        "view": view,
        "names": names,
        "toolsets": toolsets,
        "tools": tools,
        "readonly": "true" if readonly else None,
    }
    return {name: value for name, value in values.items() if value}
