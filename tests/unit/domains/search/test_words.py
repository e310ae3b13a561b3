"""Words of searches: splitting, folding, and edit distance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agora.domains.search.words import (
    MAX_WORDS,
    compute_edit_distance,
    compute_max_typing_errors,
    fold_text,
    split_pieces,
    split_words,
)

letters = st.text("abc", max_size=8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Doc-System_Agent", ["doc", "system", "agent"]),
        ("RÉSUMÉ résumé", ["resume"]),
        ('"a" AND (b*)', ["a", "and", "b"]),
        ("한국어", ["한국어"]),
        ("文档 处理", ["文档", "处理"]),
        ('"*()%\x00', []),
    ],
)
def test_words_are_letters_and_digits(text: str, expected: list[str]) -> None:
    assert split_words(text) == expected


def test_number_of_words_is_bounded() -> None:
    assert len(split_words(" ".join(map(str, range(100))))) == MAX_WORDS


@given(st.text())
def test_folding_is_idempotent(text: str) -> None:
    assert [fold_text(word) for word in split_words(text)] == split_words(text)
    assert all(word.isalnum() for word in split_words(text))


@pytest.mark.parametrize(
    ("word", "term", "expected"),
    [
        ("word", "word", 0),
        ("wrd", "word", 1),
        ("woord", "word", 1),
        ("ward", "word", 1),
        ("wrod", "word", 1),
        ("drow", "word", 3),
        ("docsystme", "docsystemagent", 1),
        ("docu", "documentation", 0),
        ("xyz", "", 3),
    ],
)
def test_distance_counts_typing_errors_up_to_the_end_of_the_word(word: str, term: str, expected: int) -> None:
    assert compute_edit_distance(word, term, 3) == expected


def edits(word: str, term: str) -> int:
    """Compute the optimal string alignment distance by its definition."""
    if not word or not term:
        return len(word) + len(term)
    best = min(edits(word[1:], term) + 1, edits(word, term[1:]) + 1, edits(word[1:], term[1:]) + (word[0] != term[0]))
    if len(word) > 1 and word[:2] == term[1::-1]:
        best = min(best, edits(word[2:], term[2:]) + 1)
    return best


@given(st.text("abc", min_size=1, max_size=4), st.text("abc", max_size=5), st.integers(0, 3))
def test_distance_is_to_the_nearest_prefix(word: str, term: str, limit: int) -> None:
    nearest = min(edits(word, term[:end]) for end in range(len(term) + 1))
    assert compute_edit_distance(word, term, limit) == min(nearest, limit + 1)


@given(st.text("abcd", min_size=4, max_size=12), st.data())
def test_one_error_leaves_one_piece_intact(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    typed = word[:at] + data.draw(st.sampled_from(["", "x", word[at] * 2])) + word[at + 1 :]
    if len(typed) >= 4:
        assert any(piece in word for piece in split_pieces(typed))


@given(letters)
def test_pieces_join_to_the_word(word: str) -> None:
    assert "".join(split_pieces(word)) == word


def test_short_words_must_match_exactly() -> None:
    assert [compute_max_typing_errors("x" * length) for length in (1, 3, 4, 5, 6, 20)] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\u0316\u05b0", "\u0f72\u0f71", "\u0344\u0316"])
def test_runs_of_marks_are_folded_in_linear_time(marks: str) -> None:
    """Sorting a run of this length as a whole would take an hour."""
    folded = fold_text("a" + marks * 450_000 + "Z\u00e9")
    assert folded.startswith("a")
    assert folded.endswith("ze")
    assert len(folded) < 100
