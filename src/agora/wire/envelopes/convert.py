"""Conversions between the stored message and each view, and thus between any two views."""

from __future__ import annotations

from collections.abc import Mapping

from . import lossless
from .a2a import A2AView
from .agentify import AgentifyView
from .bus import BusView
from .lossless import Document, View

__all__ = [
    "VIEW_BY_NAME",
    "convert_document",
    "convert_to_agentify_envelope",
    "convert_to_bus_entry",
    "embed_document",
]

AGENTIFY, BUS = AgentifyView(), BusView()
VIEW_BY_NAME: Mapping[str, View] = {view.name: view for view in (AGENTIFY, A2AView(), BUS)}
MESSAGE_VIEW = "message"


def convert_to_agentify_envelope(message: Document) -> Document:
    """Convert a stored message to an envelope of the agent protocol."""
    return lossless.convert_message_to_document(AGENTIFY, message)


def convert_to_bus_entry(message: Document) -> Document:
    """Convert a stored message to an entry of the agent bus."""
    return lossless.convert_message_to_document(BUS, message)


def embed_document(view: str, message: Document, document: Document) -> Document:
    """Embed a document of a view in a message with these fields; members without a field go into metadata.

    For messages whose id, sender and time the server has set: the document keeps what its author wrote.
    """
    return lossless.embed_section(VIEW_BY_NAME[view], message, document)


def convert_document(document: Document, source: str, target: str, *, is_slot_trusted: bool = True) -> Document:
    """Convert a document between views (message, agentify, a2a, bus)."""
    message = (
        document
        if source == MESSAGE_VIEW
        else lossless.convert_document_to_message(VIEW_BY_NAME[source], document, is_slot_trusted=is_slot_trusted)
    )
    return message if target == MESSAGE_VIEW else lossless.convert_message_to_document(VIEW_BY_NAME[target], message)
