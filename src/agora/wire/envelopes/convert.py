"""Conversions between the stored message and each view, and thus between any two views."""

from __future__ import annotations

from collections.abc import Mapping

from . import lossless
from .a2a import A2A
from .agentify import Agentify
from .bus import Bus
from .lossless import Document, View

__all__ = [
    "VIEW_BY_NAME",
    "convert_document",
    "embed_document",
    "to_agentify",
    "to_bus",
]

AGENTIFY, BUS = Agentify(), Bus()
VIEW_BY_NAME: Mapping[str, View] = {view.name: view for view in (AGENTIFY, A2A(), BUS)}
MESSAGE_VIEW = "message"


def to_agentify(message: Document) -> Document:
    """Convert a stored message to an envelope of the agent protocol."""
    return lossless.convert_message_to_document(AGENTIFY, message)


def to_bus(message: Document) -> Document:
    """Convert a stored message to an entry of the agent bus."""
    return lossless.convert_message_to_document(BUS, message)


def embed_document(view: str, message: Document, document: Document) -> Document:
    """Embed a document of a view in a message with these fields; members without a field go into metadata.

    For messages whose id, sender and time the server has set: the document keeps what its author wrote.
    """
    return lossless.embed_section(VIEW_BY_NAME[view], message, document)


def convert_document(document: Document, source: str, target: str, *, ours: bool = True) -> Document:
    """Convert a document between views (message, agentify, a2a, bus)."""
    message = (
        document
        if source == MESSAGE_VIEW
        else lossless.convert_document_to_message(VIEW_BY_NAME[source], document, ours=ours)
    )
    return message if target == MESSAGE_VIEW else lossless.convert_message_to_document(VIEW_BY_NAME[target], message)
