"""Text statistics, keywords and readability. Keywords and readability are for English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

__all__ = ["compute_text_statistics", "extract_keywords", "measure_readability", "split_sentences"]

WORDS_PER_MINUTE = 238  # silent reading, Brysbaert 2019
MAX_KEYWORDS = 10
MAX_WORD_CHARACTERS = 60  # longer strings are not words, and an answer would repeat them
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # noqa: RUF001
_END = re.compile(r"(?<![.!?…])([.!?…]+[\"'”’)\]]*)\s+|\n\s*\n")  # noqa: RUF001
_VOWELS = re.compile(r"[aeiouy]+")
_PARAGRAPH = re.compile(r"\n\s*\n")
_STOP_WORDS = """
    a about above after again against all also am an and any are aren't as at be because been before being below
    between both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each
    few for from further had hadn't has hasn't have haven't having he her here hers herself him himself his how
    i i'm i've if in into is isn't it it's its itself just let's me more most my myself no nor not now of off on
    once one only or other our ours ourselves out over own same she should shouldn't so some such than that
    that's the their theirs them themselves then there there's these they they're this those through to too
    under until up upon us very was wasn't we we're were weren't what what's when where which while who whom why
    will with won't would wouldn't you you're your yours yourself yourselves may might must shall get got much
    many
"""
_STOP_WORD_SET = frozenset(_STOP_WORDS.split())


def _split_words(text: str) -> list[str]:
    return _WORD.findall(text)


def split_sentences(text: str) -> list[str]:
    """Split a text into sentences, at full stops and empty lines."""
    parts = (part.strip() for part in _END.sub("\\1\0", text).split("\0"))
    return [part for part in parts if _WORD.search(part)]


def compute_text_statistics(text: str) -> dict[str, Any]:
    """Compute counts and means; ``reading_seconds`` assumes 238 words per minute."""
    words, sentence_list = _split_words(text), split_sentences(text)
    unique = len({word.casefold() for word in words})
    return {
        "characters": len(text),
        "words": len(words),
        "unique_words": unique,
        "sentences": len(sentence_list),
        "paragraphs": sum(1 for part in _PARAGRAPH.split(text) if part.strip()),
        "lines": len(text.splitlines()),
        "average_word_length": _compute_rounded_mean(sum(map(len, words)), len(words)),
        "average_sentence_length": _compute_rounded_mean(len(words), len(sentence_list)),
        "lexical_diversity": round(unique / len(words), 3) if words else 0.0,
        "reading_seconds": round(len(words) / WORDS_PER_MINUTE * 60),
    }


def extract_keywords(text: str) -> list[dict[str, Any]]:
    """Extract the most frequent words and pairs of words, without stop words (English)."""
    single: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for sentence in split_sentences(text):
        folded = [word.casefold().removesuffix("'s") for word in _split_words(sentence)]
        significant = [word if _is_significant(word) else "" for word in folded]
        single.update(word for word in significant if word)
        pairs.update(f"{first} {second}" for first, second in pairwise(significant) if first and second)
    frequent = [(pair, count) for pair, count in pairs.items() if count > 1]
    ranked = sorted([*single.items(), *frequent], key=lambda item: (-item[1] * (1.5 if " " in item[0] else 1), item[0]))
    return [{"keyword": word, "count": count} for word, count in ranked[:MAX_KEYWORDS]]


def _is_significant(word: str) -> bool:
    return 2 < len(word) <= MAX_WORD_CHARACTERS and word not in _STOP_WORD_SET and not word.isdigit()


def measure_readability(text: str) -> dict[str, Any] | None:
    """Compute Flesch reading ease (0 hard to 100 easy) and the American school grade (English)."""
    words, sentence_list = _split_words(text), split_sentences(text)
    if not words or not sentence_list:
        return None
    by_sentence = len(words) / len(sentence_list)
    by_word = sum(_count_syllables(word) for word in words) / len(words)
    ease = round(206.835 - 1.015 * by_sentence - 84.6 * by_word, 1)
    grade = round(0.39 * by_sentence + 11.8 * by_word - 15.59, 1)
    return {"flesch_reading_ease": ease, "flesch_kincaid_grade": max(0.0, grade), "level": _describe_reading_ease(ease)}


def _count_syllables(word: str) -> int:
    """Count groups of vowels, except the silent e: accurate enough for a mean over a text."""
    letters = word.casefold()
    count = len(_VOWELS.findall(letters))
    if (letters.endswith("e") and not letters.endswith(("le", "ee")) and count > 1) or (
        letters.endswith(("es", "ed"))
        and count > 1
        and not letters.endswith(("ted", "ded", "ses", "zes", "ches", "shes"))
    ):
        count -= 1
    return max(1, count)


def _describe_reading_ease(ease: float) -> str:
    steps: Sequence[tuple[float, str]] = ((90, "very easy"), (80, "easy"), (70, "fairly easy"), (60, "plain"),
                                          (50, "fairly hard"), (30, "hard"))  # fmt: skip
    return next((level for least, level in steps if ease >= least), "very hard")


def _compute_rounded_mean(total: int, count: int) -> float:
    return round(total / count, 2) if count else 0.0
