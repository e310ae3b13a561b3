"""Parse chat sentences into intents with fixed rules, so that results are deterministic."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["ParsedIntent", "parse_intent"]

Tool = Literal["search_agents", "get_agent", "search_apps", "register_agent", "get_marketplace_stats"]

ALIAS = re.compile(r"\bagent(?:\.[a-z0-9][a-z0-9_-]*){2,}", re.IGNORECASE)
REGISTERING = re.compile(r"\b(?:register|create|add|enrol)\b[^.?!]*\bagent\b", re.IGNORECASE)
NAMED = re.compile(
    r"\b(?:named|called|with the name|name is)\s+[\"'“]?(.+?)[\"'”]?(?=\s+(?:with|and|that|which|who|it)\b|[,.;!?]|$)",
    re.IGNORECASE,
)
ABLE = re.compile(
    r"\b(?:can(?: do)?|does|is able to|capable of|for|capabilit(?:y|ies)(?: of|:)?)\s+(.+)$", re.IGNORECASE
)
COUNTING = re.compile(r"\bhow (?:many|big|large)\b|\bstat(?:istic)?s\b|\bin numbers\b", re.IGNORECASE)
DESCRIBING = re.compile(
    r"\b(?:details?|information|info|more|tell me|describe|who is|what is)\b(?:\s+(?:more|about|of|on|for|me|us))*\s+(.+)$",
    re.IGNORECASE,
)
FREE = re.compile(r"\b(?:free|gratis|at no cost)\b", re.IGNORECASE)
APPS = re.compile(r"\b(?:apps?|applications?)\b", re.IGNORECASE)
FILLER = frozenset(
    """a about agent agents all an and any anything app application applications apps are at available can cost could do
    does every everything exist exists find for free get give gratis have help i in is list look looking marketplace me
    my need no of offer on or our please search should show some somebody someone that the there they to us want we
    what which who with would you""".split()  # noqa: SIM905 - a list of words reads best as words
)
MAX_WORDS = 8


@dataclass(frozen=True, slots=True)
class ParsedIntent:
    """A parsed sentence. tool: the action, None if not understood. words: search terms. name, alias: of one agent."""

    tool: Tool | None
    words: tuple[str, ...] = ()
    name: str = ""
    alias: str | None = None
    capabilities: tuple[str, ...] = field(default=())
    free: bool = False


def parse_intent(message: str) -> ParsedIntent:
    """Parse a sentence."""
    text = " ".join(message.split())
    alias = alias_match[0] if (alias_match := ALIAS.search(text)) else None
    if REGISTERING.search(text):
        return _parse_registration(text, alias)
    if COUNTING.search(text):
        return ParsedIntent("get_marketplace_stats")
    if alias is not None:
        return ParsedIntent("get_agent", alias=alias)
    described = DESCRIBING.search(text)
    if described and not re.search(r"\bagents\b|\bavailable\b", text, re.IGNORECASE):
        return ParsedIntent("get_agent", name=_strip_name(described[1]))
    words = _search_words(text)
    tool: Tool = "search_apps" if APPS.search(text) else "search_agents"
    is_search = words or re.search(r"\b(?:agents?|apps?|applications?)\b", text, re.IGNORECASE)
    return ParsedIntent(tool, words=words, free=bool(FREE.search(text))) if is_search else ParsedIntent(None)


def _parse_registration(text: str, alias: str | None) -> ParsedIntent:
    """Name, alias and capabilities of an agent to be registered; the name may follow from the alias."""
    named = NAMED.search(text)
    name = named[1].strip() if named else (alias or "").rpartition(".")[2]
    rest = text[named.end() :] if named else text
    if alias is not None:
        rest = rest.replace(alias, " ")
    able = ABLE.search(rest)
    parts = re.split(r",|;|\band\b", able[1].rstrip(".!? ")) if able else []
    capabilities = tuple("_".join(part.lower().split()) for part in parts if part.strip())
    return ParsedIntent("register_agent", name=name, alias=alias, capabilities=capabilities)


def _strip_name(name: str) -> str:
    """A name without article and punctuation."""
    name = re.sub(r"^(?:the|an?|agent)\s+", "", name.strip(" .!?\"'“”"), flags=re.IGNORECASE)
    return name.strip()


def _search_words(text: str) -> tuple[str, ...]:
    """Search terms: the words that are not fillers, at most ``MAX_WORDS``."""
    words = re.findall(r"[^\W_][\w+#.-]*", text)
    significant = (word.rstrip(".-") for word in words if word.lower().rstrip(".-") not in FILLER)
    return tuple(dict.fromkeys(significant))[:MAX_WORDS]
