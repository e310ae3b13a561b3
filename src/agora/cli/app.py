"""The application: hand-written commands, and a lazily built command group per contract category."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperGroup

from agora import __version__
from agora_sdk.contract import operations
from agora_sdk.errors import BY_CODE, NotFound

from .command_class import Application
from .command_hints import COMMAND_HINTS
from .custom_commands import CUSTOM_COMMANDS, GROUPS, ROOT_COMMANDS, SERVER_COMMANDS, load_command
from .lazy import create_lazy_group_class
from .output import Output
from .projection import (
    SETTINGS,
    build_command,
    extract_json_argument,
    format_help_text,
    list_categories,
    map_commands_to_operations,
    resolve_operation,
)
from .session import As, Connection, Json, Tenant, Token, Url, exit_on_error
from .tools import build_tool_command

__all__ = ["build_application"]

SERVER, AGENTS, OPERATIONS = "Server", "Agents and messages", "Every operation, by category"
RAW_SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def build_application() -> typer.Typer:
    """Build the command line."""
    app = Application(
        name="agora",
        no_args_is_help=True,
        rich_markup_mode="rich",
        context_settings=SETTINGS,
        cls=create_lazy_group_class(_list_command_names, _load_command, COMMAND_HINTS),
    )
    app.callback()(_set_connection)
    return app


def _list_command_names() -> list[str]:
    return [*ROOT_COMMANDS, *GROUPS, *list_categories()]


def _load_command(name: str) -> Any:
    """Load a root command or group on first use."""
    panel = SERVER if name in SERVER_COMMANDS else AGENTS
    if name in ROOT_COMMANDS:
        return _build_single_command(
            name, load_command(ROOT_COMMANDS[name]), panel, RAW_SETTINGS if name == "call" else SETTINGS
        )
    if name not in GROUPS:
        return _build_category_group(name)
    group = typer.main.get_group(load_command(GROUPS[name])())
    group.name, group.rich_help_panel = name, panel
    return group


def _build_single_command(
    name: str, function: Callable[..., Any], panel: str | None = None, settings: Mapping[str, Any] = SETTINGS
) -> Any:
    # The options of serve do not fit into a table, which would truncate their names.
    app = Application(add_completion=False, rich_markup_mode=None if name == "serve" else "rich")
    app.command(name, rich_help_panel=panel, context_settings=dict(settings))(function)
    return typer.main.get_command(app)


def build_contract_group() -> typer.Typer:
    """Build the group ``agora contract``."""
    app = Application(help="The contract: the operations of the marketplace.", no_args_is_help=True)
    app.command("export")(export)
    app.callback()(lambda: None)
    return app


def build_marketplace_group() -> typer.Typer:
    """Build the group ``agora marketplace``."""
    help_text = "The marketplace: agents with their prices and availability."
    app = Application(
        help=help_text, no_args_is_help=True, cls=create_lazy_group_class(lambda: ["discover"], _build_market_command)
    )
    app.callback()(lambda: None)
    return app


def _build_market_command(name: str) -> Any:
    return _build_single_command(name, load_command(CUSTOM_COMMANDS["instance"][name]))


def _build_category_group(name: str) -> Any:
    """Build the group of a category; its commands are built on first use."""
    custom_commands = CUSTOM_COMMANDS.get(name, {})

    def load_action(action: str) -> Any:
        if action not in custom_commands:
            return build_command(map_commands_to_operations(name)[action])
        return _build_single_command(action, load_command(custom_commands[action]))

    app = Application(
        name=name,
        help=format_help_text(list_categories()[name]),
        no_args_is_help=True,
        cls=_create_group_class(
            name,
            create_lazy_group_class(
                lambda: [
                    *custom_commands,
                    *(each for each in map_commands_to_operations(name) if each not in custom_commands),
                ],
                load_action,
            ),
        ),
    )
    group = typer.main.get_group(app)
    group.rich_help_panel = OPERATIONS
    return group


def _create_group_class(category: str, group: type[TyperGroup]) -> type[TyperGroup]:
    if category != "a2a":
        return group
    from .a2a import build_address_group

    return build_address_group(group)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"agora {__version__}")
        raise typer.Exit


def _set_connection(
    context: typer.Context,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
    agent: As = None,
    json: Json = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Agora: a server where AI agents find each other, exchange messages and work on tasks."""
    context.obj = Connection(url, token, tenant, agent, json)


def demo(
    url: Annotated[
        str | None,
        typer.Option("--url", help="URL of a running server; default: AGORA_URL, else the demo starts its own server."),
    ] = None,
) -> None:
    """Run several real agents and show what they did."""
    from agora.demo import main

    raise typer.Exit(main(url))


def call(context: typer.Context) -> None:
    """Call any operation, or a tool of an upstream: agora call messaging.send Bob Hello --priority high."""

    words = list(context.args)
    with exit_on_error(Output(json="--json" in words)):
        if not words or words[0].startswith("-"):
            raise typer.BadParameter("name an operation, such as messaging.send; 'agora services' lists them")
        remaining_arguments, base = extract_json_argument(words[1:])
        try:
            # Operations first: a tool of an upstream must not take the name of one.
            operation_command = build_command(resolve_operation(words[0]), base)
        except NotFound as unknown:
            operation_command, first = build_tool_command(words[0], base, unknown)
            remaining_arguments = [*first, *remaining_arguments]
    operation_command.main(
        remaining_arguments, prog_name=f"agora call {words[0]}", obj=context.obj, standalone_mode=True
    )


def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; default: standard output.")
    ] = None,
) -> None:
    """Write the contract as JSON, for generating clients in other languages."""
    from agora_sdk.contract.export import contract_document

    text = json.dumps(contract_document(operations(), BY_CODE), indent=1, ensure_ascii=False) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")
        typer.echo(f"{output} written")
