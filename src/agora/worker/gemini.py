"""What Gemini CLI (0.61) does otherwise than the protocol lets expect, read in its code and seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["NAME", "TRUST_VARIABLE", "describe_missing_tools", "remove_leftovers", "seconds_until_reopenable"]

NAME = "gemini-cli"  #: as it introduces itself
TRUST_VARIABLE = "GEMINI_CLI_TRUST_WORKSPACE"


def seconds_until_reopenable(session_id: str, environment: Mapping[str, str], now: float) -> float:
    """How long to wait before a session is opened again, so that it is still there afterwards.

    The file of a session is named by the minute in which it began. ``session/load`` begins the file of the current minute anew
    before it reads the session: in the minute of its beginning it would empty it.
    """
    minute = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H-%M")
    return 60 - now % 60 if _list_files(session_id, environment, minute) else 0.0


def remove_leftovers(session_id: str, environment: Mapping[str, str]) -> None:
    """Remove the files that ``session/load`` has begun for a session besides the one that it goes on in, the oldest.

    Nothing is said in them. At its next start Gemini CLI removes sessions in which nothing was said, and with such a file the one of
    the same id that has the conversation.
    """
    for path in _list_files(session_id, environment)[1:]:
        path.unlink(missing_ok=True)


def _list_files(session_id: str, environment: Mapping[str, str], minute: str = "*") -> list[Path]:
    """The files of a session, oldest first. minute: of those that were begun then."""
    home = Path(environment.get("HOME") or Path.home())
    return sorted(home.glob(f".gemini/tmp/*/chats/session-{minute}-{session_id[:8]}.jsonl"))


def describe_missing_tools(environment: Mapping[str, str]) -> str | None:
    """Why its agent may see no tools of the marketplace; None if it will see them.

    It starts no MCP servers in a directory that it has not been told to trust, and a job's worktree is a new one. The worker does
    not say so for its owner: Gemini CLI also obeys the settings of a repository that it trusts.
    """
    if environment.get(TRUST_VARIABLE) == "true":
        return None
    return f"Gemini CLI uses them in trusted directories only; {TRUST_VARIABLE}=true in the worker's environment trusts all"
