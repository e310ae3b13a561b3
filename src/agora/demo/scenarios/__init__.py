"""The scenarios: expectations, in the order in which they are checked.

Each expectation is a function that triggers an action and returns the observation. It raises ExpectationFailed if the
observation differs from the expectation, and ExpectationSkipped if it cannot be shown here. In order: messages
(:mod:`.talk`), tasks (:mod:`.pipeline`, :mod:`.proof`), instances and their bills (:mod:`.hosting`, :mod:`.survival`),
shutdown (:mod:`.shutdown`).
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
