"""Runtime settings: the current settings, some of which an operator can change at run time.

A change is a row of ``settings`` and an event. The object follows the event log and replaces ``current`` as a whole, so
a reader never sees half of a change.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json

from agora.settings import Settings
from agora.store.port import StoredEvent
from agora_sdk.errors import InvalidRequest, field_error

from .records import RuntimeSettingRow

__all__ = ["CHANGEABLE_SETTINGS", "RuntimeSettings"]

CHANGEABLE_SETTINGS = (
    "rate_basic",
    "rate_premium",
    "rate_enterprise",
    "rate_anonymous",
    "rate_registrar",
    "rate_enrolment",
    "rate_account",
    "log_level",
    "message_lifetime",
    "idempotency_lifetime",
    "event_retention",
    "audit_retention",
    "offline_after",
    "task_output_limit",
    "task_retention",
    "session_retention",
    "front_agent",
    "chat_agent",
    "service_discovery",
    "compatibility_mode",
    "deprecation_warnings",
)


class RuntimeSettings:
    """The settings of the process with run-time changes.

    settings: as the server was started. current: those in force.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = self.current = settings
        self._overrides: dict[str, Any] = {}

    def require_changeable(self, name: str) -> None:
        """Check that a setting can be changed at run time. Raises InvalidRequest."""
        if name not in CHANGEABLE_SETTINGS:
            exists = name in Settings.model_fields
            raise InvalidRequest(
                f"{name} cannot change while the server runs." if exists else f"There is no setting {name!r}.",
                fix=f"These can: {', '.join(CHANGEABLE_SETTINGS)}."
                + (" Others change in agora.toml, with a restart." if exists else ""),
                errors=[field_error("target", "not changeable" if exists else "unknown setting")],
            )

    def validate_value(self, name: str, value: Any) -> Any:
        """Validate a value of a setting. Raises InvalidRequest."""
        self.require_changeable(name)
        try:
            return getattr(Settings.model_validate({name: value}), name)
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            raise InvalidRequest(
                f"{name}: {problem}.",
                fix=Settings.model_fields[name].description,
                errors=[field_error("value", problem)],
            ) from None

    def describe_settings(self, prefix: str = "") -> dict[str, JsonValue]:
        """Describe the settings with a name prefix: value, whether it was changed, whether it can be changed. Secrets
        are masked."""
        values = self.current.model_dump(mode="json")
        return {
            name: {
                "value": self._redact_secret_settings(value),
                "changed": name in self._overrides,
                "changeable": name in CHANGEABLE_SETTINGS,
            }
            for name, value in values.items()
            if name.startswith(prefix)
        }

    def _redact_secret_settings(self, value: Any) -> Any:
        if isinstance(value, str):
            # Secrets may stand within other values, such as the password in a database's URL.
            for secret in self.current.secret_values:
                value = value.replace(secret, "***")
        return value

    def load_changes(self, rows: Iterable[RuntimeSettingRow]) -> None:
        """Load changes from rows of ``settings``."""
        self._overrides.clear()
        for row in rows:
            # A row may be of another release, in which more could be changed.
            if row.name in CHANGEABLE_SETTINGS:
                self._overrides[row.name] = from_json(row.value)
        self._rebuild_current()

    def apply_event(self, stored: StoredEvent) -> bool:
        """Apply an event of the log; returns whether a setting changed."""
        if stored.event.type != "agora.configuration.changed":
            return False
        data = from_json(stored.event.data)
        # A server of another release may change more.
        if data["name"] not in CHANGEABLE_SETTINGS:
            return False
        if data["reset"]:
            self._overrides.pop(data["name"], None)
        else:
            self._overrides[data["name"]] = data["value"]
        self._rebuild_current()
        return True

    def _rebuild_current(self) -> None:
        self.current = self.settings.model_copy(update=self._overrides) if self._overrides else self.settings
