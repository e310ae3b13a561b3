"""Settings as used by an operator: options of the command line, their list, and switches of a migration."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.blackbox.server import ServerProcess

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"
SETTING = {"resource": "configuration"}


def test_every_documented_setting_is_an_option_of_serve(tmp_path: Path) -> None:
    names = re.findall(r"^\| `(\w+)` \| `AGORA_", REFERENCE.read_text(), re.MULTILINE)
    server = ServerProcess(tmp_path / "data")
    options = set(re.findall(r"--[a-z0-9-]+", server.run_cli("serve", "--help").stdout))
    assert len(names) > 100
    assert [name for name in names if f"--{name.replace('_', '-')}" not in options] == []
    wrong = server.run_cli("serve", "--bus-stale", "0")
    assert (wrong.returncode, wrong.stderr.startswith("Error: bus_stale (from the command line)")) == (2, True)


def test_settings_are_listed_without_secrets(start_server: Callable[..., ServerProcess]) -> None:
    secret = "a-secret-of-24-characters"
    operator = start_server(auth_tokens=f"robot:{secret}", consul_token=secret).operator
    operator.post("/agora/admin/manage", {**SETTING, "target": "rate_basic", "action": "set", "value": 77})
    settings = operator.post("/agora/admin/manage", {**SETTING, "target": "all", "action": "list"})["after"]
    assert settings["rate_basic"] == {"value": 77, "changed": True, "changeable": True}
    assert settings["port"] == {"value": int(operator.url.rpartition(":")[2]), "changed": False, "changeable": False}
    assert secret not in str(settings)
    rates = operator.post("/agora/admin/manage", {**SETTING, "target": "rate_", "action": "list"})["after"]
    assert {"rate_basic", "rate_premium"} <= rates.keys() < settings.keys()


def test_switches_of_the_migration_take_effect(
    start_server: Callable[..., ServerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPATIBILITY_MODE", "enabled")
    monkeypatch.setenv("DEPRECATION_WARNINGS", "enabled")
    server = start_server()
    settings = server.operator.post("/agora/admin/manage", {**SETTING, "target": "all", "action": "list"})["after"]
    assert settings["compatibility_mode"] == {"value": "enabled", "changed": False, "changeable": True}
    assert settings["deprecation_warnings"]["value"] is True
    assert "not supported:" not in server.log()
