"""``agora app install``: install an app with its agents and its workflow from one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora_sdk.errors import InvalidRequest, field_error

from .declared_agents import parse_declarations
from .manifest_file import read_yaml_or_json_file
from .session import Session, client_command

if TYPE_CHECKING:
    from agora_sdk.contract.apps import AppChange

__all__ = ["install"]


@client_command
def install(
    session: Session,
    file: Annotated[str, typer.Argument(help="YAML or JSON file of the app; - for standard input.", metavar="FILE")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report the changes without applying them.")] = False,
) -> None:
    """Install or update an app from a file. Atomic and idempotent."""
    arguments = _read_app(file)
    if dry_run:
        arguments["dry_run"] = True
    change = session.call_as_operator(lambda client: client.app.install(**arguments))
    if session.out.json:
        session.out.print_result(change)
    else:
        _print_change(session, change, dry_run=dry_run)


def _read_app(file: str) -> dict[str, Any]:
    """Read the arguments of the operation. Agents are in the format of ``agora apply``. Raises InvalidRequest."""
    document = read_yaml_or_json_file(file)
    if not isinstance(document, dict) or "name" not in document:
        raise InvalidRequest(
            f"{file} does not describe an app.",
            fix="Write at least 'name:', the name of the app.",
            errors=[field_error("name", "missing")],
        )
    arguments = dict(document)
    entries = arguments.pop("agents", None)
    if entries is not None and not isinstance(entries, list):
        raise InvalidRequest(
            f"{file}: 'agents' is a list, each with a name and a model.",
            errors=[field_error("agents", "a list is expected")],
        )
    if entries:
        declarations = parse_declarations(entries, file)
        arguments["agents"] = [{"name": name} | specification for name, specification in declarations.items()]
    if "version" in arguments:
        arguments["version"] = str(arguments["version"])  # YAML reads 1.0 as a number
    return arguments


def _print_change(session: Session, change: AppChange, *, dry_run: bool) -> None:
    verbs = {"created": "would be installed", "updated": "would be updated"} if dry_run else {"created": "installed"}
    fields = f": {', '.join(change.changed)}" if change.change == "updated" else ""
    tone = "dim" if change.change == "unchanged" else "green"
    session.out.print_text(
        f"{change.name} {verbs.get(change.change, change.change)} (revision {change.revision}){fields}", tone
    )
    if change.problem:
        session.out.print_note(f"{change.name}: {change.problem}")
