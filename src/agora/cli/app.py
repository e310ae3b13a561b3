"""The application: hand-made commands, and a group for each category of the contract, each made when it is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperGroup

from .custom_commands import AT_ROOT, BY_HAND, GROUPS, OF_THE_SERVER, load
from .lazy import ordered
from .output import Output
from .projection import SETTINGS, actions, categories, command, escape, find, split_json
from .session import As, Connection, Json, Tenant, Token, Url, reporting_errors

__all__ = ["application"]

SERVER, AGENTS, OPERATIONS = "Server", "Agents and messages", "Every operation, by category"
ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def application() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="agora",
        no_args_is_help=True,
        rich_markup_mode="rich",
        context_settings=SETTINGS,
        cls=ordered(_names, _command),
    )
    app.callback()(_main)
    return app


def _names() -> list[str]:
    return [*AT_ROOT, *GROUPS, *categories()]


def _command(name: str) -> Any:
    """A command or a group at the root; it is made when it is used."""
    panel = SERVER if name in OF_THE_SERVER else AGENTS
    if name in AT_ROOT:
        return _single(name, load(AT_ROOT[name]), panel, ANYTHING if name == "call" else SETTINGS)
    if name not in GROUPS:
        return _category(name)
    made = typer.main.get_group(load(GROUPS[name])())
    made.name, made.rich_help_panel = name, panel
    return made


def _single(
    name: str, function: Callable[..., Any], panel: str | None = None, settings: Mapping[str, Any] = SETTINGS
) -> Any:
    app = typer.Typer(add_completion=False)
    app.command(name, rich_help_panel=panel, context_settings=dict(settings))(function)
    return typer.main.get_command(app)


def contract() -> typer.Typer:
    """The group of the contract."""
    app = typer.Typer(help="The contract: what the marketplace can do.", no_args_is_help=True)
    app.command("export")(export)
    app.callback()(lambda: None)
    return app


def marketplace() -> typer.Typer:
    """The group of the market."""
    about = "The market: which agents there are, what they cost, and whether instances can be had."
    app = typer.Typer(help=about, no_args_is_help=True, cls=ordered(lambda: ["discover"], _market))
    app.callback()(lambda: None)
    return app


def _market(name: str) -> Any:
    return _single(name, load(BY_HAND["instance"][name]))


def _categories() -> list[str]:
    return list(categories())


def _category(name: str) -> Any:
    """The group of one category; its commands are made when they are used."""
    by_hand = BY_HAND.get(name, {})

    def make(action: str) -> Any:
        if action not in by_hand:
            return command(actions(name)[action])
        return _single(action, load(by_hand[action]))

    app = typer.Typer(
        name=name,
        help=escape(categories()[name]),
        no_args_is_help=True,
        cls=_kind(name, ordered(lambda: [*by_hand, *(each for each in actions(name) if each not in by_hand)], make)),
    )
    made = typer.main.get_group(app)
    made.rich_help_panel = OPERATIONS
    return made


def _kind(category: str, group: type[TyperGroup]) -> type[TyperGroup]:
    if category != "a2a":
        return group
    from .a2a import addressed

    return addressed(group)


def _version(wanted: bool) -> None:
    if wanted:
        from agora import __version__

        typer.echo(f"agora {__version__}")
        raise typer.Exit


def _main(
    context: typer.Context,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
    agent: As = None,
    json: Json = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Agora: one server where AI agents find each other, talk and take work."""
    context.obj = Connection(url, token, tenant, agent, json)


def demo(
    url: Annotated[
        str | None, typer.Option("--url", help="A running server; else AGORA_URL, else one of its own.")
    ] = None,
) -> None:
    """Run several real agents and show what they did."""
    from agora.demo import main

    raise typer.Exit(main(url))


def call(context: typer.Context) -> None:
    """Call any operation, or a tool of an upstream: agora call messaging.send Bob Hello --priority high."""
    from agora_sdk.errors import NotFound

    from .tools import tool_command

    words = list(context.args)
    with reporting_errors(Output(json="--json" in words)):
        if not words or words[0].startswith("-"):
            raise typer.BadParameter("name an operation, such as messaging.send; 'agora services' lists them")
        rest, base = split_json(words[1:])
        try:
            made = command(find(words[0]), base)
        except NotFound as unknown:
            made, first = tool_command(words[0], base, unknown)
            rest = [*first, *rest]
    made.main(rest, prog_name=f"agora call {words[0]}", obj=context.obj, standalone_mode=True)


def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; standard output if left out.")
    ] = None,
) -> None:
    """Write the contract as JSON, from which clients in other languages are generated."""
    from agora_sdk.contract import operations
    from agora_sdk.contract.export import document
    from agora_sdk.errors import BY_CODE

    text = json.dumps(document(operations(), BY_CODE), indent=1, ensure_ascii=False) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")
        typer.echo(f"{output} written")
