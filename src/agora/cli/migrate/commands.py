"""The commands of ``agora migrate``."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
import time
from collections.abc import Callable
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer

from agora.cli.output import Column, Output
from agora.cli.session import Session, client_command, exit_on_error
from agora_sdk.errors import InvalidRequest

__all__ = ["agents", "export", "import_file", "report", "rollback", "write_spacetime_program"]

DATABASE = "agora-marketplace"
PROGRESS_INTERVAL_SECONDS = 2.0  # seconds between progress notes
TABLES = ("agent_capability", "agent_message")  # tables whose rows are compared at the end


def export(
    database: Annotated[str, typer.Argument(help="Name of the v4 database.")] = DATABASE,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path("v4_export.json"),
) -> None:
    """Export a v4 database with the installed spacetime program (or the one named by AGORA_REAL_SPACETIME)."""
    from agora_sdk.migration.export_file import ExportFile
    from agora_sdk.migration.exporter import export_database

    out = Output()
    with exit_on_error(out):
        export_database(database, output)
        out.print_table(ExportFile(output).count_rows().items(), _COUNT_COLUMNS, title=str(output))


@client_command
def import_file(
    session: Session,
    file: Annotated[Path, typer.Argument(help="A v4 export.", exists=True, dir_okay=False)],
    database: Annotated[str, typer.Option(help="Name of the v4 database.")] = DATABASE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row and change nothing.")] = False,
    refused: Annotated[Path | None, typer.Option(help="File for refused rows; default: FILE.refused.jsonl.")] = None,
) -> None:
    """Import a v4 export. An interrupted import is resumed; repeating a complete one changes nothing."""
    from agora_sdk.migration.export_file import ExportFile
    from agora_sdk.migration.importer import Importer

    refusals = refused or file.with_name(f"{file.name}.refused.jsonl")
    # switches to the operator's credential if needed
    session.call_as_operator(lambda client: client.migration.list_imports(limit=1))
    importer = Importer(
        session.client,
        ExportFile(file),
        database,
        refusals,
        dry_run=dry_run,
        on_progress=_build_progress_printer(session.out),
    )
    summary = importer.run()
    stored_counts = {} if dry_run else {table: _count_stored(session, database, table) for table in TABLES}
    run_id = None if summary.run is None else summary.run.run_id
    if session.out.json:
        session.out.print_json(
            {
                "run_id": run_id,
                "dry_run": dry_run,
                "rows": summary.totals,
                "counts": {table: dict(counts) for table, counts in summary.counts.items()},
                "stored": stored_counts,
                "refused": summary.refused,
                "refused_file": str(refusals) if summary.refused else None,
            }
        )
    else:
        names = ("created", "known", "skipped", "refused")
        columns: list[Column] = [("table", lambda pair: pair[0]), ("rows", lambda pair: summary.totals.get(pair[0], 0))]
        columns += [(name, _build_count_cell(name)) for name in names]
        session.out.print_table(summary.counts.items(), columns)
        for table, number in stored_counts.items():
            session.out.print_text(f"SELECT COUNT(*) FROM {table}: {number}")
        if summary.refused:
            session.out.print_text(f"{summary.refused} rows were refused; they are in {refusals}", "yellow")
        session.out.print_text(
            "Nothing was changed." if dry_run else f"Import {run_id}; 'agora migrate rollback {run_id}' undoes it."
        )
    if summary.refused:
        raise typer.Exit(1)


@client_command
def rollback(session: Session, run: Annotated[str, typer.Argument(help="Id of the import.")]) -> None:
    """Roll back an import. Agents that were active since are kept."""
    removed = kept_count = 0
    while True:
        step = session.call_as_operator(lambda client: client.migration.rollback_import(run))
        removed, kept_count = removed + step.removed, kept_count + step.kept
        if not step.remaining:
            break
    if session.out.json:
        session.out.print_json({"run_id": run, "removed": removed, "kept": kept_count})
    else:
        session.out.print_text(
            f"{removed} objects were removed; {kept_count} agents are kept, because they were active since."
        )


@client_command
def agents(
    session: Session, file: Annotated[Path, typer.Argument(help="JSON: a list of agents.", exists=True, dir_okay=False)]
) -> None:
    """Switch agents to v5, with their tasks and workflows: [{agent_id, capabilities, active_tasks, workflows}].

    Each agent's token is stored in the credentials file of this machine. Idempotent.
    """
    from agora_sdk.migration import V4ToV5MigrationAssistant

    try:
        configurations = json.loads(file.read_text())
        if not isinstance(configurations, list) or not all(isinstance(each, dict) for each in configurations):
            raise TypeError
    except (ValueError, TypeError):
        raise InvalidRequest(f"{file} is not a list of agents.", fix='Write [{"agent_id": "NAME"}, ...].') from None
    session.call_as_operator(lambda client: client.migration.list_imports(limit=1))
    connection = session.connection
    assistant = V4ToV5MigrationAssistant(session.client.url, token=connection.token, tenant=connection.tenant)
    summary = asyncio.run(assistant.bulk_migrate(configurations))
    if session.out.json:
        session.out.print_json(summary)
    else:
        columns: list[Column] = [(name, itemgetter(name)) for name in _RESULT_FIELDS]
        session.out.print_table(summary["results"], columns)
        session.out.print_text(f"✅ Successful: {summary['successful_migrations']}")
        session.out.print_text(f"❌ Failed: {summary['failed_migrations']}")
    if summary["failed_migrations"]:
        raise typer.Exit(1)


@client_command
def report(
    session: Session,
    days: Annotated[int, typer.Option(help="Number of days of v4 calls to include.")] = 7,
    require_ready: Annotated[
        bool, typer.Option("--require-ready", help="Exit with code 1 unless v4 calls can be ended.")
    ] = False,
) -> None:
    """Show the progress of the migration."""
    result = session.client.migration.report(days)
    if session.out.json:
        session.out.print_result(result)
    else:
        session.out.print_fields(dict(result.migration_summary), title="Migration from v4")
        session.out.print_text(f"Compatibility mode: {result.compatibility_mode}")
        if result.sunset_at is not None:
            session.out.print_text(f"v4 calls end on {result.sunset_at:%Y-%m-%d}")
        for recommendation in result.recommendations:
            session.out.print_text(f"  {recommendation}")
        if result.calls:
            session.out.print_table(result.calls, [(name, attrgetter(name)) for name in _CALL_FIELDS])
    if require_ready and not result.ready:
        raise typer.Exit(1)


def write_spacetime_program(
    directory: Annotated[
        Path, typer.Argument(help="Directory for it; put it on the PATH before that of the real program.")
    ],
) -> None:
    """Write a replacement for the spacetime program that calls this marketplace."""
    directory.mkdir(parents=True, exist_ok=True)
    program = directory / "spacetime"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m agora_sdk.migration.spacetime "$@"\n')
    program.chmod(0o755)
    typer.echo(f'{program}\nexport PATH="{directory.absolute()}:$PATH"')


_RESULT_FIELDS = ("v4_agent_id", "v5_agent_id", "status", "error")
_CALL_FIELDS = ("agent", "reducer", "calls", "last_call")
_COUNT_COLUMNS: list[Column] = [("table", lambda pair: pair[0]), ("rows", lambda pair: pair[1])]


def _build_count_cell(name: str) -> Callable[[Any], Any]:
    return lambda pair: pair[1][name]


def _count_stored(session: Session, database: str, table: str) -> int:
    """Count the stored rows of a table, as the source's ``SELECT COUNT(*)`` does."""
    answer = session.client.migration.sql(database, f"SELECT COUNT(*) FROM {table}")
    return int(str(answer.rows[0][0]))


def _build_progress_printer(out: Output) -> Callable[[str, int, int], None]:
    """Build a function that prints the progress of an import periodically."""
    last = time.monotonic()

    def print_progress(table: str, done: int, total: int) -> None:
        nonlocal last
        if not out.json and (time.monotonic() - last >= PROGRESS_INTERVAL_SECONDS or done == total):
            last = time.monotonic()
            out.print_note(f"{table}: {done} of {total}")

    return print_progress
