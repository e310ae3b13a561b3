"""The classes of all commands and groups: arguments and flags in the usual notation, where Typer has one of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["Application", "Command", "Group", "describe_arguments"]


class _PlainFlags:
    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters. Flags have no type: Typer would show ``--json <bool>``, but a flag takes no value."""
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            if getattr(parameter, "is_flag", False):
                parameter.metavar = ""
        return parameters


class Command(_PlainFlags, TyperCommand):
    """A command whose arguments have names in capitals in its usage line, its help and its errors."""

    def __init__(self, *positional: Any, **settings: Any) -> None:
        super().__init__(*positional, **settings)
        arguments: list[Any] = [each for each in self.params if each.param_type_name == "argument"]
        self.usage_arguments = [_describe_argument(each) for each in arguments]
        for argument in arguments:
            argument.metavar = argument.metavar or argument.name.upper()

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line. Typer would put required arguments in braces."""
        return [*([self.options_metavar] if self.options_metavar else []), *self.usage_arguments]


class Group(_PlainFlags, TyperGroup):
    """A group of commands."""


class Application(typer.Typer):
    """A Typer application of these classes."""

    def __init__(self, *, cls: type[TyperGroup] = Group, **settings: Any) -> None:
        super().__init__(cls=cls, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[..., Any]:
        """Return a decorator that adds a command."""
        return super().command(name, cls=Command, **settings)


def describe_arguments(command: Any) -> list[str]:
    """Describe the arguments of a command for its usage line; groups have none."""
    return command.usage_arguments if isinstance(command, Command) else []


def _describe_argument(argument: Any) -> str:
    # An operation takes its arguments as one list; its metavar already marks the optional ones.
    if argument.metavar is not None and argument.nargs != 1:
        return str(argument.metavar)
    name = argument.metavar or argument.name.upper()
    return (name if argument.required else f"[{name}]") + ("..." if argument.nargs != 1 else "")
