"""Worktrees of jobs: created once, found again, and never removed with work that no other branch contains."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agora.worker.codebases import Codebase
from agora.worker.execution import get_container_home, rename_nested_repositories
from agora.worker.snapshots import take_snapshot
from agora.worker.worktree import open_workplace
from agora.worker.worktree_cleaning import (
    Limits,
    _measure_bytes,
    examine_worktrees,
    remove_excess_worktrees,
    remove_worktrees,
)
from tests.blackbox.coding_worker import GIT, create_repository
from tests.polling import passing, wait_until

NOTHING_LEFT = Limits(max_age=-1.0, max_bytes=0)
WEEK = Limits(max_age=604_800.0, max_bytes=1e9)
MAKE_WORKTREE = """
import asyncio, sys
from collections.abc import Iterator
from pathlib import Path
from agora.worker.codebases import Codebase
from agora.worker.execution import rename_nested_repositories, get_container_home
from agora.worker.snapshots import take_snapshot
from agora.worker.worktree import open_workplace

async def make_worktree():
    async with open_workplace(Codebase.from_directory(Path(sys.argv[1])), Path(sys.argv[2]), "job", isolated=True):
        pass

asyncio.run(make_worktree())
"""


async def test_worktree_is_found_again_with_its_work(tmp_path: Path) -> None:
    repository = create_repository(tmp_path / "api", **{".worktreeinclude": ".env\n"})
    (repository / ".env").write_text("SECRET=1")
    codebase, root = Codebase.from_directory(repository), tmp_path / "worktrees"
    async with open_workplace(codebase, root, "job", isolated=True) as place:
        assert place.needs_setup
        assert (place.path / ".env").read_text() == "SECRET=1"
        (place.path / "new file").write_text("work")
        assert await remove_excess_worktrees(codebase, root, NOTHING_LEFT) == [], "it is in use"
    assert await remove_excess_worktrees(codebase, root, NOTHING_LEFT) == [], "it has uncommitted work"
    async with open_workplace(codebase, root, "job", isolated=True) as place:
        assert place.needs_setup, "its set-up has not ended"
        place.mark_setup_complete()
    async with open_workplace(codebase, root, "job", isolated=True) as place:
        assert not place.needs_setup
        (place.path / ".env").unlink()
        await place.commit_changes("A title")
        changes = await place.read_changes()
        assert changes.files == [{"status": "A", "path": "new file"}]
        assert changes.commits[0]["subject"] == "A title"
        assert "+work" in changes.diff
    assert await remove_excess_worktrees(codebase, root, NOTHING_LEFT) == [], "its commit is on no other branch"
    subprocess.run(["git", "merge", "-q", "agora/job"], cwd=repository, check=True)
    assert await remove_excess_worktrees(codebase, root, NOTHING_LEFT) == ["job"]
    async with open_workplace(codebase, root, "job", isolated=True) as place:
        assert (place.path / "new file").exists(), "the branch is still there"


async def test_changes_are_read_whatever_commits_and_files_contain(tmp_path: Path) -> None:
    codebase = Codebase.from_directory(create_repository(tmp_path / "api"))
    subject = "a\x0cb\u2028c\x1fd\x1ee"
    async with open_workplace(codebase, tmp_path / "worktrees", "job", isolated=True) as place:
        (place.path / "large").write_text("".join(f"line {number}\n" for number in range(200_000)))
        await place.commit_changes(subject)
        changes = await place.read_changes()
    assert [commit["subject"] for commit in changes.commits] == [subject]
    assert changes.files == [{"status": "A", "path": "large"}]
    assert changes.diff.startswith("diff --git a/large b/large\n"), "not the middle of a diff of more than a megabyte"


async def test_worktree_of_a_killed_worker_is_recreated(tmp_path: Path) -> None:
    repository = create_repository(tmp_path / "api")
    started, proceed = tmp_path / "started", tmp_path / "proceed"
    hook = repository / ".git" / "hooks" / "post-checkout"  # git runs it at the end of "worktree add", and waits for it
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{started}'\nwhile [ ! -e '{proceed}' ]; do sleep 0.02; done\n")
    hook.chmod(0o755)
    worker = subprocess.Popen([sys.executable, "-c", MAKE_WORKTREE, str(repository), str(tmp_path / "worktrees")])
    try:
        await wait_until(started.exists, "git makes the worktree")
    finally:
        worker.kill()
        worker.wait()

    async def find_place() -> tuple[bool, str]:
        async with open_workplace(
            Codebase.from_directory(repository), tmp_path / "worktrees", "job", isolated=True
        ) as place:
            return place.needs_setup, (place.path / "README").read_text()

    finding = asyncio.create_task(find_place())
    await passing(0.3)
    assert not finding.done(), "git still works there"
    proceed.touch()
    assert await asyncio.wait_for(finding, 60) == (True, (repository / "README").read_text())


async def test_locks_of_a_killed_git_are_removed(tmp_path: Path) -> None:
    codebase, root = Codebase.from_directory(create_repository(tmp_path / "api")), tmp_path / "worktrees"
    async with open_workplace(codebase, root, "job", isolated=True) as place:
        (place.path / "work.txt").write_text("work")
    (tmp_path / "api/.git/worktrees/job/index.lock").touch()
    async with open_workplace(codebase, root, "job", isolated=True) as place:
        await place.commit_changes("A title")
        assert [change["path"] for change in (await place.read_changes()).files] == ["work.txt"]


async def test_directory_of_unknown_history_is_kept(tmp_path: Path) -> None:
    repository, root = create_repository(tmp_path / "api"), tmp_path / "worktrees"
    for text in ("first", "second"):
        stray = root / "api" / "job"
        stray.mkdir(parents=True)
        (stray / "notes").write_text(text)
        async with open_workplace(Codebase.from_directory(repository), root, "job", isolated=True) as place:
            assert place.needs_setup
            assert not (place.path / "notes").exists()
        shutil.rmtree(stray)
        stray.with_suffix(".base").unlink()
    assert [(root / "api" / f"job-kept-{number}" / "notes").read_text() for number in (1, 2)] == ["first", "second"]


async def test_codebase_itself_is_used_without_git(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    async with open_workplace(Codebase.from_directory(tmp_path / "plain"), tmp_path, "job", isolated=True) as place:
        assert (place.path, place.branch) == (tmp_path / "plain", None)


@pytest.mark.parametrize("name", ["--upload-pack=x", "-b"])
async def test_names_are_not_parsed_as_options(name: str, tmp_path: Path) -> None:
    repository = create_repository(tmp_path / name)
    async with open_workplace(Codebase.from_directory(repository), tmp_path / "w", "job", isolated=True) as place:
        assert os.path.isdir(place.path)


def run_git(path: Path, *arguments: str) -> None:
    subprocess.run([*GIT, *arguments], cwd=path, check=True, capture_output=True)


def add_commit(path: Path, name: str) -> None:
    (path / name).write_text(name)
    run_git(path, "add", "--all")
    run_git(path, "commit", "-qm", name)


def leave_untracked(path: Path) -> None:
    (path / "new").write_text("work")
    run_git(path, "config", "status.showUntrackedFiles", "no")  # ignored by git, but work all the same


def leave_stash(path: Path) -> None:
    (path / "README").write_text("changed")
    run_git(path, "stash")


def leave_detached(path: Path) -> None:
    run_git(path, "checkout", "-q", "--detach")
    add_commit(path, "detached")


def leave_branch_behind(path: Path) -> None:
    """The branch of the job has work, but another branch is checked out."""
    add_commit(path, "on the branch")
    run_git(path, "checkout", "-q", "--detach", "main")


def leave_own_branch(path: Path) -> None:
    run_git(path, "checkout", "-q", "-b", "feature")
    add_commit(path, "feature")


def leave_rebase(path: Path) -> None:
    subprocess.run([*GIT, "rebase", "-x", "false", "HEAD~1"], cwd=path, check=False, capture_output=True)


WAYS = {
    "untracked": (leave_untracked, "uncommitted"),
    "changed": (lambda path: (path / "README").write_text("changed"), "uncommitted"),
    "staged": (lambda path: [(path / "x").write_text("x"), run_git(path, "add", "x")], "uncommitted"),
    "stashed": (leave_stash, "stashed"),
    "committed": (lambda path: add_commit(path, "work"), "unmerged"),
    "detached": (leave_detached, "unmerged"),
    "left behind": (leave_branch_behind, "unmerged"),
    "own branch": (leave_own_branch, "unmerged"),
    "rebase": (leave_rebase, "uncommitted"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_work_is_never_removed_and_the_preview_says_why(way: str, tmp_path: Path) -> None:
    leave, verdict = WAYS[way]
    repository = create_repository(tmp_path / "api")
    add_commit(repository, "second")
    codebase, root = Codebase.from_directory(repository), tmp_path / "worktrees"
    for job in ("kept", "done"):
        async with open_workplace(codebase, root, job, isolated=True) as place:
            if job == "kept":
                leave(place.path)
    preview = {use.job_id: use.verdict for use in await examine_worktrees(codebase, root, NOTHING_LEFT)}
    assert preview == {"kept": verdict, "done": "removable"}
    assert {use.verdict for use in await examine_worktrees(codebase, root, WEEK)} == {verdict, "recent"}
    before = subprocess.run(["git", "status", "--porcelain", "-uall"], cwd=root / "api/kept", capture_output=True)
    assert await remove_worktrees(codebase, root, ["kept"]) == {"kept": verdict}, "asked for by name, too"
    assert await remove_excess_worktrees(codebase, root, NOTHING_LEFT) == ["done"], "and nothing else"
    after = subprocess.run(["git", "status", "--porcelain", "-uall"], cwd=root / "api/kept", capture_output=True)
    assert before.stdout == after.stdout
    assert await remove_worktrees(codebase, root, ["done", "../api", "never"]) == {}, (
        "a missing directory counts as removed"
    )
    assert (repository / "README").exists()


async def test_preview_reports_sizes(tmp_path: Path) -> None:
    codebase, root = Codebase.from_directory(create_repository(tmp_path / "api")), tmp_path / "worktrees"
    async with open_workplace(codebase, root, "job", isolated=True) as place:
        (place.path / "large").write_bytes(bytes(1_000_000))
        (place.path / "link").symlink_to(tmp_path / "api")
        (use,) = await examine_worktrees(codebase, root, WEEK)
        assert use.verdict == "in_use"
        assert 1_000_000 < use.bytes < 1_001_000
        assert await remove_worktrees(codebase, root, ["job"]) == {"job": "in_use"}


async def test_snapshots_of_a_taken_over_job_continue_the_count(tmp_path: Path) -> None:
    codebase = Codebase.from_directory(create_repository(tmp_path / "api"))
    async with open_workplace(codebase, tmp_path / "worktrees", "job", isolated=True) as place:
        numbers = [(await take_snapshot(place, "job", "x", after=after)).number for after in (0, 3, 3, 0)]
    assert numbers == [1, 4, 5, 6], "after those that another worker has recorded"


async def test_home_of_a_container_is_removed_with_its_worktree(tmp_path: Path) -> None:
    codebase, root = Codebase.from_directory(create_repository(tmp_path / "api")), tmp_path / "worktrees"
    homes = [get_container_home(tmp_path, "api", name) for name in ("job", "other")]
    for name in ("job", "other"):
        async with open_workplace(codebase, root, name, isolated=True) as place:
            get_container_home(tmp_path, "api", name).mkdir(parents=True)
    (place.path / "nested/.git").mkdir(parents=True)  # left by a container whose worker was killed
    (place.path / "nested/.git/HEAD").write_text("ref: refs/heads/main\n")
    assert await remove_excess_worktrees(codebase, root, NOTHING_LEFT) == ["job"]
    assert [home.exists() for home in homes] == [False, True]
    assert not (place.path / "nested/.git").exists(), "git has not read it"


@pytest.fixture
def deep_directory(tmp_path: Path) -> Iterator[Path]:
    """A directory nested deeper than the stack, with a file of five bytes and a repository at its end."""
    (tmp_path / "w").mkdir()
    descriptor = os.open(tmp_path / "w", os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    file = os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor)
    os.write(file, b"12345")
    os.close(file)
    os.mkdir(".git", dir_fd=descriptor)
    os.close(descriptor)
    yield tmp_path / "w"
    subprocess.run(["rm", "-rf", str(tmp_path / "w")], check=True)  # pytest could not delete it


def test_size_of_a_deeply_nested_worktree_is_measured(deep_directory: Path) -> None:
    assert _measure_bytes(deep_directory) == 5


def test_repository_in_a_deeply_nested_directory_is_disarmed(deep_directory: Path) -> None:
    assert rename_nested_repositories(deep_directory) == ["/".join(["d"] * 1100)]
    assert rename_nested_repositories(deep_directory) == []


@pytest.mark.parametrize("pattern", ["../secret", "sub/../../secret", "/etc/hostname", "a**b", "."])
async def test_included_files_are_files_of_the_repository(tmp_path: Path, pattern: str) -> None:
    repository = create_repository(tmp_path / "api", **{".worktreeinclude": f"{pattern}\n.env\n"})
    (repository / ".env").write_text("SECRET=1")
    (repository / "sub").mkdir()
    (tmp_path / "secret").write_text("of somebody else")
    root = tmp_path / "worktrees"
    async with open_workplace(Codebase.from_directory(repository), root, "job", isolated=True) as place:
        assert (place.path / ".env").read_text() == "SECRET=1"
    assert not list(root.rglob("secret"))
