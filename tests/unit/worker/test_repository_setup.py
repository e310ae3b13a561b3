"""Set-up scripts of repositories: reading, display, and stored consent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agora.worker.repository_setup import MAX_SETUP_BYTES, SETUP_FILE, SetupConsent, escape_controls, read_setup
from tests.blackbox.coding_worker import create_repository


def create_setup(path: Path, content: bytes) -> Path:
    """Create a repository with that set-up script."""
    (path / SETUP_FILE).parent.mkdir(parents=True)
    (path / SETUP_FILE).write_bytes(content)
    return create_repository(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x" * (MAX_SETUP_BYTES + 1), "longer than"),
        (b"echo \xff", "not UTF-8"),
        (b"echo \0", "null character"),
    ],
)
def test_scripts_invalid_in_a_shell_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_setup(create_setup(tmp_path / "api", content))


def test_script_is_read_from_the_commit(tmp_path: Path) -> None:
    repository = create_setup(tmp_path / "api", b"x" * MAX_SETUP_BYTES)
    (repository / SETUP_FILE).unlink()
    assert read_setup(repository) == "x" * MAX_SETUP_BYTES
    assert read_setup(tmp_path) is None, "no repository"


def test_control_characters_are_shown() -> None:
    assert escape_controls("a\tb\n\x1b[8mrm -rf\r \u202ex\u00e9") == "a\tb\n\\x1b[8mrm -rf\\r \\u202ex\u00e9"


def test_consent_applies_to_one_codebase_and_one_script(tmp_path: Path) -> None:
    first, second = Path("/src/first"), Path("/src/second")
    consent = SetupConsent(tmp_path / "state")
    assert not consent.covers(first, "make")
    consent.grant(first, "make")
    consent.grant(second, "npm ci")
    again = SetupConsent(tmp_path / "state")
    assert again.covers(first, "make")
    assert again.covers(second, "npm ci")
    assert not again.covers(first, "make ")
    assert not again.covers(second, "make")
    file = tmp_path / "state/trusted-setups.json"
    assert file.stat().st_mode & 0o077 == 0
    for damaged in ("{", json.dumps(["make"])):
        file.write_text(damaged)
        assert not consent.covers(first, "make"), "a damaged file is no consent"
