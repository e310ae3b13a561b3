"""Digests of sources at commits of repositories."""

from __future__ import annotations

from pathlib import Path

from agora.runtimes.builds.cache import CommitDigests
from agora.runtimes.spec import Git

SOURCE = Git("https://git.example.test/agents.git")
COMMIT = "a" * 40


def test_digest_of_a_commit_is_found(tmp_path: Path) -> None:
    digests = CommitDigests(tmp_path)
    assert digests.find_digest(SOURCE, COMMIT) is None
    digests.store_digest(SOURCE, COMMIT, "d1")
    assert digests.find_digest(SOURCE, COMMIT) == "d1"
    assert digests.find_digest(SOURCE, "b" * 40) is None


def test_file_in_another_format_is_an_unknown_commit(tmp_path: Path) -> None:
    """The Docker engine of earlier releases stored the digest alone; the source is fetched again."""
    digests = CommitDigests(tmp_path)
    digests.store_digest(SOURCE, COMMIT, "d1")
    [file] = tmp_path.iterdir()
    for text in ("d1", "12"):
        file.write_text(text)
        assert digests.find_digest(SOURCE, COMMIT) is None
