"""``agora db``: create, migrate and copy databases."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from agora.settings import ConfigurationError, Settings

from .command_class import Application
from .garbage_collection import resume_garbage_collection
from .output import Output

if TYPE_CHECKING:
    from agora.store.migrate import DatabaseStatus

__all__ = ["group"]

T = TypeVar("T")
MAX_OPEN_TABLES = 5  # limit of unprotected tables that are listed by name
PASSWORD = "AGORA_DB_PASSWORD"  # noqa: S105  (a name in the environment)

Url = Annotated[
    str | None, typer.Option("--url", help="postgresql://... or sqlite:///PATH; default: the setting 'store'.")
]
Dev = Annotated[bool, typer.Option("--dev", help="Use the development database: NAME_dev.")]
Prod = Annotated[bool, typer.Option("--prod", help="Use the production database: NAME without _dev.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def group() -> typer.Typer:
    """Build the group ``agora db``."""
    app = Application(help="Create, migrate and copy the database.", no_args_is_help=True)
    app.command("status")(status)
    app.command("upgrade")(upgrade)
    app.command("create")(create)
    app.command("copy")(copy)
    app.callback()(lambda: None)
    return app


def status(url: Url = None, dev: Dev = False, prod: Prod = False, json: Json = False) -> None:
    """Show the migration status of the database. Exit code 1: 'agora db upgrade' is needed."""
    from agora.store.databases import read_database_status

    database = _run_with_database_or_exit(read_database_status, url, dev, prod)
    _print_status(database, json)
    if not database.is_current:
        raise typer.Exit(1)


def upgrade(
    url: Url = None,
    dev: Dev = False,
    prod: Prod = False,
    create: Annotated[bool, typer.Option("--create", help="Create the database if it does not exist.")] = False,
    json: Json = False,
) -> None:
    """Apply pending migrations; on PostgreSQL, also protect every table."""
    from agora.store import databases

    async def apply_migrations(target: str) -> tuple[int, DatabaseStatus]:
        previous_status = await databases.read_database_status(target)
        if create and not previous_status.exists:
            await databases.create_and_migrate_database(target)
            # Creating migrates too; upgrading afterwards would report 0.
            applied = len(previous_status.pending)
        else:
            applied = await databases.upgrade_database(target)
        return applied, await databases.read_database_status(target)

    applied, database = _run_with_database_or_exit(apply_migrations, url, dev, prod)
    if not json:
        typer.echo(f"{applied} migrations applied")
    _print_status(database, json)


def create(
    url: Url = None,
    dev: Dev = False,
    prod: Prod = False,
    login: Annotated[
        str | None,
        typer.Option(help=f"A role for the server to connect as, that owns nothing; its password is in {PASSWORD}."),
    ] = None,
    json: Json = False,
) -> None:
    """Create the database if it does not exist, and migrate it."""
    from agora.store import databases

    async def create_and_migrate_database(target: str) -> tuple[bool, DatabaseStatus]:
        is_new = await databases.create_and_migrate_database(target, login, os.environ.get(PASSWORD) if login else None)
        return is_new, await databases.read_database_status(target)

    is_new, database = _run_with_database_or_exit(create_and_migrate_database, url, dev, prod)
    if not json:
        typer.echo("created" if is_new else "exists already")
    _print_status(database, json)


def copy(
    source: Annotated[str, typer.Argument(help="sqlite:///PATH of a stopped server.")],
    target: Annotated[str, typer.Argument(help="postgresql://... of an empty database.")],
    json: Json = False,
) -> None:
    """Copy an installation from SQLite to PostgreSQL in one transaction and compare row counts.

    Keys and tokens stay in the data directory: run the server with the same data directory.
    """
    from agora.store import databases
    from agora.store.port import StoreFailure

    async def copy_installation(_: str) -> dict[str, int]:
        if not source.startswith("sqlite:///") or not databases.is_postgres_url(target):
            raise StoreFailure("An installation moves from sqlite:///PATH to postgresql://...")
        from agora.store.copying import copy_database

        def print_progress(table: str, rows: int) -> None:
            if rows and not json:
                typer.echo(f"{rows:>9}  {table}")

        return dict((await copy_database(databases.parse_sqlite_path(source), target, print_progress)).tables)

    # The source is passed for the sake of the settings and the error handling; both ends come from the arguments.
    tables = _run_with_database_or_exit(copy_installation, source, False, False)
    if json:
        Output(json=True).print_json({"tables": tables, "rows": sum(tables.values())})
    else:
        typer.echo(f"{sum(tables.values()):>9}  rows, counted on both sides")


def _run_with_database_or_exit(
    work: Callable[[str], Coroutine[Any, Any, T]], url: str | None, dev: bool, prod: bool
) -> T:
    """Run a function on the database given by options or settings. On an error, print a line and exit with code 2."""
    from agora.store.databases import database_url, select_database_url
    from agora.store.port import StoreFailure

    try:
        settings = Settings.load_settings()
        target = select_database_url(database_url(url or settings.store, settings.data_dir), dev=dev, prod=prod)
        # Collection is rare since the imports; a migration or a copy may be long.
        resume_garbage_collection()
        return asyncio.run(work(target))
    except (ConfigurationError, StoreFailure, ModuleNotFoundError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None


def _print_status(status: DatabaseStatus, json: bool) -> None:
    document = {
        "database": status.url,
        "exists": status.exists,
        "applied": status.applied,
        "pending": list(status.pending),
        "unprotected": list(status.open),
        "current": status.is_current,
    }
    if json:
        Output(json=True).print_json(document)
        return
    typer.echo(
        f"{status.url}: {'current' if status.is_current else 'not current'}, {status.applied} migrations applied"
    )
    for name in status.pending:
        typer.echo(f"  pending: {name}")
    for name in status.open[:MAX_OPEN_TABLES]:
        typer.echo(f"  not protected: {name}")
    if len(status.open) > MAX_OPEN_TABLES:
        typer.echo(f"  not protected: {len(status.open) - MAX_OPEN_TABLES} more")
