"""Files of a job are written only into its worktree."""

from __future__ import annotations

from pathlib import Path

import pytest

from agora.worker.job_files import format_paths_note, write_file


def test_file_is_written_below_the_worktree(tmp_path: Path) -> None:
    write_file(tmp_path, "a/b/c.bin", b"\x00\x01", may_replace=True)
    write_file(tmp_path, "a/b/c.bin", b"\x02", may_replace=True)
    assert (tmp_path / "a/b/c.bin").read_bytes() == b"\x02"
    with pytest.raises(FileExistsError):
        write_file(tmp_path, "a/b/c.bin", b"", may_replace=False)


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/../../x", ".git/hooks/pre-commit", "a/.GIT/config", "", "link/x", "file-link"]
)
def test_paths_out_of_the_worktree_are_refused(tmp_path: Path, name: str) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (outside / "victim").write_text("as it was")
    (root / "link").symlink_to(outside)
    (root / "file-link").symlink_to(outside / "victim")
    with pytest.raises((OSError, ValueError)):
        write_file(root, name, b"changed", may_replace=True)
    assert [path.name for path in outside.iterdir()] == ["victim"]
    assert (outside / "victim").read_text() == "as it was"


def test_prompt_names_the_files() -> None:
    assert format_paths_note(["a.py", {"path": "b.py", "content": ""}]).endswith(": a.py, b.py")
    assert format_paths_note(None) == ""
