"""Codebases that the server asks a worker for: which paths it takes, and how it clones."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agora.worker.adoption import clone_repository, inspect_path
from tests.blackbox.coding_worker import create_repository


def test_only_paths_below_the_roots_are_taken(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "api").mkdir(parents=True)
    outside.mkdir()
    (root / "link").symlink_to(outside)
    assert inspect_path(str(root / "api"), [root]) == root / "api"
    for name in ("api", str(outside), str(root / "link"), str(root / "missing"), str(root / "../outside")):
        with pytest.raises(ValueError, match=r"no directory|absolute"):
            inspect_path(name, [root])
    with pytest.raises(ValueError, match="no directory"):
        inspect_path(str(root / "api"), [])


async def test_a_repository_is_cloned_once_and_over_https_alone(tmp_path: Path) -> None:
    source = create_repository(tmp_path / "source")
    subprocess.run(["git", "branch", "other"], cwd=source, check=True)
    path, url = tmp_path / "clones" / "cb_1", f"file://{source}"
    with pytest.raises(ValueError, match="not allowed"):
        await clone_repository(url, path)
    assert not path.exists()
    await clone_repository(url, path, branch="other", token="ghp_secret", protocols="file")
    assert (path / "README").exists()
    assert "ghp_secret" not in (path / ".git/config").read_text()
    (path / "README").write_text("changed")
    await clone_repository(url, path, protocols="file")
    assert (path / "README").read_text() == "changed", "what is there stays"
    with pytest.raises(ValueError, match="failed"):
        await clone_repository(url, tmp_path / "clones" / "cb_2", branch="missing", protocols="file")
