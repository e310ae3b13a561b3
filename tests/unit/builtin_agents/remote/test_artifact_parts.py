"""Merging of artifact chunks: after any sequence and split, the artifact is complete, without duplicates."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agora.builtin_agents.remote.artifact_parts import join_texts, merge_chunks, select_unwritten_parts

TEXTS = st.builds(lambda text: {"text": text}, st.text("ab", min_size=1, max_size=4))
OTHERS = st.sampled_from([{"data": {"n": 1}}, {"url": "https://x"}, {"text": "t", "metadata": {"m": 1}}])
PARTS = st.lists(TEXTS | OTHERS, max_size=6)


@given(PARTS, PARTS)
def test_missing_parts_complete_the_artifact(before: list[Any], now: list[Any]) -> None:
    missing = select_unwritten_parts(before, now)
    if missing is None:
        assert join_texts(before) == join_texts(now)
        return
    parts, append = missing
    assert join_texts([*before, *parts] if append else parts) == join_texts(now)


@given(PARTS, PARTS)
def test_continuation_is_appended(before: list[Any], more: list[Any]) -> None:
    missing = select_unwritten_parts(before, [*before, *more])
    if not more:
        assert missing is None
    elif before:
        assert missing is not None
        assert missing[1]
        assert join_texts([*before, *missing[0]]) == join_texts([*before, *more])


def piece(text: str, **more: Any) -> dict[str, Any]:
    artifact = {"artifactId": more.pop("id", "a"), "parts": [{"text": text}], **more.pop("artifact", {})}
    return {"artifactUpdate": {"taskId": "t", "artifact": artifact, **more}}


def test_simultaneous_chunks_are_merged() -> None:
    (one,) = merge_chunks([piece("a"), piece("b", append=True), piece("c", append=True, lastChunk=True)])
    assert one["artifactUpdate"]["artifact"]["parts"] == [{"text": "a"}, {"text": "b"}, {"text": "c"}]
    assert one["artifactUpdate"]["lastChunk"]
    assert not one["artifactUpdate"].get("append")


def test_different_parts_are_not_merged() -> None:
    status = {"statusUpdate": {"taskId": "t", "status": {"state": "TASK_STATE_WORKING"}}}
    for second in (
        piece("b"),
        piece("b", id="other", append=True),
        piece("b", append=True, artifact={"metadata": {"m": 1}}),
        status,
    ):
        assert len(merge_chunks([piece("a"), second])) == 2
    assert len(merge_chunks([piece("a", lastChunk=True), piece("b", append=True)])) == 2
