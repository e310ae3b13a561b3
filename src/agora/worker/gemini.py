"""Deviations of Gemini CLI (0.61) from the protocol, found in its source and by observation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["NAME", "TRUST_VARIABLE", "compute_reopen_delay", "describe_missing_tools", "remove_empty_session_files"]

NAME = "gemini-cli"  #: as reported in ``initialize``
TRUST_VARIABLE = "GEMINI_CLI_TRUST_WORKSPACE"


def compute_reopen_delay(session_id: str, environment: Mapping[str, str], now: float) -> float:
    """Return how long to wait before reopening a session, so that its file is not truncated.

    The name of a session's file contains the minute in which the session began. ``session/load`` truncates the file of
    the current minute before it reads the session: within its first minute, a session would be erased.
    """
    minute = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H-%M")
    # Only if a file of this minute exists: the wait is rarely needed.
    return 60 - now % 60 if _list_session_files(session_id, environment, minute) else 0.0


def remove_empty_session_files(session_id: str, environment: Mapping[str, str]) -> None:
    """Remove the empty files that ``session/load`` has created for a session beside the oldest one, which it continues.

    At its next start Gemini CLI removes sessions without messages, and for such a file also the file of the same id
    that has the conversation.
    """
    for path in _list_session_files(session_id, environment)[1:]:
        path.unlink(missing_ok=True)


def _list_session_files(session_id: str, environment: Mapping[str, str], minute: str = "*") -> list[Path]:
    """List the files of a session, oldest first. minute: restricts them to files begun then."""
    home = Path(environment.get("HOME") or Path.home())
    return sorted(home.glob(f".gemini/tmp/*/chats/session-{minute}-{session_id[:8]}.jsonl"))


def describe_missing_tools(environment: Mapping[str, str]) -> str | None:
    """Return why the agent may ignore the marketplace's tools; None if it will use them.

    It starts no MCP servers in an untrusted directory, and a job's worktree is new. The worker does not trust it on its
    owner's behalf: Gemini CLI also obeys the settings of a trusted repository.
    """
    if environment.get(TRUST_VARIABLE) == "true":
        return None
    return f"Gemini CLI uses them in trusted directories only; {TRUST_VARIABLE}=true in the worker's environment trusts all"
