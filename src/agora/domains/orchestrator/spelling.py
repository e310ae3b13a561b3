"""Spelling of chat sentences: expands shorthand, and corrects slips in keywords of the rules.

Only keywords are corrected; the words of a query remain unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["normalize_spelling"]

SHORTHAND = {
    "u": "you",
    "ur": "your",
    "pls": "please",
    "plz": "please",
    "thx": "thanks",
    "rn": "right now",
    "atm": "right now",
    "smth": "something",
    "sth": "something",
    "im": "I am",
    "i'm": "I am",
    "i'd": "I would",
    "i've": "I have",
    "whos": "who is",
    "who's": "who is",
    "whats": "what is",
    "what's": "what is",
    "wheres": "where is",
    "where's": "where is",
    "theres": "there is",
    "there's": "there is",
    "dont": "do not",
    "don't": "do not",
    "gimme": "give me",
    "lemme": "let me",
    "wanna": "want to",
    "wieviel": "wie viel",
    "wieviele": "wie viele",
}
#: keywords that are corrected if a letter is missing, doubled, or swapped with the next
CORRECTED_WORDS = (
    "search", "register", "create", "delete", "remove", "update", "agent", "agents", "cheapest", "somebody", "someone",
    "anybody", "anyone", "something", "anything", "everything", "everyone", "available", "marketplace", "industry", "online", "offline",
    "application", "applications", "capability", "capabilities", "looking", "details", "information", "recommend",
    "called", "named", "rated", "under",
)  # fmt: skip
#: existing words that are one slip away from a corrected keyword
REAL_WORDS = frozenset({"crate", "rate", "name", "names", "detail"})
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
#: "r" is "are" between words, but a programming language after a preposition
_ARE = re.compile(r"(?<!\bfor )(?<!\bin )(?<!\bwith )(?<!\bof )(?<!\band )(?<!\bor )(?<![\w.-])r(?= [\w])")
#: "agents 4 logo design", "a bot 2 clean up"
_FOR_OR_TO = re.compile(
    r"\b(?P<noun>agents?|bots?|apps?|one|looking|(?:some|any)(?:one|body|thing)) (?P<digit>[42])(?= [a-z])"
)


def normalize_spelling(text: str) -> str:
    """Expand shorthand, and correct slips in keywords."""
    text = _FOR_OR_TO.sub(
        lambda match: f"{match['noun']} {'for' if match['digit'] == '4' else 'to'}", _ARE.sub("are", text)
    )
    return _WORD.sub(_expand_or_correct_word, text)


def _expand_or_correct_word(match: re.Match[str]) -> str:
    word = match[0]
    if _is_part_of_name(match):
        return word
    lowered = word.lower().replace("\u2019", "'")
    written = SHORTHAND.get(lowered)
    if written is not None:
        return written
    # A capital letter within the sentence marks a name, which is not corrected.
    return _WORD_BY_MISSPELLING.get(lowered, word) if word.islower() or match.start() == 0 else word


def _is_part_of_name(match: re.Match[str]) -> bool:
    """Whether the word is part of a compound, such as an alias, a domain or an identifier: agent.acme.serch."""
    text, start, end = match.string, match.start(), match.end()
    joined_before = start > 0 and (text[start - 1] in "._-@/" or text[start - 1].isdigit())
    joined_after = end < len(text) and (text[end] in "_-@/" or text[end : end + 2].strip(".").isalnum())
    return joined_before or (joined_after and not text[end].isspace())


def _list_slips(word: str) -> Iterator[str]:
    """List spellings of a word with one slip; the first letter stays."""
    for index in range(1, len(word)):
        yield word[:index] + word[index + 1 :]
        yield word[:index] + word[index] + word[index:]
        if index + 1 < len(word):
            yield word[:index] + word[index + 1] + word[index] + word[index + 2 :]


_WORD_BY_MISSPELLING = {
    slip: word
    for word in CORRECTED_WORDS
    for slip in _list_slips(word)
    if slip not in CORRECTED_WORDS and slip not in REAL_WORDS and len(slip) >= 4
}
