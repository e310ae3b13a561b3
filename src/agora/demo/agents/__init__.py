"""The cast: agents that use nothing but the SDK, and report what they observed as JSON lines on standard output."""

from __future__ import annotations

from collections.abc import Mapping

from ..participants import Troupe
from .base import Player
from .talkers import Coordinator, Observer, Researcher, Reviewer, Translator, Writer
from .workers import Extractor, Loader, Mortal, Transformer

__all__ = ["PARTS", "Player", "player"]

PARTS: Mapping[str, type[Player]] = {
    "Coordinator": Coordinator,
    "ResearcherA": Researcher,
    "ResearcherB": Researcher,
    "Writer": Writer,
    "Reviewer": Reviewer,
    "Translator": Translator,
    "Observer": Observer,
    "Extractor": Extractor,
    "TransformerA": Mortal,
    "TransformerB": Transformer,
    "TransformerC": Transformer,
    "Loader": Loader,
}


def player(role: str, mark: str, after: int = 0) -> Player:
    """The agent that plays a role in the run of that mark."""
    return PARTS[role](Troupe(mark), role, after)
