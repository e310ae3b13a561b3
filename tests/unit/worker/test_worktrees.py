"""Worktrees of jobs: made once, found again, and never removed with work that no other branch holds."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from agora.worker.codebases import Codebase
from agora.worker.worktree import clean_worktrees, find_workplace
from tests.blackbox.coding_worker import create_repository

NOTHING_LEFT = {"max_age": -1.0, "max_bytes": 0}


async def test_a_worktree_is_found_again_and_its_work_is_kept(tmp_path: Path) -> None:
    repository = create_repository(tmp_path / "api", **{".worktreeinclude": ".env\n"})
    (repository / ".env").write_text("SECRET=1")
    codebase, root = Codebase.inspect(repository), tmp_path / "worktrees"
    async with find_workplace(codebase, root, "job", isolated=True) as place:
        assert place.is_new
        assert (place.path / ".env").read_text() == "SECRET=1"
        (place.path / "new file").write_text("work")
        assert await clean_worktrees(codebase, root, **NOTHING_LEFT) == [], "it is in use"
    assert await clean_worktrees(codebase, root, **NOTHING_LEFT) == [], "it has uncommitted work"
    async with find_workplace(codebase, root, "job", isolated=True) as place:
        assert not place.is_new
        (place.path / ".env").unlink()
        await place.commit_rest("A title")
        changes = await place.read_changes()
        assert changes.files == [{"status": "A", "path": "new file"}]
        assert changes.commits[0]["subject"] == "A title"
        assert "+work" in changes.diff
    assert await clean_worktrees(codebase, root, **NOTHING_LEFT) == [], "its commit is on no other branch"
    subprocess.run(["git", "merge", "-q", "agora/job"], cwd=repository, check=True)
    assert await clean_worktrees(codebase, root, **NOTHING_LEFT) == ["job"]
    async with find_workplace(codebase, root, "job", isolated=True) as place:
        assert (place.path / "new file").exists(), "the branch is still there"


async def test_without_git_the_codebase_itself_is_the_place(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    async with find_workplace(Codebase.inspect(tmp_path / "plain"), tmp_path, "job", isolated=True) as place:
        assert (place.path, place.branch) == (tmp_path / "plain", None)


@pytest.mark.parametrize("name", ["--upload-pack=x", "-b"])
async def test_names_are_no_options(name: str, tmp_path: Path) -> None:
    repository = create_repository(tmp_path / name)
    async with find_workplace(Codebase.inspect(repository), tmp_path / "w", "job", isolated=True) as place:
        assert os.path.isdir(place.path)
