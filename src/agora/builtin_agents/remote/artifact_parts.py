"""Chunks of artifacts: merging, and what remains to be written of one. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..port import Part

__all__ = ["join_texts", "merge_chunks", "select_unwritten_parts"]


def _is_text(part: Mapping[str, Any]) -> bool:
    return part.keys() == {"text"}


def join_texts(parts: Iterable[Part]) -> list[Part]:
    """Join consecutive text parts, so that differently cut chunks compare equal."""
    merged_parts: list[Part] = []
    texts: list[str] = []
    for part in parts:
        if _is_text(part):
            texts.append(part["text"])
            continue
        if texts:
            merged_parts.append({"text": "".join(texts)})
            texts = []
        merged_parts.append(dict(part))
    return [*merged_parts, {"text": "".join(texts)}] if texts else merged_parts


def select_unwritten_parts(previous: Sequence[Part], now: Sequence[Part]) -> tuple[list[Part], bool] | None:
    """Return the parts of an artifact that are not written yet, and whether to append them. None if complete.

    previous: parts that were written. If the artifact does not begin with them, all of its parts replace them.
    """
    previous_text, new_text = join_texts(previous), join_texts(now)
    if previous_text == new_text:
        return None
    last = len(previous_text) - 1
    if last < 0 or len(new_text) <= last or previous_text[:last] != new_text[:last]:
        return list(now), False
    if previous_text[last] == new_text[last]:
        return new_text[last + 1 :], True
    if (
        _is_text(previous_text[last])
        and _is_text(new_text[last])
        and new_text[last]["text"].startswith(previous_text[last]["text"])
    ):
        more = new_text[last]["text"][len(previous_text[last]["text"]) :]
        return [{"text": more}, *new_text[last + 1 :]], True
    return list(now), False


def merge_chunks(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Merge consecutive chunks of one artifact: each event costs a transaction."""
    merged_events: list[dict[str, Any]] = []
    for event in events:
        previous_text = merged_events[-1].get("artifactUpdate") if merged_events else None
        piece = event.get("artifactUpdate")
        if previous_text is not None and piece is not None and _continues_artifact(previous_text, piece):
            previous_text["artifact"]["parts"] += piece["artifact"]["parts"]
            if "lastChunk" in piece:
                previous_text["lastChunk"] = piece["lastChunk"]
        else:
            merged_events.append(event)
    return merged_events


def _continues_artifact(before: Mapping[str, Any], piece: Mapping[str, Any]) -> bool:
    artifact = piece["artifact"]
    return (
        piece.get("append") is True
        and not before.get("lastChunk")
        and before.get("taskId") == piece.get("taskId")
        and before["artifact"]["artifactId"] == artifact["artifactId"]
        and artifact.keys() <= {"artifactId", "parts", "name"}
    )
