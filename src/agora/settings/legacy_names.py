"""Legacy setting names: the ``.env`` of an A2A server still works, with one notice in the log.

The notice also lists names without a meaning here. A setting that would remove a protection is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["LegacyValues", "RefusedSetting", "read_legacy_settings"]

#: read as this setting unless AGORA_... is set
RENAMED_SETTINGS: Final = {
    "A2A_HOST": "host",
    "A2A_PORT": "port",
    "A2A_LOG_LEVEL": "log_level",
    "A2A_LOG_FORMAT": "log_format",
    "A2A_AUTH_ENABLED": "auth_required",
    "A2A_AUTH_TOKENS": "auth_tokens",
    "A2A_AUTH_HEADER": "auth_header",
    "DATABASE_URL": "store",
}
#: settings that are also read from these names without a prefix
UNPREFIXED_SETTINGS: Final = (
    "A2A_AGENT_NAME",
    "A2A_AGENT_DESCRIPTION",
    "A2A_AGENT_ORG",
    "MCP_SERVER_URLS",
    "MCP_TIMEOUT",
    "REDIS_URL",
    "USE_REDIS",
    "KEYCLOAK_URL",
    "KEYCLOAK_REALM",
    "KEYCLOAK_CLIENT_ID",
    "KEYCLOAK_CLIENT_SECRET",
    "LIVEKIT_URL",
    "LIVEKIT_API_KEY",
    "LIVEKIT_API_SECRET",
    "LIVEKIT_PUBLIC_URL",
)
#: names that are not supported, with the reason
IGNORED_SETTINGS: Final = {
    "OPENCODE_HOST": "coding agents are upstreams or instances here",
    "OPENCODE_PORT": "coding agents are upstreams or instances here",
    "SPACETIME_URI": "the database is AGORA_STORE",
    "SPACETIME_DATABASE": "the database is AGORA_STORE",
}
PROTECTION_SETTINGS: Final = ("RLS_ENABLED", "AGORA_RLS_ENABLED")
FALSE_VALUES: Final = frozenset({"false", "0", "no", "off", "f", "n"})
POSTGRES_SCHEMES: Final = ("postgresql", "postgres")


class RefusedSetting(ValueError):
    """A legacy setting requests something unsupported; the message explains why."""


@dataclass
class LegacyValues:
    """values: by current setting names. notice: text for the log, if any."""

    values: dict[str, Any] = field(default_factory=dict)
    notice: str | None = None


def read_legacy_settings(environ: Mapping[str, str]) -> LegacyValues:
    """Read legacy names from the environment. Raises RefusedSetting."""
    for name in PROTECTION_SETTINGS:
        # Refused instead of ignored: an operator who believes that the protection is off would rely on it.
        if environ.get(name, "").strip().lower() in FALSE_VALUES:
            raise RefusedSetting(
                f"{name}={environ[name]} is refused: row-level security separates the rows of tenants, and without it a "
                "single missing condition would expose them all. Remove the setting; for work across tenants, use the "
                "database's admin role."
            )
    legacy, notices, ignored = LegacyValues(), [], []
    for name, setting in RENAMED_SETTINGS.items():
        value = environ.get(name)
        if not value:
            continue
        # Platforms set this variable for any database: one that is not PostgreSQL's is ignored, not an error.
        if name == "DATABASE_URL" and (value := _strip_driver_from_url(value)) is None:
            ignored.append("DATABASE_URL (no URL of PostgreSQL)")
        elif f"AGORA_{setting.upper()}" in environ:
            ignored.append(f"{name} (AGORA_{setting.upper()} is set)")
        else:
            legacy.values[setting] = value
            notices.append(f"{name} (now AGORA_{setting.upper()})")
    notices += [
        f"{name} (now AGORA_{name})"
        for name in UNPREFIXED_SETTINGS
        if environ.get(name) and f"AGORA_{name}" not in environ
    ]
    ignored += [f"{name} ({why})" for name, why in IGNORED_SETTINGS.items() if environ.get(name)]
    parts = [f"settings with legacy names: {', '.join(notices)}"] if notices else []
    parts += [f"not supported: {', '.join(ignored)}"] if ignored else []
    legacy.notice = "; ".join(parts) or None
    return legacy


def _strip_driver_from_url(url: str) -> str | None:
    """Remove a driver suffix from the scheme of a PostgreSQL URL."""
    # SQLAlchemy names the driver in the scheme, as in postgresql+asyncpg://, which our driver would reject.
    scheme, separator, address = url.partition("://")
    engine = scheme.partition("+")[0].lower()
    return f"{engine}://{address}" if separator and engine in POSTGRES_SCHEMES else None
