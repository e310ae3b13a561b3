"""Parser of chat sentences: converts them to calls of the orchestrator's tools by fixed, deterministic rules.

The first verb determines the intent ("Find an agent to create a report" is a search). The query of a search is what
remains after removing filters, sorting and fillers. A sentence that matches no rule is not understood, and is not used
as a search. Supported are English and the usual forms of German, French and Spanish.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from typing import Any, Literal

from agora.value_classes import value_class

from .sentence_words import (
    CAPABILITY,
    CHANGES,
    CONTINUATIONS,
    COUNTS,
    DESCRIPTIONS,
    FILLERS,
    GREETINGS,
    HOW_TO,
    NEGATED_CLAUSE,
    NUMBERS,
    REGISTRATIONS,
    SEARCHES,
    SELF,
    STATES,
)
from .spelling import normalize_spelling

__all__ = ["ParsedIntent", "Tool", "parse_intent"]

Tool = Literal["search_agents", "get_agent", "search_apps", "register_agent", "get_marketplace_stats"]

MAX_WORDS = 8
ALIAS_PATTERN = re.compile(r"\bagent(?:\.[a-z0-9][a-z0-9_-]*){2,}", re.IGNORECASE)
QUOTED = re.compile(r"[\"“”„«]([^\"“”„«»]{1,100})[\"“”»]|(?<!\w)'([^']{1,100})'(?!\w)")
NAMED = re.compile(
    r"\b(?:named|called|name is|name\s*:?|namens|appelée?|llamado|agent\s*:(?:\s*name\b(?: is|:)?)?|(?-i:as(?=\s+[A-Z\"])))\s+(.+?)"
    r"(?=\s+(?:with|and|that|which|who|it|to|for|having|capabilit\w+)\b|[,.;!?](?:\s|$)|$)",
    re.IGNORECASE,
)
PROPER_NAME = re.compile(
    r"\b(?:[A-Z][a-z0-9]*[A-Z0-9]\w*|[A-Z]\w+)(?:-\w+)*(?: \d+)?\b"
)  # CodeHelper, MyBot5, Ada, Foo-Bar 3000
JOINED_NAME = r"(?-i:[A-Z][a-z0-9]+[A-Z0-9]\w*)"  # CodeHelper: not an ordinary word
STARTS_WITH_NAME = re.compile(rf"\s+(?:{QUOTED.pattern}|{JOINED_NAME})", re.IGNORECASE)
ABILITY = re.compile(
    r"(?:\b(?:it|which|who|that|and)?\s*(?:can(?: do)?|does|is able to|is capable of)\s+"
    r"|\b(?:for|capabilit(?:y|ies)(?: of)?|skills?)\b\s*:?\s*|,\s*(?:it|which|who|that)\s+|^\s*[,:;-]\s*(?=\w+[a-z]s\s)"
    r"|,\s*(?:der|die|das|qui|que)\s+|\b(?:which|who|that)\s+(?=\w+[a-z]s\s))(.+)$",
    re.IGNORECASE,
)
POLITENESS = re.compile(
    r"^(?:¿|(?:hi|hello|hey|hallo|hola|please|bitte|por favor|ok|okay|so|and|now|yo)\b[\s,!]*"
    r"|(?:can|could|would|will) you (?:please )?|i(?:'d| would) like (?:you )?to |i want (?:you )?to |i(?:'d| would) love to |let's )+",
    re.IGNORECASE,
)
CLOSING = re.compile(
    r"(?<![\s,])(?:[\s,]+(?:please|bitte|por favor|thanks|thank you|danke|out there|you have|you got|you know(?: of)?))+([\s.!?]*)$",
    re.IGNORECASE,
)
NAME_AT_END = re.compile(r"\b(?:named|called|namens)\s+[\"']?([\w .-]{1,100}?)[\"']?[.?!]*$", re.IGNORECASE)
NAME_PART = re.compile(
    r"\b(?:who is|whose|with an?|has|have|the|their|its)* ?name (?:has|have|contains?|containing|includes?|starts? with|like|is like) "
    r"[\"']?([\w.-]{1,100})[\"']?(?: in it)?|\bwith [\"']?([\w.-]{1,100})[\"']? in (?:the|their|its) names?\b",
    re.IGNORECASE,
)
NEGATION = re.compile(r"do not\b", re.IGNORECASE)
REQUEST_AT_END = re.compile(
    r"[,.;]\s*(?:(?:can|could|would|will) you|please)\b.*$", re.IGNORECASE
)  # "..., can you add it?"
CLITICS = re.compile(
    r"(?<=\w)-(?:moi|nous|me|t-il|il|vous)\b|\b[dl]['\u2019](?=\w)", re.IGNORECASE
)  # montre-moi, d'agents
NUMBER = r"\$?(\d{1,9}(?:[.,]\d{1,4})?)"
MAX_PRICE = re.compile(
    r"\b(?:for |at )?(?:(?:costing|priced|that costs?|which costs?|at a price of) )?"
    r"(?:less than|under|below|at most|up to|cheaper than|not? more than|max(?:imum)?\.?|unter|höchstens|moins de|menos de) "
    + NUMBER
    + r"(?: ?(?:dollars?|usd|euros?|eur|(?P<cents>cents?|ct)|€|\$))?(?: per \w+| an? \w+)?",
    re.IGNORECASE,
)
_LEAST = r"(?:above|over|at least|better than|higher than|more than|mindestens|über|plus de|más de) "
_OR_MORE = r"(?: ?\+| (?:or|and) (?:more|better|higher|above|up))"
MIN_RATING = re.compile(
    r"\b(?:(?:with )?an? )?(?:rated|ratings?|bewertet|note)\b(?: of| is)? "
    rf"(?:{_LEAST}(?P<rated>{NUMBER})|(?P<rated_more>{NUMBER}){_OR_MORE})"
    rf"|\b(?:with )?(?:{_LEAST}(?P<stars>{NUMBER}) (?:stars?|points?|sterne)|(?P<stars_more>{NUMBER}){_OR_MORE} (?:stars?|points?))",
    re.IGNORECASE,
)
CHEAPEST = re.compile(
    r"\b(?:cheapest|lowest[- ]price[d]?|least expensive|günstigste[nrs]?|billigste[nrs]?|(?:las? |los? )?más barat[oa]s?|les? moins chers?)\b",
    re.IGNORECASE,
)
CHEAP = re.compile(
    r"\b(?:cheap(?:er)?|inexpensive|by price(?:,? (?:the )?(?:cheapest|lowest) first)?|günstige[rn]?)\b", re.IGNORECASE
)
BEST = re.compile(
    r"\b(?:(?:the )?(?:best|top|highest)[- ]rat(?:ed|ing)|has the (?:best|highest) rating|by rating(?:,? (?:the )?(?:best|highest) first)?|best"
    r"|top(?! ?\w*\d)|am besten bewertete[rn]?|beste[nrs]?|mejor(?:es)?(?: valorad[oa]s?)?|(?:les? )?(?:mieux notés?|meilleure?s?))\b",
    re.IGNORECASE,
)
FREE = re.compile(
    r"\b(?:free(?: of charge)?|gratis|at no cost|kostenlose?[nrs]?|gratuite?s?|gratuit[oa]s?)\b", re.IGNORECASE
)
INDUSTRY = re.compile(
    r"\b(?:in|for|from|of) (?:the )?([\w-]+(?: [\w-]+)?) (?:industry|sector|branch|business)\b"
    r"|\b([\w-]+) (?:industry|sector)(?= (?:apps?|applications?|agents?|bots?)\b)",
    re.IGNORECASE,
)
APPS = re.compile(r"\b(?:apps?|applications?|anwendungen|aplicaci(?:ón|ones))\b", re.IGNORECASE)
AGENTS = re.compile(r"\b(?:agents?|agenten|agentes?|bots?|assistants?)\b", re.IGNORECASE)
ONE_AGENT = re.compile(r"\b(?:agent|agente|app|bot|one)\b", re.IGNORECASE)
PURPOSE = re.compile(r"\bto \w+ (?:an? |the )?(?:agent|app)s? (?=\w)", re.IGNORECASE)
QUESTION_ABOUT_THINGS = re.compile(
    r"^(?:what|where|which|welche[rs]?|quels?|quelles?)\b", re.IGNORECASE
)  # as the object of any request, not only a request for agents
LIMIT = re.compile(
    rf"(?<!than )\b(?:top |first |the )*(\d{{1,3}}|{'|'.join(NUMBERS)})\b(?= (?:\w+[- ]?){{0,4}}(?:agents?|bots?|apps?|ones|agenten|agentes)\b)",
    re.IGNORECASE,
)
QUESTION_ABOUT_ONE = re.compile(
    r"^(?:(?:what|how much) (?:can|does) (?P<a>.+?) (?:do|cost|offer)|is (?P<b>.+?) (?:online|available|active|free|busy|(?:any )?(?:good|reliable|expensive)|worth it)(?: now)?"
    r"|how (?:good|expensive|reliable) is (?P<c>.+?)|(?:combien coûte|que fait|was (?:kostet|kann)|wie viel kostet|cuánto cuesta|qué hace) (?P<f>.+?)"
    rf"|what is (?P<h>{JOINED_NAME})(?:'s)? .{{1,100}}|(?:what|how (?:much|high)) is the (?:price|cost|rating|status) of (?P<i>.+?)"
    rf"|(?:can|could|does|is|has) (?P<e>{JOINED_NAME}) .{{1,200}}|(?P<g>{JOINED_NAME})"
    r"|(?P<d>[\w.-]+(?: agent)?) (?:details?|infos?|information|profile))[\s.?!]*$",
    re.IGNORECASE,
)


@value_class
class ParsedIntent:
    """A parsed sentence.

    tool: the tool to call, None if there is none. arguments: of the tool. refusal: the verb of a change that the chat
    does not support. bare: search words without a verb; treated as a search only if something matches.
    """

    tool: Tool | None
    arguments: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
    bare: bool = False


def parse_intent(message: str) -> ParsedIntent:
    """Parse a sentence."""
    # Polite beginnings and endings first: the rules match from the first word.
    text = POLITENESS.sub("", normalize_spelling(" ".join(message.split())))
    text = NEGATED_CLAUSE.sub("", CLITICS.sub(" ", CLOSING.sub(r"\1", text)))
    # The order decides: refusals before actions, and the specific forms before the search, which accepts most sentences.
    for parse in (_parse_smalltalk, _parse_change, _parse_registration, _parse_count, _parse_description):
        intent = parse(text)
        if intent is not None:
            return intent
    return _parse_search(text)


def _parse_smalltalk(text: str) -> ParsedIntent | None:
    """Parse greetings, questions about the chat itself, and how-to questions."""
    is_smalltalk = (
        not text or GREETINGS.match(text) or SELF.search(text) or CONTINUATIONS.match(text) or NEGATION.match(text)
    )
    how = HOW_TO.match(text)
    if how is not None and not is_smalltalk:
        request = text[how.end() :]
        return _parse_change(request) or (ParsedIntent(None) if REGISTRATIONS.match(request) else None)
    return ParsedIntent(None) if is_smalltalk else None


def _parse_change(text: str) -> ParsedIntent | None:
    """Parse changes other than registration, which the chat refers to operations."""
    verb = CHANGES.match(text)
    return ParsedIntent(None, refusal=verb[0].lower()) if verb else None


def _parse_registration(text: str) -> ParsedIntent | None:
    """Parse name, alias and capabilities of an agent to register; the name may be derived from the alias."""
    verb = REGISTRATIONS.match(text)
    if verb is None:
        return None
    rest = REQUEST_AT_END.sub("", text[verb.end() :])
    alias = ALIAS_PATTERN.search(rest)
    is_named = STARTS_WITH_NAME.match(rest) is not None and verb[0].lower() in (
        "register",
        "enrol",
        "enroll",
        "onboard",
    )
    names_agent = is_named or AGENTS.search(text) is not None or re.search(r"\b(?:to|on|in) the market", rest, re.I)
    if alias is None and not names_agent:
        return None  # "create a report" creates nothing here
    name, after = _parse_new_name(rest, alias)
    if alias is not None:
        after = after.replace(alias[0], " ")
    arguments: dict[str, Any] = {"name": name, "capabilities": _parse_capabilities(after)}
    if alias is not None:
        arguments["agent_id"] = alias[0].lower()
    return ParsedIntent("register_agent", {key: value for key, value in arguments.items() if value or key == "name"})


def _parse_new_name(rest: str, alias: re.Match[str] | None) -> tuple[str, str]:
    """Parse the name of a new agent; also return the text after it."""
    quoted, named = QUOTED.search(rest), NAMED.search(rest)
    if quoted is not None:
        return (quoted[1] or quoted[2]).strip(), rest[quoted.end() :]
    if named is not None and ALIAS_PATTERN.fullmatch(named[1]) is None:
        return named[1].strip(), rest[named.end() :]
    proper = PROPER_NAME.search(rest) if alias is None else None
    if proper is not None:
        return proper[0], rest[proper.end() :]
    return (alias[0] if alias else "").rpartition(".")[2], rest


def _parse_capabilities(text: str) -> list[str]:
    able = ABILITY.search(text)
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
    if (state := STATES.search(text)) is not None:
        arguments["status"] = state.lastgroup
    able = re.search(
        r"\b(?:can(?: do)?|for|able to(?: do)?|do|know|offer|support|handle|speak|understand|cover|für|pour|para)\s+(?!you\b|we\b)(.+?)[.?!]*$",
        text,
        re.I,
    )
    if able is not None and of == "agents" and (words := _list_query_words(able[1])):
        arguments["capability"] = " ".join(words)
    return ParsedIntent("get_marketplace_stats", arguments)


def _parse_description(text: str) -> ParsedIntent | None:
    """Parse a request for one agent, by its alias, a quoted name or a name after words such as "details about"."""
    alias = ALIAS_PATTERN.search(text)
    if alias is not None:
        return ParsedIntent("get_agent", {"ref": alias[0].lower()})
    question = QUESTION_ABOUT_ONE.match(text)
    if question is not None:
        name = _strip_article_and_punctuation(next(filter(None, question.groups()), ""))
        is_name = PROPER_NAME.fullmatch(name) is not None or (" " in name and question["d"] is None)
        return ParsedIntent("get_agent", {"ref": name}) if is_name else None
    described = DESCRIPTIONS.match(text)
    if described is None or re.search(r"\b(?:agents|apps|agenten)\b", text, re.IGNORECASE):
        return None
    quoted = QUOTED.search(text)
    name = (quoted[1] or quoted[2]).strip() if quoted else _strip_article_and_punctuation(text[described.end() :])
    is_name = bool(quoted or described["sure"]) or all(PROPER_NAME.fullmatch(word) for word in name.split())
    return ParsedIntent("get_agent", {"ref": name}) if name and len(name.split()) <= 6 and is_name else None


def _parse_search(text: str) -> ParsedIntent:
    """Parse a search: filters and sorting are removed one after the other; the remaining words are the query."""
    is_app, is_agent = APPS.search(text) is not None, AGENTS.search(text) is not None
    tool: Tool = "search_apps" if is_app else "search_agents"
    rest = PURPOSE.sub(lambda purpose: purpose[0].split()[1] + " ", DESCRIPTIONS.sub("", text))
    arguments, rest = _split_name(rest)
    for pattern, read in _FILTERS:
        match = pattern.search(rest)
        if match is not None:
            arguments |= {key: value for key, value in read(match).items() if key not in arguments}
            rest = f"{rest[: match.start()]} {rest[match.end() :]}"
    one = ONE_AGENT.search(text) is not None or not (is_agent or re.search(r"\w{3}s\b", rest))
    if "sort" in arguments and not is_app and one and _SUPERLATIVE.search(text):
        arguments.setdefault("limit", 1)
    if (state := STATES.search(rest)) is not None:
        arguments["status"], rest = state.lastgroup, STATES.sub(" ", rest)
    words = _list_query_words(rest)
    if words:
        arguments["query"] = " ".join(words)
    asks = (SEARCHES.match(text) is not None and QUESTION_ABOUT_THINGS.match(text) is None) or "status" in arguments
    if is_app:
        arguments = {key: value for key, value in arguments.items() if key in _APP_ARGUMENTS}
    if is_agent or is_app or (asks and (words or arguments)):
        return ParsedIntent(tool, arguments)
    # A few words without a verb may be a search or chatter: marked as bare, they count only if something matches.
    short = bool(words) and len(text.split()) <= 4 and not re.search(r"[!\d]", text)
    bare = short and (
        _STARTS_SUPERLATIVE.match(text) is not None or ("?" not in text and words == _list_distinct_words(text))
    )
    return ParsedIntent(tool, arguments, bare=True) if bare else ParsedIntent(None)


_SUPERLATIVE = re.compile(
    r"\b(?:cheapest|least expensive|lowest|best|top|highest|günstigste|billigste|beste|más barat[oa]\b|mejor\b)",
    re.IGNORECASE,
)
_STARTS_SUPERLATIVE = re.compile(rf"(?:the )?(?:{_SUPERLATIVE.pattern}|{FREE.pattern})", re.IGNORECASE)
_APP_ARGUMENTS = frozenset({"query", "industry", "free", "limit"})


def _split_name(text: str) -> tuple[dict[str, Any], str]:
    """Split the name to search for, if any, from the other words."""
    match = NAME_AT_END.search(text) or NAME_PART.search(text)
    if match is None:
        return {}, text
    return {"name": _read_first_group(match)}, f"{text[: match.start()]} {text[match.end() :]}"


def _read_first_group(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group)


def _read_limit(match: re.Match[str]) -> dict[str, Any]:
    """Read the limit, and the sorting implied by "the top three"."""
    limit = {"limit": max(1, min(int(NUMBERS.get(match[1].lower(), match[1])), 50))}
    return limit | ({"sort": "rating"} if match[0].lower().startswith("top") else {})


_FILTERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], dict[str, Any]]], ...] = (
    (MAX_PRICE, lambda match: {"max_price": _parse_number(match[1]) / (100 if match["cents"] else 1)}),
    (MIN_RATING, lambda match: {"min_rating": min(_parse_number(_read_first_group(match)), 10.0)}),
    (LIMIT, _read_limit),
    (INDUSTRY, lambda match: {"industry": _read_first_group(match).lower()}),
    (FREE, lambda match: {"free": True}),
    (CHEAPEST, lambda match: {"sort": "price"}),
    (CHEAP, lambda match: {"sort": "price"}),
    (BEST, lambda match: {"sort": "rating"}),
)


def _parse_number(text: str) -> float:
    return float(text.replace(",", "."))


def _strip_article_and_punctuation(name: str) -> str:
    """Remove article, the word agent and punctuation from a name."""
    name = re.sub(r"^(?:the|an?|agent|der|die|das|le|la)\s+", "", name.strip(" .!?\"'“”"), flags=re.IGNORECASE)
    return re.sub(r"\s+agent$", "", name.strip(), flags=re.IGNORECASE).strip()


def _list_query_words(text: str) -> list[str]:
    """Extract the search terms: the words that are not fillers, in lower case, at most ``MAX_WORDS``."""
    return [word for word in _list_distinct_words(text) if word not in FILLERS][:MAX_WORDS]


def _list_distinct_words(text: str) -> list[str]:
    words = (word.rstrip(".-").lower() for word in re.findall(r"[^\W_][\w+#.-]*", text))
    return list(dict.fromkeys(word for word in words if word))
