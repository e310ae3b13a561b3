"""Envelopes: the four views of one stored message, and the way from any of them to any other.

=========  =================================================================================================
view       what it looks like
=========  =================================================================================================
message    the marketplace's message, as it is stored: ``content`` is a text, or a JSON object as text
agentify   the agent protocol's envelope: type, sender, to[], intent, payload, correlation ...
a2a        an A2A 1.0 message: messageId, contextId, role, parts
bus        an entry of the agent bus: message_id, sender, target, type, priority, content
=========  =================================================================================================

Converting loses nothing, in any order and back. What the message has no field for stays in its ``metadata``, in a
section that is named after the view; what a view has no field for travels in its **slot**: ``agora``, in A2A in the metadata; ``extensions`` on the bus. Neither is to be
believed when it comes from outside: who takes in a document that another program made reads it with ``ours=False``.

Pure: documents in, documents out. Nothing here does I/O, knows the time, or makes ids.
"""

from __future__ import annotations

from .convert import (
    VIEWS,
    convert_document,
    embed_document,
    from_a2a,
    from_agentify,
    from_bus,
    to_a2a,
    to_agentify,
    to_bus,
)
from .lossless import SECTIONS, SLOT, Document, View
from .stored import decode_message_data, encode_message_text

__all__ = [
    "SECTIONS",
    "SLOT",
    "VIEWS",
    "Document",
    "View",
    "convert_document",
    "decode_message_data",
    "embed_document",
    "encode_message_text",
    "from_a2a",
    "from_agentify",
    "from_bus",
    "to_a2a",
    "to_agentify",
    "to_bus",
]
