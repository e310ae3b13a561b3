"""``agora apply``, ``agora diff`` and ``agora agent create``: declared agents from a file or options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora.comma_lists import split_list
from agora_sdk.errors import InvalidRequest, NotFound, field_error

from .manifest_file import read_yaml_or_json_file
from .session import Session, client_command

if TYPE_CHECKING:
    from agora_sdk.contract.declared_agents import AgentSpecification, AppliedAgent

__all__ = ["apply", "create", "diff", "parse_declarations"]

File = Annotated[
    str, typer.Option("--file", "-f", metavar="FILE", help="YAML or JSON with a list 'agents'; - for standard input.")
]


@client_command
def apply(
    session: Session,
    file: File = "agents.yaml",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report the changes without applying them.")] = False,
) -> None:
    """Declare the agents of a file. Idempotent."""
    # One call per agent, not a transaction: after an error the command is repeated, which changes nothing twice.
    for name, specification in _read_declarations(file):
        _print_applied(session, _apply_declaration(session, name, specification, dry_run=dry_run), dry_run=dry_run)


@client_command
def diff(session: Session, file: File = "agents.yaml") -> None:
    """Show what applying a file would change, by field. Exit code 1 if anything would change."""
    differs = False
    for name, specification in _read_declarations(file):
        preview = _apply_declaration(session, name, specification, dry_run=True)
        differs = differs or preview.change != "unchanged"
        if session.out.json:
            session.out.print_result(preview)
            continue
        _print_applied(session, preview, dry_run=True)
        if preview.change == "updated":
            _fetch_and_print_changes(session, name, preview)
    if differs:
        raise typer.Exit(1)


@client_command
def create(
    session: Session,
    name: Annotated[str, typer.Argument(help="Name of the agent, unique in the marketplace.")],
    model: Annotated[str, typer.Option(help="PROVIDER:MODEL, such as anthropic:claude-sonnet-4-5.")] = "default",
    instructions: Annotated[
        Path | None, typer.Option(help="File with the system prompt of the agent.", metavar="FILE")
    ] = None,
    description: Annotated[str, typer.Option(help="Description for people and other agents.")] = "",
    tools: Annotated[
        str, typer.Option(help="Allowed tools, separated by commas: messaging,tasks,upstream:github.")
    ] = "",
    approval: Annotated[
        str, typer.Option(help="Tools whose calls need a person's approval, separated by commas; * for all.")
    ] = "",
    capabilities: Annotated[str, typer.Option(help="Capabilities, separated by commas.")] = "",
    fallbacks: Annotated[str, typer.Option(help="Fallback models, separated by commas.")] = "",
) -> None:
    """Declare an LLM agent."""
    lists = {"tools": tools, "approval": approval, "capabilities": capabilities, "fallbacks": fallbacks}
    specification: dict[str, Any] = {field: split_list(text) for field, text in lists.items() if text}
    specification |= {"model": model, "description": description}
    if instructions is not None:
        specification["instructions"] = _read_text(instructions)
    _print_applied(session, _apply_declaration(session, name, specification, dry_run=False), dry_run=False)


def _apply_declaration(session: Session, name: str, specification: dict[str, Any], *, dry_run: bool) -> AppliedAgent:
    document: Any = specification  # the server validates it and reports invalid fields
    return session.call_as_operator(
        lambda client: client.declared_agent.apply(name, document, **({"dry_run": True} if dry_run else {}))
    )


def _read_declarations(file: str) -> list[tuple[str, dict[str, Any]]]:
    """Read the names and specifications of agents from a file. Raises InvalidRequest."""
    document = read_yaml_or_json_file(file)
    entries = document.get("agents") if isinstance(document, dict) else document
    if not isinstance(entries, list) or not entries:
        raise InvalidRequest(
            f"{file} declares no agents.",
            fix="Write 'agents:', and below it a list of agents, each with a name and a model.",
            errors=[field_error("agents", "a list is expected")],
        )
    return list(parse_declarations(entries, file).items())


def parse_declarations(entries: Sequence[Any], file: str) -> dict[str, dict[str, Any]]:
    """Parse specifications by name. ``instructions_file`` is relative to the file. Raises InvalidRequest."""
    declarations: dict[str, dict[str, Any]] = {}
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise InvalidRequest(
                f"Agent {number + 1} of {file} has no name.", errors=[field_error(f"agents.{number}.name", "missing")]
            )
        specification = {"model": "default"} | {field: value for field, value in entry.items() if field != "name"}
        if path := specification.pop("instructions_file", None):
            specification["instructions"] = _read_text(Path("." if file == "-" else Path(file).parent) / str(path))
        if entry["name"] in declarations:
            raise InvalidRequest(
                f"{file} declares {entry['name']} twice.", errors=[field_error(f"agents.{number}.name", "twice")]
            )
        declarations[entry["name"]] = specification
    return declarations


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            f"{path} cannot be read: {error}.", errors=[field_error("instructions", str(path))]
        ) from None


def _print_applied(session: Session, applied: AppliedAgent, *, dry_run: bool) -> None:
    if session.out.json:
        session.out.print_result(applied)
        return
    verb = {"created": "would be created", "updated": "would be updated"} if dry_run else {}
    change = verb.get(applied.change, applied.change)
    fields = f": {', '.join(applied.changed)}" if applied.change == "updated" else ""
    tone = "dim" if applied.change == "unchanged" else "green"
    session.out.print_text(f"{applied.name} {change} (version {applied.version}){fields}", tone)
    if applied.problem:
        session.out.print_note(f"{applied.name}: {applied.problem}")


def _fetch_and_print_changes(session: Session, name: str, preview: AppliedAgent) -> None:
    try:
        current_specification = session.client.declared_agent.get(name).specification
    except NotFound:
        return
    for field in preview.changed:
        for mark, tone, value in (("-", "red", current_specification), ("+", "green", preview.specification)):
            for line in _format_field_lines(value, field):
                session.out.print_text(f"  {mark} {field}: {line}", tone)


def _format_field_lines(specification: AgentSpecification, field: str) -> list[str]:
    value = getattr(specification, field)
    dumped = value.model_dump(exclude_defaults=True) if hasattr(value, "model_dump") else value
    return str(dumped).splitlines() or [""]
