"""Workarounds for Gemini CLI: sessions are preserved, and missing tools are explained."""

from __future__ import annotations

from pathlib import Path

from agora.worker.gemini import compute_reopen_delay, describe_missing_tools, remove_empty_session_files

SESSION = "cbfb1ab1-7b15-45fb-b7bc-f94d908431f0"
BEGINNING = 1_795_546_675.0  # 2026-11-24T18:57:55Z


def test_session_is_not_reopened_in_the_minute_of_its_start(tmp_path: Path) -> None:
    chats = tmp_path / ".gemini/tmp/api/chats"
    chats.mkdir(parents=True)
    (chats / "session-2026-11-24T18-57-cbfb1ab1.jsonl").touch()
    environment = {"HOME": str(tmp_path)}
    assert compute_reopen_delay(SESSION, environment, BEGINNING) == 5.0
    assert compute_reopen_delay(SESSION, environment, BEGINNING + 5) == 0.0
    assert compute_reopen_delay(SESSION, environment, BEGINNING - 60) == 0.0
    assert compute_reopen_delay("another-session", environment, BEGINNING) == 0.0


def test_files_that_would_destroy_a_session_are_removed(tmp_path: Path) -> None:
    chats = tmp_path / ".gemini/tmp/api/chats"
    chats.mkdir(parents=True)
    names = [
        f"session-2026-11-24T18-{minute}-{short}.jsonl"
        for minute, short in ((57, "cbfb1ab1"), (58, "cbfb1ab1"), (58, "0"))
    ]
    for name in names:
        (chats / name).touch()
    remove_empty_session_files(SESSION, {"HOME": str(tmp_path)})
    assert sorted(path.name for path in chats.iterdir()) == sorted([names[0], names[2]])


def test_missing_trust_of_the_directory_is_reported() -> None:
    hint = describe_missing_tools({})
    assert hint is not None
    assert "GEMINI_CLI_TRUST_WORKSPACE=true" in hint
    assert describe_missing_tools({"GEMINI_CLI_TRUST_WORKSPACE": "true"}) is None
