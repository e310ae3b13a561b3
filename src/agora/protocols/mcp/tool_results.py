"""Results of tool calls: structured content with its text form, or the problem document of an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from pydantic_core import from_json, to_json

from agora.value_classes import value_class
from agora_sdk.errors import AgoraError

__all__ = ["PROBLEM_KEY", "ToolResult", "build_error_result"]

PROBLEM_KEY = "agora/problem"


@value_class
class ToolResult:
    """The result of a call.

    body: JSON of the structured content, or of the problem document. meta: content of ``_meta``.
    relayed: a remote result, passed on unchanged.
    """

    body: bytes = b"{}"
    structured: bool = True
    is_error: bool = False
    meta: Mapping[str, Any] = field(default_factory=dict)
    relayed: Mapping[str, Any] | None = None

    def to_document(self) -> dict[str, Any]:
        """Build the result as a mapping."""
        if self.relayed is not None:
            return dict(self.relayed) | ({"_meta": self._merge_meta({})} if self.meta else {})
        result: dict[str, Any] = {"content": [{"type": "text", "text": self.body.decode()}]}
        if self.structured and not self.is_error:
            result["structuredContent"] = from_json(self.body)
        result["isError"] = self.is_error
        return result if not self.meta else result | {"_meta": dict(self.meta)}

    def _merge_meta(self, more: Mapping[str, Any]) -> dict[str, Any]:
        foreign_meta = (self.relayed or {}).get("_meta") or {}
        return {**foreign_meta, **self.meta, **more}

    def encode(self, envelope: Mapping[str, Any], meta: Mapping[str, Any]) -> bytes:
        """Encode the result as JSON with additional members and ``_meta``, without parsing the body."""
        if self.relayed is not None:
            return to_json({**envelope, **self.relayed, "_meta": self._merge_meta(meta)})
        # As text, too: clients before 2025-06-18 know no structured content.
        parts = [b'{"content":[{"type":"text","text":', to_json(self.body.decode()), b"}]"]
        if self.structured and not self.is_error:
            parts += [b',"structuredContent":', self.body]
        parts.append(b',"isError":true' if self.is_error else b',"isError":false')
        for name, value in envelope.items():
            parts += [b",", to_json(name), b":", to_json(value)]
        if self.meta or meta:
            parts += [b',"_meta":', to_json({**self.meta, **meta})]
        parts.append(b"}")
        return b"".join(parts)


def build_error_result(error: AgoraError) -> ToolResult:
    """Build an error result for a model: the error, and how to correct it.

    The problem document is the text, and is in ``_meta``. It is not structured content, because clients validate that
    against the tool's output schema, even for errors.
    """
    problem = error.problem()
    return ToolResult(to_json(problem), is_error=True, meta={PROBLEM_KEY: problem})
