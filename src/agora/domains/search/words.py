"""Search words: normalization, and tolerance for typing errors."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from .queries import MAX_PIECES

__all__ = [
    "MAX_WORDS",
    "build_contains_pattern",
    "compute_edit_distance",
    "compute_max_typing_errors",
    "fold_text",
    "split_pieces",
    "split_words",
]

MAX_WORDS = 10
MAX_MARKS = 30  #: combining marks in a row that count, as in Unicode's stream-safe text (UAX #15)
_WORD = re.compile(r"[^\W_]+")
_LONG_RUN = re.compile(rf"[^\w\s]{{{MAX_MARKS + 1}}}")  # combining marks are neither word characters nor spaces
_ACCENT = re.compile("[\u0300-\u036f]")


def fold_text(text: str) -> str:
    """Normalise text for comparison: lower case, no accents."""
    folded = _limit_combining_marks(text.lower())
    # Decomposed, accents are characters of their own; composed again, so that Hangul and others compare as they are written.
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", folded)))


def _limit_combining_marks(text: str) -> str:
    """Shorten runs of combining marks: normalization sorts each run, in time that grows by the square of its length."""
    if text.isascii() or _LONG_RUN.search(text) is None:  # linear, and enough for nearly every text
        return text
    characters, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= MAX_MARKS:
            characters.append(character)
    return "".join(characters)


def build_contains_pattern(text: str) -> str:
    """Build a pattern for ``lower(column) like ... escape '~'`` that finds a text anywhere; empty for an empty text."""
    for special in "~%_":
        text = text.replace(special, f"~{special}")
    return f"%{text.lower()}%" if text else ""


def split_words(text: str) -> list[str]:
    """Split a text into its distinct words, letters and digits only; the first :data:`MAX_WORDS` of them."""
    return list(dict.fromkeys(_WORD.findall(fold_text(text))))[:MAX_WORDS]


def compute_max_typing_errors(word: str) -> int:
    """Compute how many typing errors a word may have and still match."""
    # In short words, one error makes another word.
    return 0 if len(word) < 4 else 1 if len(word) < 6 else 2


def split_pieces(word: str) -> list[str]:
    """Split the word into :data:`MAX_PIECES` pieces: a word with few typing errors still matches some of them."""
    cuts = [len(word) * at // MAX_PIECES for at in range(MAX_PIECES + 1)]
    return [word[start:end] for start, end in pairwise(cuts)]


def compute_edit_distance(word: str, term: str, limit: int) -> int:
    """Compute the edit distance between a word and the nearest prefix of a term; limit + 1 if it exceeds the limit.

    One error: an inserted, missing or replaced letter, or two neighbours exchanged.
    """
    term = term[: len(word) + limit]
    before: list[int] = []
    row = list(range(len(term) + 1))
    for at, character in enumerate(word, 1):
        older, before, row = before, row, [at]
        for index, other in enumerate(term, 1):
            cost = min(before[index] + 1, row[index - 1] + 1, before[index - 1] + (character != other))
            if at > 1 and index > 1 and character == term[index - 2] and word[at - 2] == other:
                cost = min(cost, older[index - 2] + 1)
            row.append(cost)
        # Distances only grow from row to row.
        if min(row) > limit:
            return limit + 1
    return min(min(row[max(0, len(word) - limit) :], default=limit + 1), limit + 1)
