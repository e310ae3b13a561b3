"""Where a job begins that rewinds or forks an earlier one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agora_sdk import PermanentFailure

__all__ = ["StartingPoint"]

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
EARLIER = (
    "This goes on from an earlier conversation, of which this is the transcript:\n\n{transcript}\n\n---\n\n{prompt}"
)


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """The turn that a job begins at. is_fork: on a branch of its own. is_last: nothing is said after rewinding."""

    number: int
    commit: str
    what: str
    transcript: str
    is_fork: bool
    is_last: bool

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> StartingPoint | None:
        """What a payload says; None for a job that begins as usual. Raises PermanentFailure."""
        kind = next((kind for kind in ("fork", "rewind") if kind in payload), None)
        if kind is None:
            return None
        values = payload[kind] if isinstance(payload[kind], dict) else {}
        commit, what, number = str(values.get("commit") or ""), str(values.get("what")), values.get("number")
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
        """Whether the agent's session is a fresh one."""
        return self.what != "files"

    def build_prompt(self, prompt: str) -> str:
        """What the agent is told in the fresh session."""
        if not self.transcript:
            return prompt
        quoted = "\n".join(f"> {line}" for line in self.transcript.splitlines())  # told apart from what is to be done
        return EARLIER.format(transcript=quoted, prompt=prompt)
