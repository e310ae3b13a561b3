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

    given: what was handed over. Where that is not how it begins now, all of it is, in its place.
    """
    before, after = join_texts(previous), join_texts(now)
    if before == after:
        return None
    last = len(before) - 1
    if last < 0 or len(after) <= last or before[:last] != after[:last]:
        return list(now), False
    if before[last] == after[last]:
        return after[last + 1 :], True
    if _is_text(before[last]) and _is_text(after[last]) and after[last]["text"].startswith(before[last]["text"]):
        more = after[last]["text"][len(before[last]["text"]) :]
        return [{"text": more}, *after[last + 1 :]], True
    return list(now), False


def merge_chunks(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Merge consecutive chunks of one artifact: each event costs a transaction."""
    merged_events: list[dict[str, Any]] = []
    for event in events:
        before = merged_events[-1].get("artifactUpdate") if merged_events else None
        piece = event.get("artifactUpdate")
        if before is not None and piece is not None and _continues_artifact(before, piece):
            before["artifact"]["parts"] += piece["artifact"]["parts"]
            if "lastChunk" in piece:
                before["lastChunk"] = piece["lastChunk"]
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
