"""The demo's agents: they use only the SDK and report their observations as JSON lines on standard output."""

from __future__ import annotations

from collections.abc import Mapping

from ..participants import Participants
from .base import DemoAgent
from .talkers import Coordinator, Observer, Researcher, Reviewer, Translator, Writer
from .workers import CrashingTransformer, Extractor, Loader, Transformer

__all__ = ["AGENT_CLASSES", "DemoAgent", "create_agent"]

AGENT_CLASSES: Mapping[str, type[DemoAgent]] = {
    "Coordinator": Coordinator,
    "ResearcherA": Researcher,
    "ResearcherB": Researcher,
    "Writer": Writer,
    "Reviewer": Reviewer,
    "Translator": Translator,
    "Observer": Observer,
    "Extractor": Extractor,
    "TransformerA": CrashingTransformer,
    "TransformerB": Transformer,
    "TransformerC": Transformer,
    "Loader": Loader,
}


def create_agent(role: str, mark: str, after: int = 0) -> DemoAgent:
    """Create the agent of a role. mark: suffix of all names of a run."""
    return AGENT_CLASSES[role](Participants(mark), role, after)
