"""Words by which the orchestrator's chat recognizes what a sentence asks for, in English, German and French."""

from __future__ import annotations

import re

__all__ = [
    "CAPABILITY",
    "CHANGES",
    "COUNTS",
    "DESCRIPTIONS",
    "FILLERS",
    "GREETINGS",
    "NUMBERS",
    "REGISTRATIONS",
    "SEARCHES",
    "SELF",
    "STATES",
]


def _compile_pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.VERBOSE)


GREETINGS = _compile_pattern(
    r"""^(?:hello|hi|hey|hallo|bonjour|good\s(?:morning|day|evening)|guten\s(?:tag|morgen|abend)|thanks?(?:\syou)?|danke|merci
    |bye|goodbye|help|hilfe|ok|okay|yes|no)\b[\s!.?,]*(?:there|again|a\slot|very\smuch|all|everyone)?[\s!.?]*$"""
)
SELF = _compile_pattern(
    r"""^(?:what\scan\syou\b|what\sdo\syou\b|who\s(?:are|built|made|is)\syou\b|how\sare\syou\b|are\syou\b|do\syou\slike\b|who\smade\syou\b)"""
)

#: a sentence that begins so changes something that exists
CHANGES = _compile_pattern(
    r"""^(?:delete|remove|deregister|unregister|retire|kill|stop|start|pause|restart|rename|update|change|edit|modify|deploy
    |suspend|activate|rate|buy|pay|lösche|entferne|ändere|supprime[rz]?|modifie[rz]?)\b"""
)
REGISTRATIONS = _compile_pattern(
    r"""^(?:(?:register|create|add|enrol+|set\s?up|sign\sup|registriere|erstelle|lege\san|enregistre[rz]?|crée[rz]?|ajoute[rz]?)\b
    |new\sagent\b(?=\s*:|\s+\w))"""
)
SEARCHES = _compile_pattern(
    r"""^(?:find|search|show|list|get|give|look(?:ing)?|display|browse|recommend|suggest|any|are\sthere|is\s(?:there|any(?:body|one)|some(?:body|one))|do\s(?:you|we)\s(?:have|know)
    |who|which|what|where|i\sneed|i(?:'m|\sam)\slooking|we\sneed|need|somebody|someone|can\s(?:someone|somebody|anyone|anybody)
    |zeig\w*|finde|suche?|liste|gibt\ses|welche[rs]?|wer|ich\s(?:brauche|suche)|trouve[rz]?|cherche[rz]?|montre[rz]?|quels?|quelles?|qui)\b"""
)
#: "sure" where only one agent can be meant
DESCRIPTIONS = _compile_pattern(
    r"""^(?:(?:give|show|get|tell)\s(?:me\s|us\s)?)?
    (?:(?P<sure>(?:more\s|all\s|some\s|the\s)*(?:details?|infos?|information)\s(?:about|of|on|for)|more\s(?:about|on)|about|describe|profile\sof)
    |(?:who\sis|what\sis|was\sist|wer\sist))\s+"""
)
COUNTS = _compile_pattern(
    r"""\b(?:how\s(?:many|big|large)|(?:the\s)?number\sof|count(?:\sof)?|(?:marketplace|market)\sstat(?:istic)?s|stat(?:istic)?s\b(?=\s(?:of|about|on|for)\sthe)
    |^(?:show|give|get)?\s?(?:me\s)?(?:the\s)?stat(?:istic)?s|in\snumbers|wie\s?viele|combien|most\scommon\scapabilit\w+|top\scapabilit\w+|which\scapabilities)\b"""
)
CAPABILITY = _compile_pattern(r"\b(?:capabilit(?:y|ies)|skills?|fähigkeiten)\b")
STATES = _compile_pattern(
    r"""\b(?:(?P<active>online|active|available\s(?:right\s)?now|verfügbar|en\sligne)|(?P<busy>busy|beschäftigt|occupés?)
    |(?P<idle>idle)|(?P<offline>offline))\b(?:\s(?:right\s)?now)?"""
)
NUMBERS = {
    name: number
    for number, name in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=1
    )
} | {"twelve": 12, "twenty": 20}

#: words that say nothing about what is looked for
FILLERS = frozenset(
    """a about agent agents all also am an and any anybody anyone anything app application applications apps are as at
    available bot bots by can capable cost costing could do does each every everything exist exists find for from get
    give good gratis has have help here i in into is it able kind know knows list local look looking marketplace may me my myself
    need needs no now of offer on one or our please provide recommend right search should show some somebody someone
    suggest that the their them there they this those to us use want we what where which who will with would you your

    agenten bitte der die das den dem ein eine einen es finde für gibt ich im in kann können mir mit oder suche und uns
    von wer welche welcher welches wie wir zeig zeige zu

    avec cherche dans des du en est et la le les montre moi ou peut pour quel quelle quelles quels qui trouve un une""".split()  # noqa: SIM905 - a list of words reads best as words
)
