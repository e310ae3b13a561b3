"""The troupe: who takes part, and what everything is called in one run.

Every name carries the mark of the run, so that two demos can share a server.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ROLES", "SKILLS", "Troupe"]

#: What each role can do, by which the others find it.
SKILLS: Mapping[str, tuple[str, ...]] = {
    "Coordinator": ("coordination",),
    "ResearcherA": ("research",),
    "ResearcherB": ("research",),
    "Writer": ("writing",),
    "Reviewer": ("review",),
    "Translator": ("translation",),
    "Observer": (),
}
ROLES = tuple(SKILLS)


@dataclass(frozen=True, slots=True)
class Troupe:
    """The names of one run."""

    mark: str = field(default_factory=lambda: secrets.token_hex(3))

    @property
    def membership(self) -> str:
        """The capability that all agents of the run have, and nobody else."""
        return f"demo-{self.mark}"

    def name(self, role: str) -> str:
        """The name under which a role registers."""
        return f"{role}-{self.mark}"

    def role(self, name: str) -> str:
        """The role behind a name; others' names stay as they are."""
        return name.removesuffix(f"-{self.mark}")

    def skill(self, word: str) -> str:
        """A capability."""
        return f"{word}-{self.mark}"

    def event(self, word: str) -> str:
        """A type of the agents' own events; ``*`` makes the pattern of all of them."""
        return f"demo.{self.mark}.{word}"

    def capabilities(self, role: str) -> list[str]:
        """What a role registers with."""
        return [self.membership, *map(self.skill, SKILLS[role])]
