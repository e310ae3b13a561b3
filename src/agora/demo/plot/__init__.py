"""The plot: what is expected, in the order in which it happens.

Each expectation is a function that brings something about, answers what was observed, and raises Missing
where that is not what was expected. The acts: agents talk (:mod:`.talk`), agents work (:mod:`.pipeline`,
:mod:`.proof`), and leave (:mod:`.departure`).
"""

from __future__ import annotations

from .departure import DEPARTURE, clear
from .pipeline import PIPELINE
from .play import Expectation, Play
from .proof import PROOF
from .talk import TALK

__all__ = ["PLOT", "Expectation", "Play", "clear"]

PLOT: list[Expectation] = [*TALK, *PIPELINE, *PROOF, *DEPARTURE]
