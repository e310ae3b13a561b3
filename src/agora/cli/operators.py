"""Operator commands: health, overrides, admin token."""

from __future__ import annotations

from typing import Annotated

import typer

from .credentials import read_admin_token_or_none
from .output import TONES, Column
from .session import Session, client_command
from .tables import build_attribute_columns

__all__ = ["halt", "health", "resume", "show"]

Reason = Annotated[str, typer.Option(help="Reason, shown in the error of every refused call.")]


@client_command
def health(
    session: Session,
    component: Annotated[str | None, typer.Argument(help="Only this component: database, events ...")] = None,
) -> None:
    """Check the health of the system, component by component."""
    result = session.client.admin.health(component)
    if session.out.json:
        session.out.print_result(result)
        return
    columns: list[Column] = [
        ("component", lambda pair: pair[0]),
        ("status", lambda pair: pair[1].status),
        ("result", lambda pair: pair[1].detail),
        ("warning", lambda pair: pair[1].warning),
    ]
    session.out.print_table(result.components.items(), columns)
    if result.overrides:
        override_columns: list[Column] = [
            *build_attribute_columns("target=target_id"),
            ("override", lambda override: override.action.value),
            *build_attribute_columns("reason by authority=priority since until=expires_at"),
        ]
        session.out.print_table(result.overrides, override_columns)
    session.out.print_text(
        f"{session.client.url} is {result.status}, version {result.version}", TONES.get(result.status, "")
    )
    if result.stopped is not None:
        session.out.print_text(
            f"Stopped by {result.stopped.by} since {result.stopped.since:%Y-%m-%d %H:%M:%S} UTC; "
            "queries still work. 'agora admin resume' lifts the halt."
        )


@client_command
def halt(
    session: Session,
    target: Annotated[str, typer.Argument(help="An agent, or the whole marketplace.")] = "system_wide",
    reason: Reason = "",
    expires_in: Annotated[int | None, typer.Option(help="Seconds until the override expires.")] = None,
) -> None:
    """Stop an agent or the whole marketplace at once."""
    result = session.call_as_operator(
        lambda client: client.admin.override(target, "emergency_halt", reason, expires_in=expires_in)
    )
    session.out.print_result(result)


@client_command
def resume(
    session: Session,
    target: Annotated[str, typer.Argument(help="An agent, or the whole marketplace.")] = "system_wide",
    reason: Reason = "",
) -> None:
    """Lift the overrides of an agent or of the whole marketplace."""
    result = session.call_as_operator(lambda client: client.admin.override(target, "resume", reason))
    session.out.print_result(result)


def show() -> None:
    """Print the admin token of the server on this machine."""
    token = read_admin_token_or_none()
    if token is None:
        typer.echo(
            "Error: no admin token can be read here. Fix: set AGORA_DATA_DIR to the server's data directory.", err=True
        )
        raise typer.Exit(4)
    # Bare, for a shell's $(…).
    typer.echo(token)
