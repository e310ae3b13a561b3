"""``agora serve``: the only command that imports the server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["serve"]


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (AGORA_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the API (AGORA_PORT).")] = None,
    events_port: Annotated[
        int | None, typer.Option(help="Second listener for events; 0 for none (AGORA_EVENTS_PORT).")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where the database and keys live (AGORA_DATA_DIR).")] = None,
    store: Annotated[str | None, typer.Option(help="postgresql://...; SQLite if left out (AGORA_STORE).")] = None,
    bus: Annotated[str | None, typer.Option(help="embedded, or redis://...; embedded if left out (AGORA_BUS).")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error (AGORA_LOG_LEVEL).")] = None,
    log_format: Annotated[str | None, typer.Option(help="text or json (AGORA_LOG_FORMAT).")] = None,
    auth_required: Annotated[
        bool | None,
        typer.Option("--auth-required", help="Callers on this machine need a credential, too (AGORA_AUTH_REQUIRED)."),
    ] = None,
    allow_loopback_origins: Annotated[
        bool | None,
        typer.Option(
            "--allow-loopback-origins",
            help="Pages of this machine may call the server from a browser (AGORA_ALLOW_LOOPBACK_ORIGINS).",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Certificate chain in PEM: serve HTTPS and WSS (AGORA_TLS_CERT).")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key in PEM (AGORA_TLS_KEY).")] = None,
    tls_min_version: Annotated[
        str | None, typer.Option(help="Oldest version of TLS, 1.3 or 1.2; 1.3 if left out (AGORA_TLS_MIN_VERSION).")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; agora.toml if there is one (AGORA_CONFIG).")
    ] = None,
) -> None:
    """Run the server. Every setting is also AGORA_NAME in the environment and a line of agora.toml."""
    from agora.server.process import run_server
    from agora.settings import ConfigurationError, Settings
    from agora.store.port import StoreFailure

    try:
        settings = Settings.load(
            config,
            host=host,
            port=port,
            events_port=events_port,
            data_dir=data_dir,
            store=store,
            bus=bus,
            log_level=log_level,
            log_format=log_format,
            auth_required=auth_required,
            allow_loopback_origins=allow_loopback_origins,
            tls_cert=tls_cert,
            tls_key=tls_key,
            tls_min_version=tls_min_version,
        )
        raise typer.Exit(run_server(settings))
    except (ConfigurationError, StoreFailure, ModuleNotFoundError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None
