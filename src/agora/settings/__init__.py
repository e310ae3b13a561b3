"""Settings: one frozen, validated object, from the command line, the environment and a file.

Precedence: command line, then ``AGORA_*`` (and the source's plain ``LOG_LEVEL``, ``SERVICE_DISCOVERY``,
``ADMIN_AUTHORITY_LEVEL``, ``MCP_SERVER_URLS``, ``MCP_TIMEOUT``, ``A2A_AGENT_NAME``, ``A2A_AGENT_DESCRIPTION``,
``A2A_AGENT_ORG``, ``USE_REDIS``, ``REDIS_URL``, ``KEYCLOAK_*``, ``COMPATIBILITY_MODE``, ``DEPRECATION_WARNINGS``), then ``agora.toml``, then the defaults below.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import PrivateAttr, SecretStr, ValidationError

from .bounds import Bounds
from .compatibility import Compatibility
from .connections import Connections
from .legacy_names import RefusedSetting, read_legacy_settings
from .serving import Serving
from .sign_on import SignOn
from .sources import (
    PREFIX,
    UNPREFIXED_VARIABLES,
    ConfigurationError,
    describe_unknown_variables,
    explain_errors,
    read_environment,
    read_settings_file,
)
from .work import Work

__all__ = ["PREFIX", "UNPREFIXED_VARIABLES", "ConfigurationError", "Settings"]


class Settings(Compatibility, Bounds, Work, SignOn, Connections, Serving):
    """All settings of the server. The sections are listed in reverse order of display."""

    #: notices about variables with former names, and about unknown variables
    _notice: str | None = PrivateAttr(None)

    @classmethod
    def load_settings(
        cls,
        config_file: Path | str | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        **overrides: Any,
    ) -> Settings:
        """Load settings from every source. Raises ConfigurationError with the first error of each setting."""
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        origins: dict[str, str] = {}
        try:
            legacy_names = read_legacy_settings(environ)
        except RefusedSetting as error:
            raise ConfigurationError(str(error)) from None
        for origin, part in (
            read_settings_file(config_file, environ),
            read_environment(environ, legacy_names.values, cls.model_fields),
            ("the command line", {name: value for name, value in overrides.items() if value is not None}),
        ):
            values |= part
            origins |= dict.fromkeys(part, origin)
        try:
            settings = cls(**values)
        except ValidationError as error:
            raise ConfigurationError(explain_errors(error, origins, cls.model_fields)) from None
        notices = (legacy_names.notice, describe_unknown_variables(environ, cls.model_fields))
        settings._notice = "; ".join(filter(None, notices)) or None
        return settings

    @property
    def variables_notice(self) -> str | None:
        """Notice about legacy and unknown environment variables."""
        return self._notice

    @property
    def secret_values(self) -> tuple[str, ...]:
        """Secret values, to be masked in logs and errors."""
        fields = [getattr(self, name) for name in type(self).model_fields]
        secrets = [value.get_secret_value() for value in fields if isinstance(value, SecretStr)]
        tokens = [token for _, token, _ in self.named_tokens]
        passwords = [_extract_password(url) for url in (self.store, self.bus, self.redis_url)]
        # The longest first, so that a value that contains another one is masked as a whole.
        # Values below six characters occur within ordinary words: masking them would garble every log line.
        return tuple(sorted({value for value in (*secrets, *tokens, *passwords) if len(value) >= 6}, key=len)[::-1])


def _extract_password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:  # not a URL: reported when it is opened
        return ""
