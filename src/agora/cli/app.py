"""The application: hand-made commands, and a group for each category of the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperGroup

from . import dashboard, db, doctor, login, mcp, people, serving
from .by_hand import BY_HAND, load
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
        cls=ordered(_categories, _category),
    )
    app.callback()(_main)
    for function, panel in (
        (serving.serve, SERVER),
        (demo, SERVER),
        (doctor.doctor, SERVER),
        (people.run, AGENTS),
        (people.register, AGENTS),
        (people.agents, AGENTS),
        (people.send, AGENTS),
        (people.inbox, AGENTS),
        (people.watch, AGENTS),
        (people.services, AGENTS),
        (login.login, AGENTS),
        (login.logout, AGENTS),
        (login.whoami, AGENTS),
        (dashboard.dashboard, AGENTS),
    ):
        app.command(rich_help_panel=panel)(function)
    app.command("call", rich_help_panel=AGENTS, context_settings=ANYTHING)(call)
    contract = typer.Typer(help="The contract: what the marketplace can do.", no_args_is_help=True)
    contract.command("export")(export)
    contract.callback()(lambda: None)
    app.add_typer(contract, name="contract", rich_help_panel=SERVER)
    app.add_typer(mcp.group(), name="mcp", rich_help_panel=AGENTS)
    app.add_typer(db.group(), name="db", rich_help_panel=SERVER)
    about = "The market: which agents there are, what they cost, and whether instances can be had."
    marketplace = typer.Typer(help=about, no_args_is_help=True, cls=ordered(lambda: ["discover"], _market))
    marketplace.callback()(lambda: None)
    app.add_typer(marketplace, name="marketplace", rich_help_panel=AGENTS)
    return app


def _market(name: str) -> Any:
    """A command of the market; it is made when it is used."""
    from . import instances

    app = typer.Typer(add_completion=False)
    app.command(name, context_settings=SETTINGS)(instances.discover)
    return typer.main.get_command(app)


def _categories() -> list[str]:
    return list(categories())


def _category(name: str) -> Any:
    """The group of one category; its commands are made when they are used."""
    by_hand = BY_HAND.get(name, {})

    def make(action: str) -> Any:
        if action not in by_hand:
            return command(actions(name)[action])
        app = typer.Typer(add_completion=False)
        app.command(action, context_settings=SETTINGS)(load(by_hand[action]))
        return typer.main.get_command(app)

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
        from .. import __version__

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
    from ..demo import main

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
