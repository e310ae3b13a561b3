"""``agora mcp install`` and ``agora mcp list``: the marketplace in the configuration of MCP clients."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import typer

from agora.net.atomic_files import replace_file
from agora_sdk.errors import AgoraError, InvalidRequest

from ..output import Output
from ..session import exit_on_error
from . import view_options
from .mcp_clients import MCP_CLIENTS, McpClient, ServerEntry

__all__ = ["install", "list_clients"]


def install(
    client: Annotated[str, typer.Argument(help="A client from 'agora mcp list'; 'generic' for any other.")],
    write: Annotated[bool, typer.Option("--write", help="Write it to the client's file and keep a backup.")] = False,
    transport: Annotated[
        Literal["stdio", "http"], typer.Option(help="stdio: a command that the client starts; http: the server's URL.")
    ] = "stdio",
    name: Annotated[str, typer.Option(help="The server's name in the client.")] = "agora",
    agent: Annotated[str | None, typer.Option("--agent", "--as", help="Act as this agent.", metavar="AGENT")] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Server URL; default: AGORA_URL, else the local server.")
    ] = None,
    scope: Annotated[
        Literal["user", "project"] | None,
        typer.Option(help="user: for all your projects; project: for the project in this directory."),
    ] = None,
    file: Annotated[Path | None, typer.Option(help="File to use instead of the client's usual one.")] = None,
    view: view_options.View = None,
    names: view_options.Names = None,
    toolsets: view_options.Toolsets = None,
    tools: view_options.Tools = None,
    readonly: view_options.Readonly = False,
    server: view_options.ServerName = None,
) -> None:
    """Print the configuration for an MCP client, or write it to the client's file."""
    with exit_on_error(Output()):
        mcp_client = _get_client(client)
        entry = _create_entry(
            mcp_client,
            transport,
            agent,
            url,
            scope or next(iter(mcp_client.scopes), "user"),
            _choose_endpoint(
                mcp_client, server, view_options.build_view_parameters(view, names, toolsets, tools, readonly=readonly)
            ),
        )
        target = file or mcp_client.config_file(scope or next(iter(mcp_client.scopes), "user"))
        if scope and target is None:
            raise typer.BadParameter(f"{mcp_client.title} has no configuration file for the scope {scope}")
        if write:
            _write_entry(mcp_client, target, name, entry)
        else:
            _print_entry(mcp_client, target, name, entry)


def list_clients(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the supported MCP clients, their configuration files, and whether Agora is configured."""
    out = Output(json=json)
    rows = [row for mcp_client in MCP_CLIENTS.values() for row in _build_client_rows(mcp_client)]
    if json:
        for row in rows:
            out.print_json(row)
        return
    out.print_table(
        rows,
        [
            ("client", lambda row: row["client"]),
            ("", lambda row: row["title"]),
            ("transports", lambda row: row["transports"]),
            ("scope", lambda row: row["scope"]),
            ("file", lambda row: row["file"]),
            ("agora", lambda row: row["state"]),
        ],
    )


def _build_client_rows(mcp_client: McpClient) -> Iterator[dict[str, Any]]:
    transports = ["stdio", *(["http"] if mcp_client.http else [])]
    for scope in mcp_client.scopes or (None,):
        file = mcp_client.config_file(scope) if scope else None
        row = {"client": mcp_client.name, "title": mcp_client.title, "transports": transports}
        yield row | {"scope": scope, "file": str(file) if file else None, "state": _read_entry_state(mcp_client, file)}


def _read_entry_state(mcp_client: McpClient, file: Path | None) -> str | None:
    """Read the state of a configuration file: no file, entered, not entered, or unreadable."""

    if file is None or not file.exists():
        return "no file" if file else None
    try:
        document = _parse_configuration(mcp_client, file.read_text("utf-8"))
    except (AgoraError, OSError, UnicodeDecodeError):
        return "unreadable"
    for key in mcp_client.keys:
        document = document.get(key) if isinstance(document, dict) else None
    entries = document.values() if isinstance(document, dict) else ()
    return "entered" if any(_is_agora_entry(entry) for entry in entries) else "not entered"


def _is_agora_entry(entry: Any) -> bool:
    """Whether an entry starts ``agora mcp``, or has a URL with Agora's form of endpoint."""
    if not isinstance(entry, dict):
        return False
    command, arguments = entry.get("command"), entry.get("args") or []
    words = [*(command if isinstance(command, list) else [command]), *arguments]
    address = next((str(entry[key]) for key in ("url", "serverUrl", "httpUrl") if key in entry), "")
    is_agora_url = any(part in address for part in ("/mcp?view=", "/mcp?names=", "/mcp/servers/"))
    return is_agora_url or ("mcp" in words and any("agora" in str(word) for word in words))


def _get_client(client: str) -> McpClient:
    if client not in MCP_CLIENTS:
        raise typer.BadParameter(f"{client!r} is not known; there are {', '.join(MCP_CLIENTS)}")
    return MCP_CLIENTS[client]


def _choose_view(mcp_client: McpClient, chosen: dict[str, str]) -> dict[str, str]:
    """Choose the client's view: the chosen one, with tool names that the client accepts; by default the model view,
    which fits every client."""
    if not chosen.keys() & {"view", "names"}:
        return {"view": "model"} | chosen
    lists_all = "tools" not in chosen and chosen.get("toolsets", "all") == "all" and chosen.get("view") != "model"
    if lists_all and mcp_client.most_tools is not None:
        _print_note(
            f"{mcp_client.title} supports at most {mcp_client.most_tools} tools, fewer than the marketplace has: "
            "omit --view and --names for the most used tools, with a search for the others."
        )
    return chosen if "names" in chosen or chosen.get("view") == "model" else chosen | {"names": "underscore"}


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """The endpoint to configure: options of ``agora mcp``, or path and query of the URL."""

    options: tuple[str, ...]
    path: str


def _choose_endpoint(mcp_client: McpClient, server: str | None, chosen: dict[str, str]) -> _Endpoint:
    """Choose the endpoint: a virtual server by its name, else the marketplace in the chosen view."""
    if server is not None:
        return _Endpoint(("--server", server), view_options.build_endpoint_path(server, chosen))
    view = _choose_view(mcp_client, chosen)
    options = [
        word
        for name, value in view.items()
        if (name, value) != ("view", "model")  # the server's default
        for word in ((f"--{name}",) if name == "readonly" else (f"--{name}", value))
    ]
    return _Endpoint(tuple(options), view_options.build_endpoint_path(None, view))


def _create_entry(
    mcp_client: McpClient, transport: str, agent: str | None, url: str | None, scope: str, endpoint: _Endpoint
) -> ServerEntry:
    """Create the configuration entry of a client."""
    configured_url = url or os.environ.get("AGORA_URL")
    if transport == "http":
        if mcp_client.http is None:
            raise typer.BadParameter(f"{mcp_client.title} starts commands only: use --transport stdio")
        return _build_url_entry(mcp_client, agent, configured_url, endpoint.path)
    address = ("--url", configured_url) if configured_url else ()
    identity = ("--agent", agent) if agent else ()
    environment = {name: os.environ[name] for name in ("AGORA_CREDENTIALS", "AGORA_DATA_DIR") if os.environ.get(name)}
    if os.environ.get("AGORA_TOKEN") and not agent:
        if mcp_client.variable:
            environment["AGORA_TOKEN"] = mcp_client.variable % "AGORA_TOKEN"
        else:
            _print_note(
                f"{mcp_client.title} cannot refer to an environment variable: make sure that the command gets AGORA_TOKEN, or use --agent."
            )
    if agent:
        _note_missing_credential(agent, configured_url)
    return ServerEntry((*_build_program_command(scope), "mcp", *address, *identity, *endpoint.options), environment)


def _build_url_entry(mcp_client: McpClient, agent: str | None, chosen: str | None, path: str) -> ServerEntry:
    from agora_sdk.session import DEFAULT_URL, Server

    url = Server(chosen or DEFAULT_URL).url
    local = (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")
    headers = {}
    if agent or os.environ.get("AGORA_TOKEN") or not local:
        if mcp_client.variable is None:
            raise typer.BadParameter(
                f"{mcp_client.title} cannot read a token from the environment, and a token must not be stored in the file: "
                "use --transport stdio"
            )
        headers["Authorization"] = f"Bearer {mcp_client.variable % 'AGORA_TOKEN'}"
        _print_note(
            f"{mcp_client.title} takes the token from the variable AGORA_TOKEN; set it to the agent's token or a key."
        )
    return ServerEntry(url=f"{url}{path}", headers=headers)


def _build_program_command(scope: str) -> tuple[str, ...]:
    """Build the command that starts this program: by its path, because desktop programs have another PATH; by its name
    in a shared project."""
    if scope == "project" and shutil.which("agora"):
        return ("agora",)
    executable = Path(sys.executable).parent / "agora"
    return (str(executable),) if executable.exists() else (sys.executable, "-m", "agora.cli")


def _note_missing_credential(agent: str, chosen: str | None) -> None:
    """Print a note if there is no credential for the agent, which must be registered first."""
    from agora_sdk.credentials import Credentials
    from agora_sdk.session import DEFAULT_URL, Server

    if Credentials().find(Server(chosen or DEFAULT_URL).url, "default", agent) is None:
        _print_note(f"No credential of {agent!r} is stored here yet: run 'agora register {agent}'.")


def _build_client_entry(mcp_client: McpClient, entry: ServerEntry) -> dict[str, Any]:
    form = mcp_client.http if entry.url and mcp_client.http else mcp_client.stdio
    return form(entry)


def _print_entry(mcp_client: McpClient, file: Path | None, name: str, entry: ServerEntry) -> None:
    from . import json_edit as json_members
    from . import toml_edit as toml_tables

    value, path = _build_client_entry(mcp_client, entry), (*mcp_client.keys, name)
    text = (
        toml_tables.format_table(path, value) if mcp_client.is_toml else json_members.set_json_member("", path, value)
    )
    typer.echo(text.rstrip("\n"))
    if file is not None:
        _print_note(f"For {file}; --write puts it there.")


def _write_entry(mcp_client: McpClient, file: Path | None, name: str, entry: ServerEntry) -> None:
    if file is None:
        raise typer.BadParameter(f"name the file with --file where {mcp_client.title} keeps its servers")

    target = file.resolve()
    try:
        previous_text = target.read_bytes().decode() if target.exists() else ""
        new_text = _merge_entry(mcp_client, previous_text, name, entry)
        if new_text == previous_text:
            typer.echo(f"{file} already has this entry")
            return
        # Before the change, under an unused name: an earlier backup is never overwritten.
        backup = _create_backup(target) if previous_text else None
        target.parent.mkdir(parents=True, exist_ok=True)
        # Atomically, and readable only by its owner: such files may contain tokens of other servers.
        replace_file(target, new_text, mode=0o600)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{file} cannot be changed: {error}.") from None
    except InvalidRequest as error:
        raise InvalidRequest(f"{file} was not changed. {error.detail}", fix=error.fix) from None
    typer.echo(f"{file} written" + (f"; a backup is in {backup}" if backup else ""))
    _print_note(f"Restart {mcp_client.title} to see it.")


def _merge_entry(mcp_client: McpClient, text: str, name: str, entry: ServerEntry) -> str:
    from . import json_edit as json_members
    from . import toml_edit as toml_tables

    value, path = _build_client_entry(mcp_client, entry), (*mcp_client.keys, name)
    if mcp_client.is_toml:
        return toml_tables.set_toml_table(text, path, value)
    return json_members.set_json_member(text, path, value, comments=mcp_client.comments)


def _parse_configuration(mcp_client: McpClient, text: str) -> Any:
    from . import json_edit as json_members
    from . import toml_edit as toml_tables

    return (
        toml_tables.parse_toml(text)
        if mcp_client.is_toml
        else json_members.parse_json(text, comments=mcp_client.comments)
    )


def _create_backup(file: Path) -> Path:
    """Copy the file to an unused name beside it."""
    number, backup = 1, file.with_name(f"{file.name}.bak")
    while backup.exists():
        number += 1
        backup = file.with_name(f"{file.name}.bak{number}")
    shutil.copy2(file, backup)
    return backup


def _print_note(text: str) -> None:
    typer.echo(text, err=True)
