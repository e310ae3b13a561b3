"""Parse chat sentences into calls of the orchestrator's tools, by fixed rules, so that results are deterministic.

A sentence is judged by its first verb ("Find an agent to create a report" searches, it creates nothing); what is left of
a search once filters, sorting and fillers are taken out is the query. Whatever fits no rule is not understood: it is
never searched for. English is understood, and the usual forms of German and French.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from .sentence_words import (
    CAPABILITY,
    CHANGES,
    COUNTS,
    DESCRIPTIONS,
    FILLERS,
    GREETINGS,
    NUMBERS,
    REGISTRATIONS,
    SEARCHES,
    SELF,
    STATES,
)

__all__ = ["ParsedIntent", "Tool", "parse_intent"]

Tool = Literal["search_agents", "get_agent", "search_apps", "register_agent", "get_marketplace_stats"]

MAX_WORDS = 8
ALIAS = re.compile(r"\bagent(?:\.[a-z0-9][a-z0-9_-]*){2,}", re.IGNORECASE)
QUOTED = re.compile(r"[\"“”„«]([^\"“”„«»]{1,100})[\"“”»]|(?<!\w)'([^']{1,100})'(?!\w)")
NAMED = re.compile(
    r"\b(?:named|called|name is|namens|appelée?|agent\s*:)\s+(.+?)"
    r"(?=\s+(?:with|and|that|which|who|it|to|for|having|capabilit\w+)\b|[,.;!?](?:\s|$)|$)",
    re.IGNORECASE,
)
PROPER = re.compile(r"\b(?:[A-Z][a-z0-9]*[A-Z0-9]\w*|[A-Z]\w+)\b")  # CodeHelper, MyBot5, Ada
ABLE = re.compile(
    r"(?:\b(?:it|which|who|that|and)?\s*(?:can(?: do)?|does|is able to|is capable of)\s+"
    r"|\b(?:for|capabilit(?:y|ies)(?: of)?|skills?)\b\s*:?\s*|,\s*(?:it|which|who|that)\s+)(.+)$",
    re.IGNORECASE,
)
POLITENESS = re.compile(
    r"^(?:(?:hi|hello|hey|please|bitte|ok|okay|so|and|now)\b[\s,!]*"
    r"|(?:can|could|would|will) you (?:please )?|i(?:'d| would) like (?:you )?to |i want (?:you )?to |i(?:'d| would) love to |let's )+",
    re.IGNORECASE,
)
CLOSING = re.compile(r"[\s,]+(?:please|bitte|thanks|thank you|danke)([\s.!?]*)$", re.IGNORECASE)
I_AM = re.compile(r"\bi['\u2019]m\b", re.IGNORECASE)
NUMBER = r"\$?(\d{1,9}(?:[.,]\d{1,4})?)"
MAX_PRICE = re.compile(
    r"\b(?:for |at )?(?:(?:costing|priced|that costs?|which costs?|at a price of) )?"
    r"(?:less than|under|below|at most|up to|cheaper than|no more than|unter|höchstens|moins de) "
    + NUMBER
    + r"(?: ?(?:dollars?|usd|euros?|eur|cents?|€|\$))?(?: per \w+| an? \w+)?",
    re.IGNORECASE,
)
MIN_RATING = re.compile(
    r"\b(?:(?:with )?an? )?(?:rated|ratings?|bewertet|note)\b(?: of| is)? (?:above|over|at least|better than|higher than|mindestens|über) "
    + NUMBER,
    re.IGNORECASE,
)
CHEAPEST = re.compile(r"\b(?:cheapest|lowest[- ]price[d]?|least expensive|günstigsten?|billigsten?)\b", re.IGNORECASE)
CHEAP = re.compile(r"\b(?:cheap(?:er)?|inexpensive|by price|günstige[rn]?)\b", re.IGNORECASE)
BEST = re.compile(
    r"\b(?:(?:the )?(?:best|top|highest)[- ]rat(?:ed|ing)|has the (?:best|highest) rating|best|by rating|am besten bewertete[rn]?|besten?)\b",
    re.IGNORECASE,
)
FREE = re.compile(r"\b(?:free(?: of charge)?|gratis|at no cost|kostenlose?[nrs]?|gratuite?s?)\b", re.IGNORECASE)
INDUSTRY = re.compile(
    r"\b(?:in|for|from|of) (?:the )?([\w-]+(?: [\w-]+)?) (?:industry|sector|branch|business)\b", re.IGNORECASE
)
APPS = re.compile(r"\b(?:apps?|applications?|anwendungen)\b", re.IGNORECASE)
AGENTS = re.compile(r"\b(?:agents?|agenten|bots?|assistants?)\b", re.IGNORECASE)
ONE_AGENT = re.compile(r"\b(?:agent|app|bot|one)\b", re.IGNORECASE)
PURPOSE = re.compile(r"\bto \w+ (?:an? |the )?(?:agent|app)s? (?=\w)", re.IGNORECASE)
THINGS = re.compile(
    r"^(?:what|where|which|welche[rs]?|quels?|quelles?)\b", re.IGNORECASE
)  # asked for anything, not for agents alone
LIMIT = re.compile(
    rf"\b(?:top |first |the )*(\d{{1,3}}|{'|'.join(NUMBERS)})\b(?= (?:\w+[- ]?){{0,4}}(?:agents?|apps?|agenten)\b)",
    re.IGNORECASE,
)
QUESTION_ABOUT_ONE = re.compile(
    r"^(?:(?:what|how much) (?:can|does) (?P<a>.+?) (?:do|cost|offer)|is (?P<b>.+?) (?:online|available|active|free|busy)(?: now)?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ParsedIntent:
    """A parsed sentence.

    tool: the tool to call, None if none fits. arguments: the tool's. refusal: the verb of a change that the chat does not
    make. bare: only words of a search and no verb, which means one only if something matches.
    """

    tool: Tool | None
    arguments: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
    bare: bool = False


def parse_intent(message: str) -> ParsedIntent:
    """Parse a sentence."""
    text = POLITENESS.sub("", " ".join(message.split()))
    text = I_AM.sub("I am", CLOSING.sub(r"\1", text))
    for parse in (_parse_smalltalk, _parse_change, _parse_registration, _parse_count, _parse_description):
        intent = parse(text)
        if intent is not None:
            return intent
    return _parse_search(text)


def _parse_smalltalk(text: str) -> ParsedIntent | None:
    return ParsedIntent(None) if not text or GREETINGS.match(text) or SELF.search(text) else None


def _parse_change(text: str) -> ParsedIntent | None:
    """Changes other than registering belong to operations, not to the chat."""
    verb = CHANGES.match(text)
    return ParsedIntent(None, refusal=verb[0].lower()) if verb else None


def _parse_registration(text: str) -> ParsedIntent | None:
    """Name, alias and capabilities of an agent to be registered; the name may follow from the alias."""
    verb = REGISTRATIONS.match(text)
    if verb is None:
        return None
    rest = text[verb.end() :]
    alias = ALIAS.search(rest)
    if alias is None and AGENTS.search(text) is None and not re.search(r"\b(?:to|on|in) the market", rest, re.I):
        return None  # "create a report" creates nothing here
    name, after = _parse_new_name(rest, alias)
    if alias is not None:
        after = after.replace(alias[0], " ")
    arguments: dict[str, Any] = {"name": name, "capabilities": _parse_capabilities(after)}
    if alias is not None:
        arguments["agent_id"] = alias[0].lower()
    return ParsedIntent("register_agent", {key: value for key, value in arguments.items() if value or key == "name"})


def _parse_new_name(rest: str, alias: re.Match[str] | None) -> tuple[str, str]:
    """The name of a new agent, and the text after it."""
    quoted, named = QUOTED.search(rest), NAMED.search(rest)
    if quoted is not None:
        return (quoted[1] or quoted[2]).strip(), rest[quoted.end() :]
    if named is not None and ALIAS.fullmatch(named[1]) is None:
        return named[1].strip(), rest[named.end() :]
    proper = PROPER.search(rest) if alias is None else None
    if proper is not None:
        return proper[0], rest[proper.end() :]
    return (alias[0] if alias else "").rpartition(".")[2], rest


def _parse_capabilities(text: str) -> list[str]:
    able = ABLE.search(text)
    if able is None:
        return []
    parts = re.split(r",|;|\band\b|&", able[1].strip(" .!?"))
    names = ("_".join(re.findall(r"[\w+#-]+", part.lower())) for part in parts)
    return list(dict.fromkeys(name for name in names if name))


def _parse_count(text: str) -> ParsedIntent | None:
    if COUNTS.search(text) is None:
        return None
    of = "capabilities" if CAPABILITY.search(text) else "apps" if APPS.search(text) else "agents"
    arguments: dict[str, Any] = {}
    if CAPABILITY.search(text) or APPS.search(text) or AGENTS.search(text):
        arguments["of"] = of
    if FREE.search(text):
        arguments["free"] = True
    if status := _parse_status(text):
        arguments["status"] = status
    able = re.search(
        r"\b(?:can(?: do)?|for|able to(?: do)?|do|know|offer|für|pour)\s+(?!you\b|we\b)(.+?)[.?!]*$", text, re.I
    )
    if able is not None and of == "agents" and (words := _query_words(able[1])):
        arguments["capability"] = " ".join(words)
    return ParsedIntent("get_marketplace_stats", arguments)


def _parse_description(text: str) -> ParsedIntent | None:
    """One agent, by its alias, a quoted name or a name after words such as "details about"."""
    alias = ALIAS.search(text)
    if alias is not None:
        return ParsedIntent("get_agent", {"ref": alias[0].lower()})
    question = QUESTION_ABOUT_ONE.match(text)
    if question is not None:
        name = _strip_name(question["a"] or question["b"] or "")
        return ParsedIntent("get_agent", {"ref": name}) if PROPER.fullmatch(name) or " " in name else None
    described = DESCRIPTIONS.match(text)
    if described is None or re.search(r"\b(?:agents|apps|agenten)\b", text, re.IGNORECASE):
        return None
    quoted = QUOTED.search(text)
    name = (quoted[1] or quoted[2]).strip() if quoted else _strip_name(text[described.end() :])
    is_name = quoted or described["sure"] or all(PROPER.fullmatch(word) for word in name.split())
    return ParsedIntent("get_agent", {"ref": name}) if name and len(name.split()) <= 6 and is_name else None


def _parse_search(text: str) -> ParsedIntent:
    """Filters and sorting are taken out one after the other; what remains are the words of the query."""
    is_app, is_agent = APPS.search(text) is not None, AGENTS.search(text) is not None
    tool: Tool = "search_apps" if is_app else "search_agents"
    plural = ONE_AGENT.search(text) is None
    rest, arguments = DESCRIPTIONS.sub("", text), dict[str, Any]()
    rest = PURPOSE.sub(lambda purpose: purpose[0].split()[1] + " ", rest)
    named = re.search(r"\b(?:named|called|namens)\s+[\"']?([\w .-]{1,100}?)[\"']?[.?!]*$", rest, re.IGNORECASE)
    if named is not None:
        arguments["name"], rest = named[1], rest[: named.start()]
    for pattern, read in _FILTERS:
        match = pattern.search(rest)
        if match is not None:
            arguments |= {key: value for key, value in read(match).items() if key not in arguments}
            rest = f"{rest[: match.start()]} {rest[match.end() :]}"
    if arguments.get("sort") in ("price", "rating") and not plural and _SUPERLATIVE.search(text):
        arguments.setdefault("limit", 1)
    if status := _parse_status(rest):
        arguments["status"], rest = status, STATES.sub(" ", rest)
    words = _query_words(rest)
    if words:
        arguments["query"] = " ".join(words)
    asks = (SEARCHES.match(text) is not None and THINGS.match(text) is None) or "status" in arguments
    if is_agent or is_app or (asks and (words or arguments)):
        return ParsedIntent(tool, arguments)
    bare = bool(words) and len(text.split()) <= 4 and not re.search(r"[?!\d]", text) and words == _all_words(text)
    return ParsedIntent(tool, arguments, bare=True) if bare else ParsedIntent(None)


_SUPERLATIVE = re.compile(
    r"\b(?:cheapest|least expensive|lowest|best|top|highest|günstigste|billigste|beste)", re.IGNORECASE
)
_FILTERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], dict[str, Any]]], ...] = (
    (MAX_PRICE, lambda match: {"max_price": _parse_number(match[1])}),
    (MIN_RATING, lambda match: {"min_rating": min(_parse_number(match[1]), 10.0)}),
    (LIMIT, lambda match: {"limit": max(1, min(int(NUMBERS.get(match[1].lower(), match[1])), 50))}),
    (INDUSTRY, lambda match: {"industry": match[1].lower()}),
    (FREE, lambda match: {"free": True}),
    (CHEAPEST, lambda match: {"sort": "price"}),
    (CHEAP, lambda match: {"sort": "price"}),
    (BEST, lambda match: {"sort": "rating"}),
)


def _parse_status(text: str) -> str | None:
    state = STATES.search(text)
    if state is None:
        return None
    return state.lastgroup


def _parse_number(text: str) -> float:
    return float(text.replace(",", "."))


def _strip_name(name: str) -> str:
    """A name without article, the word agent and punctuation."""
    name = re.sub(r"^(?:the|an?|agent|der|die|das|le|la)\s+", "", name.strip(" .!?\"'“”"), flags=re.IGNORECASE)
    return re.sub(r"\s+agent$", "", name.strip(), flags=re.IGNORECASE).strip()


def _query_words(text: str) -> list[str]:
    """Search terms: the words that are not fillers, in lower case, at most ``MAX_WORDS``."""
    return [word for word in _all_words(text) if word not in FILLERS][:MAX_WORDS]


def _all_words(text: str) -> list[str]:
    words = (word.rstrip(".-").lower() for word in re.findall(r"[^\W_][\w+#.-]*", text))
    return list(dict.fromkeys(word for word in words if word))
