"""Limits for the definitions of an upstream: size, depth, hidden characters, external references."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

__all__ = ["INVISIBLE_CHARACTERS", "DefinitionBudget", "find_definition_error"]

MAX_DEFINITION_BYTES = 65_536  # bytes per definition
MAX_DEFINITION_NODES = 3000  # objects and lists per definition; validators visit each
MAX_DEPTH = 64  # maximum nesting depth of objects and lists
MAX_UNSORTABLE_ITEMS = 500  # unsortable items per list: checking their uniqueness takes quadratic time
#: characters invisible to a reader: control characters, bidirectional overrides, tags and variation selectors
INVISIBLE_CHARACTERS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2061-\u2064\u2066-\u2069\ufff9-\ufffb"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)


@dataclass(slots=True)
class DefinitionBudget:
    """Remaining size for all definitions of one upstream together."""

    size: int = 4 * 1024 * 1024
    parts: int = 50_000

    def deduct_or_explain_excess(self, definition: Mapping[str, Any]) -> str | None:
        """Subtract a definition. Returns the reason if it does not fit."""
        size, parts = measure_json_bytes(definition), count_json_containers(definition)
        if size > self.size or parts > self.parts:
            return "the preceding definitions use up the size limit of one upstream"
        self.size -= size
        self.parts -= parts
        return None


def measure_json_bytes(definition: Mapping[str, Any]) -> int:
    """Measure the size as JSON in bytes; more than the maximum if it is not serializable."""
    try:
        return len(to_json(definition))
    except (ValueError, RecursionError):
        return MAX_DEFINITION_BYTES + 1


def count_json_containers(value: Any) -> int:
    """Count the objects and lists of a value."""
    return sum(isinstance(part, dict | list) for part, _ in _walk_values(value))


def find_definition_error(definition: Mapping[str, Any]) -> str | None:
    """Reason for rejecting a definition without parsing it; None if there is none."""
    if measure_json_bytes(definition) > MAX_DEFINITION_BYTES:
        return f"its definition is larger than {MAX_DEFINITION_BYTES} bytes"
    if count_json_containers(definition) > MAX_DEFINITION_NODES:
        return f"its definition has more than {MAX_DEFINITION_NODES} parts"
    for part, depth in _walk_values(definition):
        if depth > MAX_DEPTH:
            return "its definition is nested too deeply"
        if isinstance(part, str) and (match := INVISIBLE_CHARACTERS.search(part)):
            return f"its definition has invisible characters, such as U+{ord(match[0]):04X}"
        if isinstance(part, list) and len(part) > MAX_UNSORTABLE_ITEMS and not _is_sortable(part):
            return f"its definition has a list of more than {MAX_UNSORTABLE_ITEMS} different things"
        if isinstance(part, dict) and (reference := _find_external_reference(part)):
            return f"its definition refers to an external document: {reference[:100]}"
    return None


def _is_sortable(values: list[Any]) -> bool:
    # Lists of one sortable type are checked for duplicates by sorting; bool is another type than int here.
    kinds = {type(thing) for thing in values}
    return kinds <= {int, float} or kinds == {str}


def _find_external_reference(part: Mapping[str, Any]) -> str | None:
    """Find a reference to an external schema; following it could reach any address."""
    for name in ("$ref", "$dynamicRef", "$recursiveRef"):
        target = part.get(name)
        if isinstance(target, str) and not target.startswith("#"):
            return target
    return None


def _walk_values(value: Any) -> Iterator[tuple[Any, int]]:
    """Iterate over all nested values and keys with their depth."""
    pending_values = [(value, 0)]
    while pending_values:
        part, depth = pending_values.pop()
        yield part, depth
        if isinstance(part, dict):
            pending_values += [(each, depth + 1) for pair in part.items() for each in pair]
        elif isinstance(part, list):
            pending_values += [(each, depth + 1) for each in part]
