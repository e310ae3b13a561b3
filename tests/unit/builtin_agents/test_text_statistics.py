"""Text statistics of the analysis agent."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agora.builtin_agents.text import compute_text_statistics, extract_keywords, measure_readability, split_sentences

TEXT = "Agora is easy. Agents talk to agents!\n\nDo agents sleep? They don't; the marketplace never sleeps."


def test_statistics_count_words_and_sentences() -> None:
    found = compute_text_statistics(TEXT)
    assert (found["words"], found["sentences"], found["paragraphs"], found["lines"]) == (16, 4, 2, 3)
    assert (found["unique_words"], found["average_sentence_length"]) == (14, 4.0)
    assert found["characters"] == len(TEXT)
    assert compute_text_statistics("")["average_word_length"] == 0


def test_sentence_boundaries() -> None:
    assert split_sentences('He said "no." Then he left... Version 1.2 is out!') == [
        'He said "no."',
        "Then he left...",
        "Version 1.2 is out!",
    ]


def test_keywords_reflect_the_topic() -> None:
    text = "The solar panel works. A solar panel needs sun. Solar power and the sun."
    assert [found["keyword"] for found in extract_keywords(text)][:3] == ["solar", "solar panel", "panel"]
    assert extract_keywords("the of and") == []


def test_readability_distinguishes_easy_from_hard_text() -> None:
    easy = measure_readability("The cat sat on the mat. It was a big cat. The dog ran to it.")
    hard = measure_readability(
        "Notwithstanding considerable organizational heterogeneity, interdisciplinary collaboration "
        "necessitates comprehensive methodological standardization."
    )
    assert easy is not None
    assert hard is not None
    assert easy["flesch_reading_ease"] > 90 > 0 > hard["flesch_reading_ease"]
    assert (easy["level"], hard["level"]) == ("very easy", "very hard")
    assert easy["flesch_kincaid_grade"] < hard["flesch_kincaid_grade"]
    assert measure_readability("...") is None


@given(st.text(max_size=500))
def test_any_text_has_statistics(text: str) -> None:
    found = compute_text_statistics(text)
    assert found["unique_words"] <= found["words"]
    assert len(extract_keywords(text)) <= 10
    measure_readability(text)


def test_overlong_words_are_not_keywords() -> None:
    assert extract_keywords("x" * 100_000 + " agora") == [{"keyword": "agora", "count": 1}]


@pytest.mark.parametrize("text", ["!" * 100_000, "a" + "…" * 100_000 + "b", "!)" * 50_000, "?" + ")" * 100_000])
def test_time_is_linear_in_the_text(text: str) -> None:
    began = time.process_time()
    assert len(split_sentences(text)) <= 1
    assert time.process_time() - began < 2.0
