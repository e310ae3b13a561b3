"""Ranking of tools for a query in natural language.

A word of the query is weighted by its rarity among the tools (inverse document frequency) and by its place in a tool:
name, first sentence, search words (:mod:`.search_words`), rest of the description, parameters. Stop words are dropped,
words are stemmed, and synonyms match. A tool that matches more words of a query ranks above one that matches a single
word often. The quality is measured with ``tests/unit/protocols/mcp/search_phrasings.toml``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final
from weakref import WeakKeyDictionary

from agora.value_classes import value_class

from .model_view import MODEL_TOOLS
from .search_words import KEYWORDS_BY_OPERATION, STOP_WORDS, SYNONYMS
from .tools import Tool

__all__ = ["Match", "Ranking", "rank_tools", "stem_word"]

#: weight of a word by its place
NAME, SUMMARY, KEYWORD, DESCRIPTION, PARAMETER = 3.0, 1.8, 2.0, 0.5, 0.4
SYNONYM_WEIGHT: Final = 0.7  #: weight of a synonym relative to the word itself

_WORDS: Final = re.compile(r"[a-z0-9]+")
_ENDINGS: Final = ("ations", "ation", "ings", "ing", "ies", "ied", "es", "ed", "er", "s", "e")
#: irregular stems: "setting" must not match "set"
_STEMS: Final = {"setting": "setting", "settings": "setting"}
_weights: WeakKeyDictionary[Tool, Mapping[str, float]] = WeakKeyDictionary()


@value_class
class Match:
    """A tool that matches a query, with its score."""

    tool: Tool
    score: float


@value_class
class Ranking:
    """The tools that match a query, best first. unknown: words of the query that occur in no tool, if they are at least half of it."""

    matches: Sequence[Match]
    unknown: Sequence[str] = ()


def rank_tools(tools: Sequence[Tool], query: str) -> Ranking:
    """Rank the tools that match a query; others are omitted. An operation with several tool names is ranked under the best one.

    Of equal scores, the tools of the model view come first.
    """
    words = map_words_to_stems(query)
    stems = frozenset(chain.from_iterable(words.values()))
    documents = [(tool, _index_tool_stems(tool)) for tool in tools]
    matching = [(tool, weights, present) for tool, weights in documents if (present := stems & weights.keys())]
    frequencies = Counter(chain.from_iterable(present for _, _, present in matching))
    # The usual inverse document frequency, smoothed: a word in every tool still counts a little.
    rarity = {stem: math.log(1 + len(documents) / (1 + number)) for stem, number in frequencies.items()}
    scored_words = [
        {stem: weight * rarity[stem] for stem, weight in word.items() if stem in rarity} for word in words.values()
    ]
    scores = [Match(tool, _score_tool(weights, scored_words)) for tool, weights, _ in matching]
    ranked = sorted(scores, key=lambda match: (-match.score, match.tool.name not in MODEL_TOOLS, match.tool.name))
    # Reversed, so that the best match of an operation is written last and stays.
    by_operation = {id(match.tool.operation or match.tool): match for match in reversed(ranked)}
    matches = [match for match in ranked if by_operation[id(match.tool.operation or match.tool)] is match]
    unknown = [word for word, spellings in words.items() if frequencies.keys().isdisjoint(spellings)]
    return Ranking(matches, unknown if 2 * len(unknown) >= len(words) else ())


def map_words_to_stems(query: str) -> dict[str, dict[str, float]]:
    """Map each significant word of a query to the stems that match it, with their weights."""
    words = list(dict.fromkeys(_WORDS.findall(query.lower())))
    stems = {}
    # A query of stop words alone is better ranked by them than not at all.
    for word in [word for word in words if word not in STOP_WORDS] or words:
        synonyms = SYNONYMS.get(word) or _SYNONYMS_BY_STEM.get(stem_word(word), "")
        stems[word] = {stem_word(each): SYNONYM_WEIGHT for each in synonyms.split()} | {stem_word(word): 1.0}
    return stems


def _score_tool(weights: Mapping[str, float], words: Sequence[Mapping[str, float]]) -> float:
    """Compute the score of a tool: for each query word, the best weight of its stems."""
    parts = [max([factor * weights.get(stem, 0.0) for stem, factor in word.items()], default=0.0) for word in words]
    # The root dampens one strong word; coverage prefers a tool that matches more of the query.
    coverage = sum(part > 0 for part in parts) / len(parts)
    return math.fsum(map(math.sqrt, parts)) * math.sqrt(coverage)


def _index_tool_stems(tool: Tool) -> Mapping[str, float]:
    """Index the stems of a tool, each with the highest weight of its places."""
    weights = _weights.get(tool)
    if weights is None:
        summary, _, details = tool.description.partition("\n")
        places = (
            # In ascending order: a later weight of a stem replaces an earlier one.
            (PARAMETER, " ".join(tool.parameter_names)),
            (DESCRIPTION, details),
            (SUMMARY, summary),
            (KEYWORD, KEYWORDS_BY_OPERATION.get(tool.name.removeprefix("agora."), "")),
            (NAME, tool.name.removeprefix("agora.")),
        )
        weights = _weights[tool] = {stem: weight for weight, text in places for stem in _stem_words(text)}
    return weights


def _stem_words(text: str) -> Iterable[str]:
    return (stem_word(word) for word in _WORDS.findall(text.lower().replace("_", " ")) if word not in STOP_WORDS)


@lru_cache(maxsize=8192)
def stem_word(word: str) -> str:
    """Stem a word: messages, messaging and messaged are equal."""
    if word in _STEMS:
        return _STEMS[word]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            stem = word[: -len(ending)] + ("y" if ending in ("ies", "ied") else "")
            return stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "sl" else stem
    return word


_SYNONYMS_BY_STEM: Final = {stem_word(word): synonyms for word, synonyms in SYNONYMS.items()}
