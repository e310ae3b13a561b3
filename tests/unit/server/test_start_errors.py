"""The error of a failed start."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from agora.server.app import App
from agora.store.port import StoreFailure
from tests.harness import make_settings


@pytest.mark.parametrize(("log_format", "message"), [("text", ""), ("json", "It is locked.")])
async def test_start_error_is_printed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_format: Literal["text", "json"], message: str
) -> None:
    """``agora serve`` prints it; a log in JSON contains it as well."""
    app = App(make_settings(tmp_path, log_format=log_format))

    async def fail() -> None:
        raise StoreFailure("It is locked.")

    monkeypatch.setattr(app, "start", fail)
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        messages.append(message)

    await app({"type": "lifespan"}, receive, send)
    assert messages == [{"type": "lifespan.startup.failed", "message": message}]
    assert str(app.failure) == "It is locked."
