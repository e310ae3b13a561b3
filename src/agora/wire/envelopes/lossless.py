"""Exactness: what a plain conversion leaves out is written down beside it, so that the way back is exact.

A :class:`View` says in plain words what of a document is what of a message. Both directions lose something:

* reading: what the document says and the message cannot is the difference between the document and what would be
  written of the message. It becomes the view's section of the message's metadata.
* writing: what the message says and the document cannot is the difference between the message and what would be read of
  the document. It becomes the document's slot.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

__all__ = [
    "EMPTY",
    "SECTIONS",
    "SLOT",
    "Document",
    "View",
    "apply_difference",
    "diff_documents",
    "embed_section",
    "read_document",
    "write_document",
]

Document = dict[str, Any]

SLOT = "agora"  #: where a document has what its kind has no field for
SECTIONS = frozenset({"agentify", "a2a", "bus"})  #: where a message's metadata has what messages have no field for
MARK = "-"
KEPT = "kept"  #: in the slot: what the document itself says there
EMPTY = "empty"  #: in the slot: what is around it was there and empty


class View(Protocol):
    """A kind of document. ``read`` and ``write`` may leave things out; they ignore sections and slot."""

    name: str

    def read(self, document: Document, /) -> Document:
        """The message that a document plainly is."""

    def write(self, message: Document, /) -> Document:
        """The document that a message plainly is."""

    def insert_slot(self, document: Document, slot: Any, /) -> Document:
        """A document with a slot."""

    def extract_slot(self, document: Document, /) -> tuple[Any, Document]:
        """The slot, None without one, and the document without it."""


def _is_same_json(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: 1 is neither 1.0 nor true."""
    return one is other or (one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


def diff_documents(source: Document, target: Document) -> Document:
    """The difference between two objects: members to set, and under MARK the members to remove."""
    change = {
        name: value for name, value in target.items() if name not in source or not _is_same_json(source[name], value)
    }
    dropped = [name for name in source if name not in target]
    if dropped or MARK in change:
        change[MARK] = {"drop": dropped} | ({"value": change[MARK]} if MARK in change else {})
    return change


def apply_difference(change: Document, source: Document) -> Document:
    """An object with a difference made to it; ValueError for what is no difference."""
    mark = change.get(MARK, {})
    if not isinstance(mark, dict) or not isinstance(dropped := mark.get("drop", []), list):
        raise ValueError("not a difference")
    result = {name: value for name, value in {**source, **change}.items() if name not in dropped and name != MARK}
    return result | ({MARK: mark["value"]} if "value" in mark else {})


def read_document(view: View, document: Document, *, ours: bool = True) -> Document:
    """The message of a document.

    ours: whether its slot was written here. Otherwise it is something the document says, like anything else.
    """
    slot, remainder = view.extract_slot(document)
    if ours and isinstance(slot, dict):
        try:
            message = _insert_section_slot(view, slot, remainder)
            if _is_same_json(write_document(view, message), document):
                return message
        except (ValueError, TypeError, AttributeError, KeyError):
            pass  # it only looks like a slot
    return embed_section(view, view.read(document), document)


def _insert_section_slot(view: View, slot: Document, rest: Document) -> Document:
    change = dict(slot)
    if KEPT in change:
        rest = view.insert_slot(rest, change.pop(KEPT))
    message = apply_difference(change, view.read(rest))
    if not message.keys().isdisjoint((MARK, KEPT, EMPTY)):
        raise ValueError("not fields of a message")
    if view.name in (message.get("metadata") or {}):
        return message
    return embed_section(view, message, rest)


def embed_section(view: View, message: Document, document: Document) -> Document:
    """A message with the section by which it is exactly that document of the view."""
    section = diff_documents(view.write(message), document)
    return {**message, "metadata": {**(message.get("metadata") or {}), view.name: section}} if section else message


def write_document(view: View, message: Document) -> Document:
    """The document of a message."""
    section, bare = _split_section(view, message)
    if section is not None:
        try:
            return _write_with_section(view, message, bare, section)
        except (ValueError, TypeError, AttributeError, KeyError):
            pass  # it only looks like a section
    document = view.write(bare)
    unsaid = diff_documents(view.read(document), message)
    return view.insert_slot(document, unsaid) if unsaid else document


def _write_with_section(view: View, message: Document, bare: Document, section: Document) -> Document:
    """The document of a message with a section; ValueError if that does not lead back."""
    document = apply_difference(section, view.write(bare))
    embedded = embed_section(view, bare, document)
    unsaid = diff_documents(view.read(document), bare if _is_same_json(embedded, message) else message)
    if not unsaid:
        return document
    earlier_slot, remainder = view.extract_slot(document)
    document = view.insert_slot(remainder, unsaid if earlier_slot is None else unsaid | {KEPT: earlier_slot})
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
