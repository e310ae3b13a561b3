"""Settings changed at run time, as they are read from the event log."""

from __future__ import annotations

from pathlib import Path

from pydantic_core import to_json

from agora.core.runtime_settings import RuntimeSettings
from agora.store.port import NewEvent, StoredEvent
from tests.harness import make_settings


def change(name: str, value: object) -> StoredEvent:
    data = to_json({"name": name, "value": value, "reset": False})
    event = NewEvent("evt_1", "agora.configuration.changed", "/agora", name, 1, data)
    return StoredEvent("default", 1, event)


def test_setting_that_only_another_release_can_change_is_ignored(tmp_path: Path) -> None:
    settings = RuntimeSettings(make_settings(tmp_path))
    before = settings.current
    assert not settings.apply_event(change("of_a_later_release", 1))
    assert not settings.apply_event(change("port", 1))
    assert settings.current == before
    assert settings.apply_event(change("rate_basic", 7))
    assert settings.current.rate_basic == 7
