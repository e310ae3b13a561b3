"""Private files: what a failed replacement leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agora_sdk.private_file import replace_json


def test_a_failed_replacement_leaves_the_old_content_and_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    replace_json(str(path), {"token": "old"})
    with pytest.raises(TypeError):
        replace_json(str(path), {"token": "new", "other": object()})
    assert json.loads(path.read_text()) == {"token": "old"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["credentials.json"]
