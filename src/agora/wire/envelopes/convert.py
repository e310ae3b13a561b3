"""Conversions between the stored message and each view, and thus between any two views."""

from __future__ import annotations

from collections.abc import Mapping

from . import lossless
from .a2a import A2A
from .agentify import Agentify
from .bus import Bus
from .lossless import Document, View

__all__ = [
    "VIEWS",
    "convert_document",
    "embed_document",
    "from_a2a",
    "from_agentify",
    "from_bus",
    "to_a2a",
    "to_agentify",
    "to_bus",
]

AGENTIFY, _A2A, BUS = Agentify(), A2A(), Bus()
VIEWS: Mapping[str, View] = {view.name: view for view in (AGENTIFY, _A2A, BUS)}
MESSAGE = "message"


def to_agentify(message: Document) -> Document:
    """Convert a stored message to an envelope of the agent protocol."""
    return lossless.write_document(AGENTIFY, message)


def from_agentify(envelope: Document, *, ours: bool = True) -> Document:
    """Convert an envelope of the agent protocol to a message."""
    return lossless.read_document(AGENTIFY, envelope, ours=ours)


def to_a2a(message: Document) -> Document:
    """Convert a stored message to an A2A 1.0 message."""
    return lossless.write_document(_A2A, message)


def from_a2a(message: Document, *, ours: bool = True) -> Document:
    """Convert an A2A 1.0 message to a stored message."""
    return lossless.read_document(_A2A, message, ours=ours)


def to_bus(message: Document) -> Document:
    """Convert a stored message to an entry of the agent bus."""
    return lossless.write_document(BUS, message)


def from_bus(entry: Document, *, ours: bool = True) -> Document:
    """Convert an entry of the agent bus to a message."""
    return lossless.read_document(BUS, entry, ours=ours)


def embed_document(view: str, message: Document, document: Document) -> Document:
    """Embed a document of a view in a message with these fields; members without a field go into metadata.

    For messages whose id, sender and time the server has set: the document keeps what its author wrote.
    """
    return lossless.embed_section(VIEWS[view], message, document)


def convert_document(document: Document, source: str, target: str, *, ours: bool = True) -> Document:
    """Convert a document between views (message, agentify, a2a, bus)."""
    message = document if source == MESSAGE else lossless.read_document(VIEWS[source], document, ours=ours)
    return message if target == MESSAGE else lossless.write_document(VIEWS[target], message)
