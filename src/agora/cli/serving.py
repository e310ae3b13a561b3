"""``agora serve``: the only command that imports the server. Its options are generated from the declared settings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from agora.settings import PREFIX, ConfigurationError, Settings

__all__ = ["serve"]


def serve(config: Path | None = None, **options: Any) -> None:
    """Run the server. Every setting can also be set in the environment (AGORA_NAME) and in agora.toml."""
    from agora.server.process import run_server
    from agora.store.port import StoreFailure

    try:
        settings = Settings.load_settings(config, **options)
        raise typer.Exit(run_server(settings))
    # What an operator can mend, as one line. Everything else is a defect and keeps its traceback.
    except (ConfigurationError, StoreFailure, ModuleNotFoundError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None


def _build_option_parameters() -> Iterator[inspect.Parameter]:
    """Yield an option for each setting. Values are validated with the settings, so errors are the same."""
    for name, field in Settings.model_fields.items():
        yield _build_parameter(name, _choose_option_type(name, field))
    help_text = f"Settings file; default: agora.toml if it exists ({PREFIX}CONFIG)."
    yield _build_parameter("config", Annotated[Path | None, typer.Option("--config", help=help_text)])


def _choose_option_type(name: str, field: FieldInfo) -> Any:
    option, help_text = f"--{name.replace('_', '-')}", f"{field.description} ({PREFIX}{name.upper()})"
    if field.annotation is bool:
        return Annotated[bool | None, typer.Option(f"{option}/--no-{option[2:]}", help=help_text)]
    if field.annotation is SecretStr:
        help_text += " Command lines are visible to all users of this machine: prefer the environment or the file."
    metavar = "INTEGER" if field.annotation is int else "NUMBER" if field.annotation is float else "TEXT"
    # Text even for numbers: the settings parse it, as they do for the environment and the file.
    return Annotated[str | None, typer.Option(option, help=help_text, metavar=metavar)]


def _build_parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


# typer reads the options from the signature and the annotations.
_PARAMETERS = tuple(_build_option_parameters())
serve.__signature__ = inspect.Signature(_PARAMETERS)  # type: ignore[attr-defined]
serve.__annotations__ = {parameter.name: parameter.annotation for parameter in _PARAMETERS}
