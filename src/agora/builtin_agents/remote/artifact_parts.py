"""Pieces of artifacts: what of them has been handed over, and what is still to be. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..port import Part

__all__ = ["joined", "merged", "rest"]


def _is_text(part: Mapping[str, Any]) -> bool:
    return part.keys() == {"text"}


def joined(parts: Iterable[Part]) -> list[Part]:
    """Parts with texts that follow one another put together: however they were cut, they are the same."""
    found: list[Part] = []
    texts: list[str] = []
    for part in parts:
        if _is_text(part):
            texts.append(part["text"])
            continue
        if texts:
            found.append({"text": "".join(texts)})
            texts = []
        found.append(dict(part))
    return [*found, {"text": "".join(texts)}] if texts else found


def rest(given: Sequence[Part], now: Sequence[Part]) -> tuple[list[Part], bool] | None:
    """What is still to be handed over of an artifact, and whether it is to be appended; None if nothing is.

    given: what was handed over. Where that is not how it begins now, all of it is, in its place.
    """
    before, after = joined(given), joined(now)
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


def merged(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events with pieces of one artifact that came together made one: each is a transaction."""
    found: list[dict[str, Any]] = []
    for event in events:
        before = found[-1].get("artifactUpdate") if found else None
        piece = event.get("artifactUpdate")
        if before is not None and piece is not None and _continues(before, piece):
            before["artifact"]["parts"] += piece["artifact"]["parts"]
            if "lastChunk" in piece:
                before["lastChunk"] = piece["lastChunk"]
        else:
            found.append(event)
    return found


def _continues(before: Mapping[str, Any], piece: Mapping[str, Any]) -> bool:
    artifact = piece["artifact"]
    return (
        piece.get("append") is True
        and not before.get("lastChunk")
        and before.get("taskId") == piece.get("taskId")
        and before["artifact"]["artifactId"] == artifact["artifactId"]
        and artifact.keys() <= {"artifactId", "parts", "name"}
    )
