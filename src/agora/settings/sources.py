"""Sources of settings: a file, the environment; and the errors of invalid ones."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .legacy_names import UNPREFIXED_SETTINGS

__all__ = [
    "PREFIX",
    "UNPREFIXED_VARIABLES",
    "ConfigurationError",
    "describe_unknown_variables",
    "explain_errors",
    "read_environment",
    "read_settings_file",
]

PREFIX = "AGORA_"
#: all variables that are read without the prefix
UNPREFIXED_VARIABLES = (
    *UNPREFIXED_SETTINGS,
    "LOG_LEVEL",
    "SERVICE_DISCOVERY",
    "ADMIN_AUTHORITY_LEVEL",
    "COMPATIBILITY_MODE",
    "DEPRECATION_WARNINGS",
)

#: variables with the prefix that are not settings of the server: of the SDK, the CLI, instances and Compose
OTHER_VARIABLES = frozenset(
    PREFIX + name
    for name in (
        "AGENT_ID",
        "AGENT_NAME",
        "BUILD",
        "CONFIG",
        "CREDENTIALS",
        "DB_PASSWORD",
        "ENGINE",
        "GENERATION",
        "INSTALLATION",
        "INSTANCE",
        "KEYS",
        "PUBLISH",
        "REAL_SPACETIME",
        "REGISTRY_PASS",
        "RLS_ENABLED",
        "STATE_DIR",
        "TOKEN",
        "URL",
    )
)


class ConfigurationError(ValueError):
    """A setting is invalid. The message names it, its source and the fix."""


def read_settings_file(path: Path | str | None, environ: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Read a TOML settings file. A file named explicitly must exist."""
    location = path or environ.get(f"{PREFIX}CONFIG")
    file = Path(location or "agora.toml")
    if not file.is_file():
        if location:
            raise ConfigurationError(f"The configuration file {file} does not exist.")
        return str(file), {}
    try:
        return str(file), tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}") from None


def read_environment(
    environ: Mapping[str, str], legacy_values: Mapping[str, Any], names: Iterable[str]
) -> tuple[str, dict[str, Any]]:
    """Read settings from environment variables with the prefix and with plain names. legacy_values: those of legacy names."""
    # In ascending precedence: legacy names, plain names, and last the names with the prefix.
    values: dict[str, Any] = {
        **legacy_values,
        # An empty plain variable counts as unset, because it may be another program's; with the prefix it is a value.
        **{name.lower(): environ[name] for name in UNPREFIXED_VARIABLES if environ.get(name)},
    }
    for name in names:
        value = environ.get(PREFIX + name.upper())
        if value is not None:
            values[name] = value
    return "the environment", values


def describe_unknown_variables(environ: Mapping[str, str], names: Iterable[str]) -> str | None:
    """Describe variables that look like settings (``AGORA_...``) but are unknown; None if there are none.

    A warning, not an error: other programs may set variables with this prefix, such as Kubernetes for a service named
    "agora".
    """
    variables = {PREFIX + name.upper() for name in names}
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in variables | OTHER_VARIABLES)
    if not unknown:
        return None
    return f"ignored, because there are no such settings: {', '.join(name + _suggest_name(name, variables) for name in unknown)}"


def _suggest_name(name: str, names: Iterable[str]) -> str:
    """Suggest the most similar known name, as a question in parentheses; empty if none is similar."""
    nearest = difflib.get_close_matches(name, list(names), n=1, cutoff=0.75)
    return f" (did you mean {nearest[0]}?)" if nearest else ""


def explain_errors(error: ValidationError, origins: Mapping[str, str], names: Iterable[str]) -> str:
    """Describe invalid settings with their sources. names: names of all settings."""
    lines = []
    for detail in error.errors():
        name = str(detail["loc"][0]) if detail["loc"] else ""
        if detail["type"] == "extra_forbidden":
            suggestion = _suggest_name(name, names)
            lines.append(f"{name!r} in {origins.get(name, 'the settings')} is not a setting{suggestion}")
        else:
            message = detail["msg"].removeprefix("Value error, ")
            lines.append(f"{name} (from {origins.get(name, 'the defaults')}): {message}")
    return "; ".join(lines)
