"""``agora migrate``: migration from Agora v4."""

from __future__ import annotations

import typer

from ..command_class import Application
from .commands import agents, export, import_file, report, rollback, write_spacetime_program

__all__ = ["group"]


def group() -> typer.Typer:
    """Build the group ``agora migrate``."""
    app = Application(help="Migrate from Agora v4: data, agents, progress.", no_args_is_help=True)
    app.command("export")(export)
    app.command("import")(import_file)
    app.command("rollback")(rollback)
    app.command("agents")(agents)
    app.command("report")(report)
    app.command("shim")(write_spacetime_program)
    app.callback()(lambda: None)
    return app
