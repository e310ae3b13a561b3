"""Files that a worker submits for review, from a real repository: renamed, binary, large and unusually encoded ones."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agora.domains.coding.review_files import parse_files
from agora.worker import subprocesses
from agora.worker.review import MAX_CHANGED_LINES, MAX_FILES, read_changed_files, read_current_branch
from agora.worker.worktree import Workplace
from tests.blackbox.coding_worker import GIT, create_repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    old = "".join(f"line {number}\n" for number in range(50))
    return create_repository(tmp_path / "api", **{"old name.txt": old, "end.txt": "same", "run.sh": "true\n"})


def commit(repository: Path) -> None:
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    subprocess.run([*GIT, "commit", "-qm", "change"], cwd=repository, check=True)


async def list_files(repository: Path) -> dict[str, dict[str, Any]]:
    """List files by path; the server accepts all of them."""
    files = await read_changed_files(repository, "HEAD~1", "HEAD")
    assert len(parse_files(files, "default", "task_1")) == len(files)
    return {file["path"]: file for file in files}


async def test_warnings_of_git_are_no_part_of_its_lists_and_patches(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "run.sh").write_text("false\n")
    commit(repository)
    expected = await list_files(repository)
    monkeypatch.setenv("GIT_TRACE", "1")  # to standard error, as warnings are
    assert await list_files(repository) == expected
    assert list(expected) == ["run.sh"]
    place = Workplace(SimpleNamespace(path=repository), repository, "main", "HEAD~1")  # type: ignore[arg-type]
    changes = await place.read_changes()
    assert changes.files == [{"status": "M", "path": "run.sh"}]
    assert changes.diff == expected["run.sh"]["patch"]
    assert await read_current_branch(repository) == "main"


async def test_renamed_file_is_one_change(repository: Path) -> None:
    text = (repository / "old name.txt").read_text()
    (repository / "old name.txt").unlink()
    (repository / "new: name.txt").write_text(text.replace("line 7\n", "line seven\n"))
    commit(repository)
    (file,) = (await list_files(repository)).values()
    assert (file["path"], file["status"], file["additions"], file["deletions"]) == ("new: name.txt", "R", 1, 1)
    assert "rename from old name.txt\n" in file["patch"]
    assert "+line seven\n" in file["patch"]
    assert "-line 8" not in file["patch"]


async def test_unusual_files_are_submitted(repository: Path) -> None:
    (repository / "picture.png").write_bytes(bytes(range(256)) * 40)
    (repository / "latin.txt").write_bytes(b"caf\xe9\n")
    (repository / "\N{SNOWMAN} t\tab.txt").write_text("x\n")
    (repository / "end.txt").write_text("same\n")
    (repository / "run.sh").chmod(0o755)
    (repository / "huge.txt").write_text("line\n" * 20_000)
    commit(repository)
    files = await list_files(repository)
    assert "Binary files /dev/null and b/picture.png differ" in files["picture.png"]["patch"]
    assert "+caf\N{REPLACEMENT CHARACTER}\n" in files["latin.txt"]["patch"]
    assert files["\N{SNOWMAN} t\\x09ab.txt"]["additions"] == 1
    assert "\\ No newline at end of file" in files["end.txt"]["patch"]
    assert "new mode 100755" in files["run.sh"]["patch"]
    assert (files["huge.txt"]["additions"], files["huge.txt"]["patch"], files["huge.txt"]["truncated"]) == (
        20_000,
        "",
        True,
    )
    assert MAX_CHANGED_LINES < 20_000


async def test_change_list_of_a_megabyte_is_complete(repository: Path) -> None:
    """A truncated list would be parsed from the middle of a name."""
    directory = repository / ("d" * 200) / ("e" * 200)
    directory.mkdir(parents=True)
    for number in range(3000):
        (directory / f"{number:04}").write_text("x\n")
    commit(repository)
    files = await read_changed_files(repository, "HEAD~1", "HEAD")
    assert len(files) == MAX_FILES
    assert {(file["status"], file["additions"], file["deletions"]) for file in files} == {("A", 1, 0)}
    assert files[0]["path"] == f"{'d' * 200}/{'e' * 200}/0000"


async def test_list_beyond_its_limit_is_an_error(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / ("f" * 100)).write_text("x\n")
    commit(repository)
    monkeypatch.setattr(subprocesses, "MAX_LIST_BYTES", 50)
    with pytest.raises(subprocesses.CommandError, match="over 50 bytes"):
        await read_changed_files(repository, "HEAD~1", "HEAD")
