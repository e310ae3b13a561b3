"""Starting point of a job that rewinds or forks an earlier one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agora_sdk import PermanentFailure

__all__ = ["StartingPoint"]

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
EARLIER_CONVERSATION_PROMPT = (
    "This continues an earlier conversation. Its transcript:\n\n{transcript}\n\n---\n\n{prompt}"
)


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """The turn that a job starts at. is_fork: on its own branch. is_last: no prompt follows the rewinding."""

    number: int
    commit: str
    what: str
    transcript: str
    is_fork: bool
    is_last: bool

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> StartingPoint | None:
        """Parse a payload; None for a job without a starting point. Raises PermanentFailure."""
        kind = next((kind for kind in ("fork", "rewind") if kind in payload), None)
        if kind is None:
            return None
        values = payload[kind] if isinstance(payload[kind], dict) else {}
        commit, what, number = str(values.get("commit") or ""), str(values.get("what")), values.get("number")
        # It becomes an argument of git: anything but a full id could be an option or another reference.
        if not COMMIT.fullmatch(commit) and not (kind == "rewind" and what == "conversation"):
            raise PermanentFailure(f"The payload's {kind!r} names no commit.")
        transcript = str(values.get("transcript") or "")
        return cls(
            number if isinstance(number, int) else 0,
            commit,
            what,
            transcript,
            kind == "fork",
            values.get("is_last") is True,
        )

    @property
    def begins_session(self) -> bool:
        """Whether the agent needs a new session."""
        return self.what != "files"

    def build_prompt(self, prompt: str) -> str:
        """Build the prompt for the new session."""
        if not self.transcript:
            return prompt
        # quoted, to separate it from the instructions
        quoted = "\n".join(f"> {line}" for line in self.transcript.splitlines())
        return EARLIER_CONVERSATION_PROMPT.format(transcript=quoted, prompt=prompt)
