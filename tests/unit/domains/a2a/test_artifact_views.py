"""Artifacts of A2A tasks: merging of their pieces."""

from __future__ import annotations

import json
import time

from agora.domains.a2a.records import ArtifactPiece
from agora.domains.a2a.views import build_artifacts


def pieces(count: int) -> list[ArtifactPiece]:
    documents = [
        {"artifact": {"artifactId": "a", "parts": [{"text": str(number)}]}, "append": number > 0, "lastChunk": False}
        for number in range(count)
    ]
    return [ArtifactPiece(number, "artifact", None, json.dumps(document)) for number, document in enumerate(documents)]


def measure_merging(count: int) -> float:
    """Return the least CPU time of three merges, in seconds."""
    entries, times = pieces(count), []
    for _ in range(3):
        begin = time.process_time()
        (artifact,) = build_artifacts(entries, None, truncated=False)
        times.append(time.process_time() - begin)
        assert [part["text"] for part in artifact["parts"]] == [str(number) for number in range(count)]
    return min(times)


def test_time_to_merge_an_artifact_grows_with_its_pieces_and_not_with_their_square() -> None:
    assert measure_merging(16_000) < 50 * measure_merging(1_000)
