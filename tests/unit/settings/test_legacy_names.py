"""Legacy setting names are accepted with one notice; settings that would remove a protection are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from agora.server.process import run_server
from agora.settings import ConfigurationError, Settings
from agora.settings.legacy_names import IGNORED_SETTINGS, RENAMED_SETTINGS, UNPREFIXED_SETTINGS
from tests.harness import restored_logging

SOURCE = {
    "A2A_HOST": "0.0.0.0",
    "A2A_PORT": "8000",
    "A2A_LOG_LEVEL": "INFO",
    "A2A_LOG_FORMAT": "json",
    "A2A_AGENT_NAME": "Enhanced A2A Agent",
    "A2A_AGENT_ORG": "Your Organization",
    "MCP_SERVER_URLS": "http://localhost:3001,http://localhost:3002",
    "MCP_TIMEOUT": "30",
    "OPENCODE_HOST": "localhost",
    "OPENCODE_PORT": "9777",
    "REDIS_URL": "redis://localhost:6379/0",
    "USE_REDIS": "false",
    "A2A_AUTH_ENABLED": "false",
    "A2A_AUTH_HEADER": "X-API-Key",
    "A2A_AUTH_TOKENS": "client1:secret123,client2:secret456",
    "DATABASE_URL": "postgresql://postgres:password@localhost:5432/a2a_server_dev",
    "RLS_ENABLED": "true",
}


def test_environment_of_the_source_is_accepted() -> None:
    settings = Settings.load_settings(environ=SOURCE)
    assert (settings.host, settings.port, settings.log_level, settings.log_format) == ("0.0.0.0", 8000, "info", "json")
    assert settings.a2a_agent_name == "Enhanced A2A Agent"
    assert settings.store == SOURCE["DATABASE_URL"]
    assert settings.auth_tokens.get_secret_value() == SOURCE["A2A_AUTH_TOKENS"]
    assert settings.mcp_timeout == 30
    assert not settings.use_redis


def test_one_notice_names_all_legacy_settings_without_values() -> None:
    notice = Settings.load_settings(environ=SOURCE).variables_notice
    assert notice is not None
    assert "\n" not in notice
    for name in SOURCE.keys() - {"RLS_ENABLED"}:
        assert name in notice
    for value in ("secret123", "password@"):
        assert value not in notice


def test_authentication_that_was_enabled_is_required() -> None:
    assert Settings.load_settings(environ=SOURCE | {"A2A_AUTH_ENABLED": "true"}).auth_required
    assert not Settings.load_settings(environ=SOURCE).auth_required
    assert not Settings.load_settings(
        environ={"A2A_AUTH_ENABLED": "true", "AGORA_AUTH_REQUIRED": "false"}
    ).auth_required


def test_unknown_variables_are_named_with_the_nearest_setting() -> None:
    notice = Settings.load_settings(
        environ={"AGORA_RATE_BASICS": "7", "AGORA_XYZZY": "8", "AGORA_TOKEN": "agt_1"}
    ).variables_notice
    assert (
        notice
        == "ignored, because there are no such settings: AGORA_RATE_BASICS (did you mean AGORA_RATE_BASIC?), AGORA_XYZZY"
    )


def test_no_notice_without_legacy_settings() -> None:
    assert Settings.load_settings(environ={}).variables_notice is None
    assert (
        Settings.load_settings(
            environ={"AGORA_PORT": "8000", "LOG_LEVEL": "debug", "RLS_ENABLED": "true"}
        ).variables_notice
        is None
    )


def test_new_name_takes_precedence() -> None:
    settings = Settings.load_settings(environ={"A2A_PORT": "8000", "AGORA_PORT": "9000"})
    assert settings.port == 9000
    assert settings.variables_notice is not None
    assert "AGORA_PORT is set" in settings.variables_notice


@pytest.mark.parametrize(
    ("url", "store"),
    [
        ("postgresql+asyncpg://u@h/d", "postgresql://u@h/d"),
        ("postgres://u@h/d", "postgres://u@h/d"),
        ("mysql://u@h/d", ""),
        ("nonsense", ""),
        ("://", ""),
    ],
)
def test_unrelated_database_url_is_ignored(url: str, store: str) -> None:
    settings = Settings.load_settings(environ={"DATABASE_URL": url})
    assert settings.store == store
    assert settings.variables_notice is not None


@pytest.mark.parametrize("value", ["false", "False", "0", "no", " off "])
@pytest.mark.parametrize("name", ["RLS_ENABLED", "AGORA_RLS_ENABLED"])
def test_row_level_security_cannot_be_turned_off(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match="row-level security separates the rows of tenants"):
        Settings.load_settings(environ={name: value})


def test_invalid_value_is_refused_by_its_setting() -> None:
    with pytest.raises(ConfigurationError, match="port"):
        Settings.load_settings(environ={"A2A_PORT": "many"})
    with pytest.raises(ConfigurationError, match="auth_header"):
        Settings.load_settings(environ={"A2A_AUTH_HEADER": "X Api\r\nKey"})


def test_names_are_unambiguous() -> None:
    assert not RENAMED_SETTINGS.keys() & (set(UNPREFIXED_SETTINGS) | IGNORED_SETTINGS.keys())
    assert set(RENAMED_SETTINGS.values()) <= Settings.model_fields.keys()
    assert {name.lower() for name in UNPREFIXED_SETTINGS} <= Settings.model_fields.keys()


@pytest.mark.parametrize("name", UNPREFIXED_SETTINGS)
def test_value_is_read_under_the_name_without_a_prefix(name: str) -> None:
    values = {"USE_REDIS": "true", "MCP_TIMEOUT": "7", "REDIS_URL": "redis://cache:6379"}
    value = values.get(name, "https://example.com")
    others = {"AGORA_KEYCLOAK_URL": "https://x.example", "AGORA_KEYCLOAK_REALM": "r", "AGORA_KEYCLOAK_CLIENT_ID": "c"}
    others.pop(f"AGORA_{name}", None)

    def read_setting(environ: dict[str, str]) -> object:
        return getattr(Settings.load_settings(environ=others | environ), name.lower())

    assert read_setting({name: value}) == read_setting({f"AGORA_{name}": value})
    assert read_setting({name: value}) != Settings.model_fields[name.lower()].get_default(call_default_factory=True)


def test_notice_is_logged_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "signing.key").write_bytes(b"")  # so that the start ends here
    settings = Settings.load_settings(environ={"A2A_PORT": "0"}, events_port=0, data_dir=tmp_path)
    with restored_logging(), pytest.raises(ConfigurationError, match="signing"):
        run_server(settings)
    assert settings.variables_notice
    assert capsys.readouterr().err.count(settings.variables_notice) == 1


def test_legacy_log_formats_are_accepted() -> None:
    assert Settings.load_settings(environ={"AGORA_LOG_FORMAT": "console"}).log_format == "text"
    assert Settings.load_settings(environ={"AGORA_LOG_FORMAT": "JSON"}).log_format == "json"
    with pytest.raises(ConfigurationError, match="log_format"):
        Settings.load_settings(environ={"AGORA_LOG_FORMAT": "xml"})


def test_short_metrics_token_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="16 characters"):
        Settings.load_settings(environ={"AGORA_METRICS_TOKEN": "short"})
