"""Participants: the roles of the demo and all names of one run.

Every name contains the mark of the run, so that two demos can share a server.
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

#: Capabilities by role; other agents and tasks find it by them.
SKILLS: Mapping[str, tuple[str, ...]] = {**_TALK, **_WORK}
ROLES = tuple(SKILLS)
TALKERS = tuple(_TALK)  #: roles of the first act
WORKERS = tuple(_WORK)  #: roles of the second act
TRANSFORMERS = tuple(role for role in WORKERS if "transform" in SKILLS[role])
KILLED_ROLE = TRANSFORMERS[0]  #: the agent that is killed while it works


@dataclass(frozen=True, slots=True)
class Participants:
    """The names of one run."""

    mark: str = field(default_factory=lambda: secrets.token_hex(3))

    @property
    def membership(self) -> str:
        """Capability of all agents of the run, and of no other agent."""
        return f"demo-{self.mark}"

    @property
    def pipeline(self) -> str:
        """Name of the workflow."""
        return f"sales-{self.mark}"

    def name(self, role: str) -> str:
        """Build the name under which a role registers."""
        return f"{role}-{self.mark}"

    def role(self, name: str) -> str:
        """Return the role of a name; names of other agents are returned unchanged."""
        return name.removesuffix(f"-{self.mark}")

    def capability_name(self, word: str) -> str:
        """Build the name of a capability, which is also the type of tasks that require it."""
        return f"{word}-{self.mark}"

    def event_type(self, word: str) -> str:
        """Build the type of an event of the agents; ``*`` makes a pattern for all of them."""
        return f"demo.{self.mark}.{word}"

    def capabilities(self, role: str) -> list[str]:
        """Return the capabilities of a role."""
        return [self.membership, *map(self.capability_name, SKILLS[role])]
