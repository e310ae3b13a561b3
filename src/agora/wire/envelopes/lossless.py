"""Lossless conversion: content lost by a plain conversion is stored beside the result, so that the round trip is exact.

A :class:`View` defines the plain conversion between a document and a message. Both directions lose content:

* reading: the content that a message cannot represent is the difference between the document and the document written
  from the message. It becomes the view's section of the message's metadata.
* writing: the content that a document cannot represent is the difference between the message and the message read from
  the document. It becomes the document's slot.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

__all__ = [
    "AGORA_KEY",
    "EMPTY_KEY",
    "SECTIONS",
    "Document",
    "View",
    "apply_difference",
    "convert_document_to_message",
    "convert_message_to_document",
    "diff_documents",
    "embed_section",
]

Document = dict[str, Any]

AGORA_KEY = "agora"  #: member of a document for content without a field
SECTIONS = frozenset({"agentify", "a2a", "bus"})  #: members of a message's metadata for content without a field
# A document may have a member of this very name: diff_documents then moves its value into the mark.
PLACEHOLDER = "-"
EARLIER_SLOT_KEY = "kept"  #: member of the slot: the document's own value in its place
EMPTY_KEY = "empty"  #: member of the slot: its containers that were present and empty


class View(Protocol):
    """A kind of document. ``convert_to_message`` and ``convert_from_message`` may lose content; they ignore sections and slot."""

    name: str

    def convert_to_message(self, document: Document, /) -> Document:
        """Convert a document to a message without section."""

    def convert_from_message(self, message: Document, /) -> Document:
        """Convert a message to a document without slot."""

    def insert_slot(self, document: Document, slot: Any, /) -> Document:
        """Insert a slot into a document."""

    def extract_slot(self, document: Document, /) -> tuple[Any, Document]:
        """Extract the slot, None without one, and the document without it."""


def _is_same_json(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: 1 is neither 1.0 nor true."""
    # Python compares 1, 1.0 and True as equal, which a reader of the JSON can tell apart.
    return one is other or (one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


def diff_documents(source: Document, target: Document) -> Document:
    """Compute the difference between two objects: members to set, and under PLACEHOLDER the members to remove."""
    change = {
        name: value for name, value in target.items() if name not in source or not _is_same_json(source[name], value)
    }
    dropped = [name for name in source if name not in target]
    if dropped or PLACEHOLDER in change:
        change[PLACEHOLDER] = {"drop": dropped} | ({"value": change[PLACEHOLDER]} if PLACEHOLDER in change else {})
    return change


def apply_difference(change: Document, source: Document) -> Document:
    """Apply a difference to an object. Raises ValueError if it is invalid."""
    mark = change.get(PLACEHOLDER, {})
    if not isinstance(mark, dict) or not isinstance(dropped := mark.get("drop", []), list):
        raise ValueError("not a difference")
    result = {
        name: value for name, value in {**source, **change}.items() if name not in dropped and name != PLACEHOLDER
    }
    return result | ({PLACEHOLDER: mark["value"]} if "value" in mark else {})


def convert_document_to_message(view: View, document: Document, *, is_slot_trusted: bool = True) -> Document:
    """Convert a document to a message.

    is_slot_trusted: whether its slot was written by this server. Otherwise the slot is ordinary content.
    """
    slot, remainder = view.extract_slot(document)
    if is_slot_trusted and isinstance(slot, dict):
        try:
            message = _insert_section_slot(view, slot, remainder)
            # The slot is used only if the round trip is exact: one that was edited on the way is read as ordinary content.
            if _is_same_json(convert_message_to_document(view, message), document):
                return message
        except (ValueError, TypeError, AttributeError, KeyError):
            pass  # not a valid slot
    return embed_section(view, view.convert_to_message(document), document)


def _insert_section_slot(view: View, slot: Document, rest: Document) -> Document:
    change = dict(slot)
    if EARLIER_SLOT_KEY in change:
        rest = view.insert_slot(rest, change.pop(EARLIER_SLOT_KEY))
    message = apply_difference(change, view.convert_to_message(rest))
    if not message.keys().isdisjoint((PLACEHOLDER, EARLIER_SLOT_KEY, EMPTY_KEY)):
        raise ValueError("not fields of a message")
    if view.name in (message.get("metadata") or {}):
        return message
    return embed_section(view, message, rest)


def embed_section(view: View, message: Document, document: Document) -> Document:
    """Add the section to a message that restores exactly this document of the view."""
    section = diff_documents(view.convert_from_message(message), document)
    return {**message, "metadata": {**(message.get("metadata") or {}), view.name: section}} if section else message


def convert_message_to_document(view: View, message: Document) -> Document:
    """Convert a message to a document."""
    section, plain_message = _split_section(view, message)
    if section is not None:
        try:
            return _write_with_section(view, message, plain_message, section)
        except (ValueError, TypeError, AttributeError, KeyError):
            pass  # not a valid section
    document = view.convert_from_message(plain_message)
    missing_members = diff_documents(view.convert_to_message(document), message)
    return view.insert_slot(document, missing_members) if missing_members else document


def _write_with_section(view: View, message: Document, plain_message: Document, section: Document) -> Document:
    """Convert a message with a section to a document. Raises ValueError if the conversion is not reversible."""
    document = apply_difference(section, view.convert_from_message(plain_message))
    embedded = embed_section(view, plain_message, document)
    missing_members = diff_documents(
        view.convert_to_message(document), plain_message if _is_same_json(embedded, message) else message
    )
    if not missing_members:
        return document
    earlier_slot, remainder = view.extract_slot(document)
    document = view.insert_slot(
        remainder, missing_members if earlier_slot is None else missing_members | {EARLIER_SLOT_KEY: earlier_slot}
    )
    slot, remainder = view.extract_slot(document)
    if not isinstance(slot, dict) or not _is_same_json(_insert_section_slot(view, slot, remainder), message):
        raise ValueError("not a section")
    return document


def _split_section(view: View, message: Document) -> tuple[Any, Document]:
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get(view.name), dict):
        return None, message
    return metadata[view.name], {
        **message,
        "metadata": {name: value for name, value in metadata.items() if name != view.name},
    }
