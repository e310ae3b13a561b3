"""Routing of the front agent: selects the agent for a message without an addressee.

A requested skill decides: first a skill of a built-in agent, else a capability of any agent. Without a skill, the
message goes to the agent of the setting ``front_agent``, a planner. Without a planner, the text decides: its words are
compared with the skills of the built-in agents, then with the capabilities of all agents. The same message always
selects the same agent, and the sender is told the reason.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any

from agora.core.call import Call, decode_json, encode_json
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import find_agent
from agora.domains.search import statistics_queries as statistics
from agora.domains.tasks.messages import join_text
from agora.value_classes import value_class

from . import queries as statements

__all__ = ["Route", "choose_agent_for_message", "parse_agent_skills"]

MAX_CHARACTERS = 2000  #: maximum number of evaluated characters of a text
MAX_WORDS = 40  #: maximum number of evaluated words of a text
MIN_SIMILARITY = 2.0  #: minimum score of a built-in agent's skill
MAX_LISTED_SKILLS = 20  #: maximum number of skills in an answer
MAX_LISTED_CAPABILITIES = 15  #: maximum number of capabilities in an answer
_TOKEN = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?|[+*/^%=<>-]")
_WORD = re.compile(r"[^\W\d_]+")
_COMMON_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "do",
        "for",
        "from",
        "give",
        "have",
        "how",
        "i",
        "in",
        "is",
        "it",
        "me",
        "my",
        "of",
        "on",
        "or",
        "please",
        "so",
        "tell",
        "that",
        "the",
        "this",
        "to",
        "use",
        "what",
        "when",
        "where",
        "which",
        "who",
        "will",
        "with",
        "you",
        "your",
    ]
)


@value_class
class Route:
    """The selected agent. agent: None if no agent matches. reason: the reason, shown to the sender."""

    agent: AgentRow | None
    skill: str | None
    reason: str


async def choose_agent_for_message(call: Call, message: Mapping[str, Any], skill: str | None) -> Route:
    """Find an agent for a message."""
    builtins = await call.tx.all(statements.select_builtin_agents)
    if skill is not None:
        return await _route_by_skill(call, builtins, skill)
    planner = await _find_front_agent(call)
    if planner is not None:
        return Route(planner, None, f"{planner.agent_name} plans messages that name no skill.")
    text = join_text(message["parts"])[:MAX_CHARACTERS]
    words = tokenize_text(text)
    best = max(_score_skills(builtins, words), key=lambda likeness: likeness[0], default=None)
    if best is not None and best[0] >= MIN_SIMILARITY:
        _, agent, name, why = best
        return Route(agent, name, f"The text is like {why} of the skill {name!r} of {agent.agent_name}.")
    route = await _route_by_capability(call, [*words, *_WORD.findall(text)[:MAX_WORDS]])
    if route is not None:
        return route
    return Route(
        None, None, await _describe_missing_match(call, builtins, "No agent has a capability that the text names.")
    )


async def _find_front_agent(call: Call) -> AgentRow | None:
    """Find the agent of the setting ``front_agent``, if it accepts work."""
    name = call.context.settings.front_agent
    row = await find_agent(call.tx, name) if name else None
    return row if row is not None and row.retired_at is None and row.status != "suspended" else None


async def _route_by_skill(call: Call, builtins: Sequence[AgentRow], skill: str) -> Route:
    for agent in builtins:
        if any(entry["id"] == skill for entry in parse_agent_skills(agent)):
            return Route(agent, skill, f"{agent.agent_name} has the skill {skill!r}.")
    row = await call.tx.one(statements.select_best_agent, capability=skill)
    if row is not None:
        return Route(row, skill, f"{row.agent_name} has the capability {skill!r}.")
    return Route(None, None, await _describe_missing_match(call, builtins, f"No agent has the skill {skill!r}."))


async def _route_by_capability(call: Call, words: Sequence[str]) -> Route | None:
    """Find the longest capability that the text names, and the best agent with it."""
    candidates = list(dict.fromkeys(_list_capability_names(words)))
    if not candidates:
        return None
    names = await call.tx.all(statements.select_known_capabilities, names=encode_json(candidates))
    capabilities = sorted(names, key=lambda name: (-len(name), name))
    for capability in capabilities:
        row = await call.tx.one(statements.select_best_agent, capability=capability)
        if row is not None:
            reason = f"The text names {capability!r}, a capability of {row.agent_name}."
            return Route(row, capability, reason)
    return None


def _list_capability_names(words: Sequence[str]) -> Iterator[str]:
    """List spellings of capabilities that a text may contain: its words, and pairs of adjacent words."""
    plain = [word for word in words if word.isalpha()]
    # Pairs first; the caller prefers longer names anyway, so that "image search" wins over "search".
    for first, second in pairwise(plain):
        yield from (f"{first} {second}", f"{first}_{second}", f"{first}-{second}")
    yield from (word for word in plain if len(word) > 2 and word not in _COMMON_WORDS)


def tokenize_text(text: str) -> list[str]:
    """Split a text into case-folded words, operators and numbers, the latter as ``#``."""
    matches = (word.casefold() for word in _TOKEN.findall(text))
    return ["#" if word[0].isdigit() else word for word in islice(matches, MAX_WORDS)]


@value_class
class _SkillWords:
    """A skill, the words of its name and id, those of its tags, and the tokens of each example."""

    definition: Mapping[str, Any]
    named: frozenset[str]
    tagged: frozenset[str]
    examples: Sequence[frozenset[str]]

    @classmethod
    def from_declaration(cls, declared: Mapping[str, Any]) -> _SkillWords:
        words = frozenset(_WORD.findall(f"{declared['id']} {declared.get('name') or ''}".casefold())) - _COMMON_WORDS
        tagged = frozenset(_WORD.findall(" ".join(_select_texts(declared.get("tags"))).casefold())) - _COMMON_WORDS
        return cls(
            declared,
            words,
            tagged - words,
            [frozenset(tokenize_text(text)) for text in _select_texts(declared.get("examples"))],
        )


def parse_agent_skills(agent: AgentRow) -> Sequence[Mapping[str, Any]]:
    """Parse an agent's skills from its registration."""
    return [skill.definition for skill in _parse_skills_or_empty(agent.metadata)]


@lru_cache(256)
def _parse_skills_or_empty(metadata: str) -> Sequence[_SkillWords]:
    a2a_metadata = decode_json(metadata).get("a2a")
    skills = a2a_metadata.get("skills") if isinstance(a2a_metadata, dict) else None
    if not isinstance(skills, list):
        return ()
    return [
        _SkillWords.from_declaration(skill)
        for skill in skills
        if isinstance(skill, dict) and isinstance(skill.get("id"), str)
    ]


Likeness = tuple[float, AgentRow, str, str]


def _score_skills(agents: Sequence[AgentRow], words: Sequence[str]) -> Iterator[Likeness]:
    vocabulary = set(words)
    significant = vocabulary - _COMMON_WORDS
    for agent in agents:
        for skill in _parse_skills_or_empty(agent.metadata):
            likeness, why = _score_skill(vocabulary, significant, skill)
            yield likeness, agent, skill.definition["id"], why


def _score_skill(vocabulary: AbstractSet[str], significant: AbstractSet[str], skill: _SkillWords) -> tuple[float, str]:
    """Score the similarity of a text to a skill, and name what matched. significant: its uncommon words."""
    by_name = 3.0 * sum(_matches_word(word, skill.named) for word in significant)
    by_tag = 2.0 * sum(_matches_word(word, skill.tagged) for word in significant)
    # Jaccard similarity: a long text does not match an example by its mere number of words.
    by_example = max((4.0 * len(words & vocabulary) / len(words | vocabulary) for words in skill.examples), default=0.0)
    total = by_name + by_tag + by_example
    if by_example >= max(by_name, by_tag):
        return total, "an example"
    return total, "the name" if by_name >= by_tag else "a tag"


def _select_texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)][:50] if isinstance(value, list) else []


def _matches_word(word: str, candidates: Collection[str]) -> bool:
    """Whether a word or an inflection of it is among the candidates: calculate, calculator."""
    return word in candidates or (
        len(word) > 4 and any(len(other) > 4 and _stem_word(word) == _stem_word(other) for other in candidates)
    )


@lru_cache(4096)
def _stem_word(word: str) -> str:
    for ending in ("ations", "ation", "ators", "ator", "ating", "ated", "ates", "ate", "ings", "ing", "ions", "ion",
                   "ers", "er", "ors", "or", "ed", "es", "s", "e"):  # fmt: skip
        if word.endswith(ending) and len(word) - len(ending) > 3:
            return word[: -len(ending)]
    return word


async def _describe_missing_match(call: Call, builtins: Sequence[AgentRow], reason: str) -> str:
    """Build the message for no match: the reason, the available capabilities, and how to address an agent."""
    offered = await call.tx.all(statistics.select_top_capabilities, limit=MAX_LISTED_CAPABILITIES)
    capabilities = ", ".join(f"{row.capability} ({row.agents})" for row in offered)
    lines = [
        f"- {agent.agent_name}: {skill['id']} ({skill.get('description') or skill.get('name') or ''})"
        for agent in builtins
        for skill in parse_agent_skills(agent)
    ]
    parts = [
        f"{reason} I match words only: I pass a message to the agent whose skill or capability it names, and I cannot "
        f"plan work across several agents.",
        f"Capabilities here, with the number of agents: {capabilities}." if capabilities else "",
        "To go on, name one of them in the text, name a skill in the message's metadata, as 'skill', or send the message to "
        "an agent's own address. Ask agora.orchestrator.chat who can do what.",
        "\n".join(["Built-in skills:", *lines[:MAX_LISTED_SKILLS]]) if lines else "",
    ]
    return "\n".join(filter(None, parts))
