"""Atomic file writes: a file is written completely or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from agora.net.atomic_files import replace_file, sync_file, write_json, write_then_replace


def test_existing_file_keeps_its_mode_and_no_partial_file_remains(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("old")
    file.chmod(0o664)
    write_json(file, {"a": 1})
    assert file.read_text() == '{"a": 1}'
    assert stat.S_IMODE(file.stat().st_mode) == 0o664
    assert os.listdir(tmp_path) == ["config.json"]


def test_new_file_has_the_requested_mode(tmp_path: Path) -> None:
    replace_file(tmp_path / "secret", "x", mode=0o600)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_failed_write_leaves_only_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "note"
    file.write_text("old")

    def fail(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        replace_file(file, "new")
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["note"]


def test_file_written_in_a_block_replaces_the_old_one_unless_the_block_fails(tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    with write_then_replace(file) as partial:
        partial.write_text("first")
        sync_file(partial)
    with pytest.raises(RuntimeError, match="broken"), write_then_replace(file) as partial:  # noqa: PT012 - the block is what fails
        partial.write_text("half")
        raise RuntimeError("broken")
    assert file.read_text() == "first"
    assert os.listdir(tmp_path) == ["backup.tar"]
