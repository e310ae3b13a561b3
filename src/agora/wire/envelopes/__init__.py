"""Envelopes: the four views of a stored message, and conversions between them.

=========  =================================================================================================
view       form
=========  =================================================================================================
message    the marketplace's message, as stored: ``content`` is text, or a JSON object as text
agentify   the agent protocol's envelope: type, sender, to[], intent, payload, correlation ...
a2a        an A2A 1.0 message: messageId, contextId, role, parts
bus        an entry of the agent bus: message_id, sender, target, type, priority, content
=========  =================================================================================================

Conversions are lossless in any order and back. Content without a field in the message is stored in a section of its
``metadata`` named after the view; content without a field in a view is stored in the view's **slot**: ``agora``, in A2A
within the metadata; on the bus ``extensions``. Neither is trusted in external documents: documents of other programs
are read with ``is_slot_trusted=False``.

Pure functions between documents: no I/O, no time, no generated ids.
"""

from __future__ import annotations

from .convert import (
    VIEW_BY_NAME,
    convert_document,
    convert_to_agentify_envelope,
    convert_to_bus_entry,
    embed_document,
)
from .lossless import AGORA_KEY, SECTIONS, Document, View
from .stored import decode_message_data, render_data_as_text

__all__ = [
    "AGORA_KEY",
    "SECTIONS",
    "VIEW_BY_NAME",
    "Document",
    "View",
    "convert_document",
    "convert_to_agentify_envelope",
    "convert_to_bus_entry",
    "decode_message_data",
    "embed_document",
    "render_data_as_text",
]
