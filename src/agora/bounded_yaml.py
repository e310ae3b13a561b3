"""YAML of bounded size and depth: a small file cannot expand to gigabytes, nor exhaust the interpreter's stack.

PyYAML shares the value of an alias, so a "billion laughs" file loads at once and explodes when it is serialized or
validated. Here the characters are counted as if each alias were written out.
"""

from __future__ import annotations

from typing import Any

import yaml

__all__ = ["MAX_CHARACTERS", "MAX_DEPTH", "BoundedLoader", "load_yaml"]

MAX_CHARACTERS = 4_000_000  #: of a document with its aliases written out
MAX_DEPTH = 100


class BoundedLoader(yaml.SafeLoader):  # type: ignore[misc]  # untyped library
    """Safe loader that raises ComposerError for documents that are too large or nested too deeply."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._depth = self._characters = 0
        self._sizes: dict[int, int] = {}  # characters of the composed nodes, by their identity

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        before = self._characters
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _build_error(f"nested deeper than {MAX_DEPTH} levels", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(event, yaml.AliasEvent):
            if id(node) not in self._sizes:
                raise _build_error("an alias inside its own anchor", event)
            self._characters += self._sizes[id(node)]
        else:
            self._characters += 1 + (len(node.value) if isinstance(node, yaml.ScalarNode) else 0)
            self._sizes[id(node)] = self._characters - before
        if self._characters > MAX_CHARACTERS:
            raise _build_error(f"larger than {MAX_CHARACTERS:,} characters, with its aliases written out", event)
        return node


def _build_error(problem: str, event: Any) -> Exception:
    error: Exception = yaml.composer.ComposerError(None, None, problem, event.start_mark)
    return error


def load_yaml(text: str | bytes, loader: type[BoundedLoader] = BoundedLoader) -> Any:
    """Load a document. Raises YAMLError, also for one that is too large or nested too deeply."""
    if len(text) > MAX_CHARACTERS:
        raise yaml.YAMLError(f"larger than {MAX_CHARACTERS:,} characters")
    return yaml.load(text, loader)  # noqa: S506  (derived from SafeLoader)
