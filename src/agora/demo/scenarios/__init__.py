"""The plot: what is expected, in the order in which it happens.

Each expectation is a function that brings something about, answers what was observed, and raises Missing
where that is not what was expected, or Skipped where it cannot be shown. The acts: agents talk (:mod:`.talk`), agents
work (:mod:`.pipeline`, :mod:`.proof`), and leave (:mod:`.departure`); the marketplace runs agents itself, as instances
that are billed (:mod:`.hosting`, :mod:`.survival`).
"""

from __future__ import annotations

from .base import DemoRun, Expectation
from .hosting import HOSTING, end_hosting
from .pipeline import PIPELINE
from .proof import PROOF
from .shutdown import SHUTDOWN, remove_agents
from .survival import SURVIVAL
from .talk import TALK

__all__ = ["SCENARIOS", "DemoRun", "Expectation", "end_hosting", "remove_agents"]

SCENARIOS: list[Expectation] = [*TALK, *PIPELINE, *PROOF, *SHUTDOWN, *HOSTING, *SURVIVAL]
