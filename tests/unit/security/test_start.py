"""A start that cannot be says why, to whoever started it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agora.server import run
from agora.settings import ConfigurationError
from agora.store.port import StoreFailure
from tests.harness import make_settings


@pytest.mark.parametrize(
    ("file", "content", "kind"),
    [
        ("signing.key", b"", ConfigurationError),
        ("admin-token", b"\xff" * 50, ConfigurationError),
        ("agora.db", b"no database at all" * 500, StoreFailure),
    ],
)
def test_a_damaged_file_is_named_by_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, content: bytes, kind: type[Exception]
) -> None:
    monkeypatch.setattr("agora.logs.configure", lambda level, style, secrets: None)
    settings = make_settings(tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(kind, match=file.replace(".", r"\.")):
        run(settings)
