"""State of a job in its task's checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .transcript import Usage

__all__ = ["JobState"]


@dataclass(slots=True)
class JobState:
    """Progress of a job, stored in its checkpoint.

    session_id: of the agent's session. seen: number of the last log entry of the requester that was given to the agent.
    is_prompted: whether the prompt was sent; is_answered: whether its turn ended. asked: the permission that the job
    waits for. messages: messages of the session reported by this job. follow_up: number of the last taken follow-up, as
    the server counts them. was_rewound: whether the files were restored to the job's starting point. refusal: refused
    permission that the agent has yet to be told of; refusals: turns ended by the agent because of one. model_tokens:
    input and output tokens of the job by model. turns: number of the last recorded turn, of any worker. check: exit
    code of the last run of the repository's check.
    """

    session_id: str | None = None
    agent: str | None = None
    workplace: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0
    is_prompted: bool = False
    is_answered: bool = False
    was_sent_back: bool = False
    asked: Mapping[str, Any] | None = None
    text: str = ""
    messages: int = 0
    follow_up: int = 0
    was_rewound: bool = False
    refusal: str = ""
    refusals: int = 0
    turns: int = 0
    check: int | None = None
    usage: Usage = field(default_factory=Usage)
    model_tokens: dict[str, list[int]] = field(default_factory=dict)

    def add_turn(self, model: str, usage: Mapping[str, Any]) -> tuple[int, int]:
        """Add the usage of a prompt's response. Returns the job's input and output tokens of this model alone.

        Otherwise a job that changes its model, or its worker, would pay for all its tokens once per model.
        """
        before = self.usage.input_tokens, self.usage.output_tokens
        self.usage.add_turn(usage)
        totals = self.model_tokens.setdefault(model, [0, 0])
        totals[0] += self.usage.input_tokens - before[0]
        totals[1] += self.usage.output_tokens - before[1]
        return totals[0], totals[1]

    def to_checkpoint(self) -> dict[str, Any]:
        """Serialize as JSON."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {"workplace": dict(self.workplace), "usage": self.usage.to_document()}

    @classmethod
    def from_checkpoint(cls, checkpoint: Mapping[str, Any] | None) -> JobState:
        """Parse a checkpoint; without one, return the state of a new job."""
        # A worker of another release may have written fields that this one does not have.
        fields = {name: value for name, value in (checkpoint or {}).items() if name in cls.__slots__}
        return cls(**fields | {"usage": Usage.from_document(fields.get("usage") or {})})
