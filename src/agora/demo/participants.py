"""The troupe: who takes part, and what everything is called in one run.

Every name carries the mark of the run, so that two demos can share a server.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["KILLED_ROLE", "ROLES", "SKILLS", "TALKERS", "TRANSFORMERS", "WORKERS", "Participants"]

_TALK: Mapping[str, tuple[str, ...]] = {
    "Coordinator": ("coordination",),
    "ResearcherA": ("research",),
    "ResearcherB": ("research",),
    "Writer": ("writing",),
    "Reviewer": ("review",),
    "Translator": ("translation",),
    "Observer": (),
}
_WORK: Mapping[str, tuple[str, ...]] = {
    "Extractor": ("extract",),
    "TransformerA": ("transform",),
    "TransformerB": ("transform",),
    "TransformerC": ("transform",),
    "Loader": ("load",),
}

#: What each role can do, by which the others, or tasks, find it.
SKILLS: Mapping[str, tuple[str, ...]] = {**_TALK, **_WORK}
ROLES = tuple(SKILLS)
TALKERS = tuple(_TALK)  #: those of the first act
WORKERS = tuple(_WORK)  #: those of the second
TRANSFORMERS = tuple(role for role in WORKERS if "transform" in SKILLS[role])
KILLED_ROLE = TRANSFORMERS[0]  #: the one that dies at its work


@dataclass(frozen=True, slots=True)
class Participants:
    """The names of one run."""

    mark: str = field(default_factory=lambda: secrets.token_hex(3))

    @property
    def membership(self) -> str:
        """The capability that all agents of the run have, and no other agent."""
        return f"demo-{self.mark}"

    @property
    def pipeline(self) -> str:
        """The name of the workflow."""
        return f"sales-{self.mark}"

    def name(self, role: str) -> str:
        """The name under which a role registers."""
        return f"{role}-{self.mark}"

    def role(self, name: str) -> str:
        """The role behind a name; others' names stay as they are."""
        return name.removesuffix(f"-{self.mark}")

    def capability_name(self, word: str) -> str:
        """A capability, and the type of the tasks that need it."""
        return f"{word}-{self.mark}"

    def event_type(self, word: str) -> str:
        """A type of the agents' own events; ``*`` makes the pattern of all of them."""
        return f"demo.{self.mark}.{word}"

    def capabilities(self, role: str) -> list[str]:
        """What a role registers with."""
        return [self.membership, *map(self.capability_name, SKILLS[role])]
