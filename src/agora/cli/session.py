"""Shared parts of all client commands: global options, client, and output."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints
from urllib.parse import urlsplit

import typer

from agora_sdk.errors import AgoraError, Halted, PermissionDenied, Unauthenticated

from .credentials import read_admin_token_or_none
from .garbage_collection import resume_garbage_collection
from .output import Output

if TYPE_CHECKING:
    from agora_sdk import AgoraClient

__all__ = ["Connection", "Session", "build_connection", "client_command", "exit_on_error", "open_session"]

T = TypeVar("T")
PANEL = "Connection"

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        help="Server URL; default: AGORA_URL, else http://127.0.0.1:8080.",
        rich_help_panel=PANEL,
        metavar="URL",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token", help="Credential; default: AGORA_TOKEN, else the stored credential.", rich_help_panel=PANEL
    ),
]
Tenant = Annotated[
    str | None, typer.Option("--tenant", help="Tenant, on a server with several marketplaces.", rich_help_panel=PANEL)
]
As = Annotated[
    str | None,
    typer.Option(
        "--as", help="Act as this agent, which was registered on this machine.", rich_help_panel=PANEL, metavar="AGENT"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.", rich_help_panel=PANEL)]


@dataclass(frozen=True, slots=True)
class Connection:
    """The global options, given before or after the command."""

    url: str | None = None
    token: str | None = None
    tenant: str | None = None
    agent: str | None = None
    json: bool = False

    def merge_defaults(self, other: Connection | None) -> Connection:
        """Return these options, completed by others given earlier on the command line."""
        if other is None:
            return self
        return Connection(
            self.url or other.url,
            self.token or other.token,
            self.tenant or other.tenant,
            self.agent or other.agent,
            self.json or other.json,
        )


class Session:
    """One command's connection to a server."""

    def __init__(self, connection: Connection, context: typer.Context | None = None) -> None:
        self.connection, self.context = connection, context
        self.out = Output(json=connection.json)

    @cached_property
    def client(self) -> AgoraClient:
        client = self._create_client(self.connection)
        resume_garbage_collection()
        return client

    def close(self) -> None:
        opened = self.__dict__.pop("client", None)
        if opened is not None:
            opened.close()

    def call_as_operator(self, call: Callable[[AgoraClient], T]) -> T:
        """Make a call that requires an administrator.

        A local server usually accepts its operator without a token. If it does not and no credential was given, the
        admin token of the local data directory is tried, if it is readable.
        """
        try:
            return call(self.client)
        except (Unauthenticated, PermissionDenied) as error:
            token = (
                None if isinstance(error, Halted) or not self._may_use_local_admin_token else read_admin_token_or_none()
            )
            if token is None:
                raise
        # The client caches its identity, so the token needs another one.
        self.close()
        self.connection = replace(self.connection, token=token)
        return call(self.client)

    @property
    def _may_use_local_admin_token(self) -> bool:
        """Whether no credential was chosen and the server is local: no other server may receive the local admin
        token."""
        host = urlsplit(self.client.url).hostname or ""
        is_local = host in ("localhost", "::1") or host.startswith("127.")
        return is_local and not (self.connection.token or self.connection.agent or os.environ.get("AGORA_TOKEN"))

    @staticmethod
    def _create_client(connection: Connection) -> AgoraClient:
        from agora_sdk import AgoraClient

        return AgoraClient(connection.url, token=connection.token, tenant=connection.tenant, agent=connection.agent)


def build_connection(url: Url, token: Token, tenant: Tenant, agent: As, json: Json) -> Connection:
    """Build a connection. Its signature is the one that :func:`client_command` adds to a command."""
    return Connection(url, token, tenant, agent, json)


_CONNECTION_PARAMETERS = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
    for name, annotation, default in (
        ("url", Url, None),
        ("token", Token, None),
        ("tenant", Tenant, None),
        ("agent_", As, None),
        ("json_", Json, False),
    )
]


def client_command(function: Callable[..., Any]) -> Callable[..., None]:
    """Turn a function of a :class:`Session` and its own options into a command that also has the global options."""
    own_parameters = list(inspect.signature(function).parameters.values())[1:]
    hints = get_type_hints(function, include_extras=True)
    own_parameters = [p.replace(annotation=hints[p.name], kind=p.KEYWORD_ONLY) for p in own_parameters]

    @functools.wraps(function)
    def run_command(context: typer.Context, **options: Any) -> None:
        shared = [options.pop(p.name) for p in _CONNECTION_PARAMETERS]
        connection = build_connection(*shared).merge_defaults(context.find_object(Connection))
        with open_session(connection, context) as session:
            function(session, **options)

    return set_signature(run_command, [*own_parameters, *_CONNECTION_PARAMETERS])


def set_signature(command: Callable[..., None], parameters: list[inspect.Parameter]) -> Callable[..., None]:
    """Set the signature from which typer reads the options."""
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    # inspect.signature() follows __wrapped__: typer would see the options of the wrapped function only.
    del command.__wrapped__  # type: ignore[attr-defined]
    command.__signature__ = inspect.Signature([context, *parameters])  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in (context, *parameters)}
    return command


@contextmanager
def open_session(connection: Connection, context: typer.Context | None = None) -> Iterator[Session]:
    """Open the session of a command, and report errors as :func:`exit_on_error` does."""
    session = Session(connection, context)
    with exit_on_error(session.out):
        try:
            yield session
        finally:
            session.close()


@contextmanager
def exit_on_error(out: Output) -> Iterator[None]:
    """Print an Agora error with its fix, and exit with its exit code."""
    try:
        yield
    except AgoraError as error:
        out.print_error(error)
        raise typer.Exit(error.exit_code) from None
