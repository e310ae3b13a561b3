"""Words that determine the intent of a chat sentence, in English, German, French and Spanish."""

from __future__ import annotations

import re

__all__ = [
    "CAPABILITY",
    "CHANGES",
    "CONTINUATIONS",
    "COUNTS",
    "DESCRIPTIONS",
    "FILLERS",
    "GREETINGS",
    "HOW_TO",
    "NEGATED_CLAUSE",
    "NUMBERS",
    "REGISTRATIONS",
    "SEARCHES",
    "SELF",
    "STATES",
]


def _compile_pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.VERBOSE)


GREETINGS = _compile_pattern(
    r"""^(?:hello|hi|hey|hallo|bonjour|salut|hola|good\s(?:morning|day|evening)|guten\s(?:tag|morgen|abend)|buen[oa]s\s\w+
    |thanks?(?:\syou)?|danke|merci|gracias|bye|goodbye|help(?:\sme)?|hilfe|aide|ayuda|ok|okay|yes|no|cool|great|nice|wow|lol|ha(?:ha)+|hmm+|whatever|nvm|never\smind)\b
    [\s!.?,]*(?:there|again|a\slot|very\smuch|so\smuch|all|everyone|beaucoup)?[\s!.?]*$"""
)
#: "page 2", "more": continuations of an answer, which the chat does not store
CONTINUATIONS = _compile_pattern(
    r"""^(?:(?:show|give|get|go|list|see)\s(?:me\s|us\s|to\s)?)?(?:the\s)?(?:next|more|rest|page\s\d+|next\spage|more\sresults)[\s!.?]*$"""
)
#: "How do I register an agent?" is a question; nothing is registered or changed
HOW_TO = _compile_pattern(
    r"""^(?:how\s(?:do|can|could|would|should)\s(?:i|we|you|one|somebody|someone)\s|how\sto\s|wie\skann\s(?:ich|man)\s)"""
)
#: "Do not register anything, just ...": the negated part, up to the comma
NEGATED_CLAUSE = _compile_pattern(r"""^do\snot\s[^,.;]{1,100}[,.;]\s*(?:(?:but|just|only|instead)\s)*""")
SELF = _compile_pattern(
    r"""^(?:what\scan\syou\b|what\sdo\syou\b|who\s(?:are|built|made|is)\syou\b|how\sare\syou\b|are\syou\b|do\syou\slike\b|who\smade\syou\b)"""
)

#: beginnings of sentences that change something existing
CHANGES = _compile_pattern(
    r"""^(?:delete|remove|deregister|unregister|retire|kill|stop|start|pause|restart|rename|update|change|edit|modify|deploy
    |suspend|activate|deactivate|disable|enable|archive|ban|block|kick|fire|get\srid\sof|shut\sdown|turn\soff|throw\sout|take\sdown|move|transfer|approve|cancel
    |rate|buy|pay|ask|message|invoke|execute|run|assign|send(?!\s(?:me|us)\b)|tell(?!\s(?:me|us)\b)|lösche|entferne|ändere|supprime[rz]?|modifie[rz]?|elimina|borra|cambia|modifica)\b"""
)
REGISTRATIONS = _compile_pattern(
    r"""^(?:(?:register|create|add|enrol+|onboard|set\s?up|sign\sup|registriere|erstelle|lege\san|enregistre[rz]?|crée[rz]?|ajoute[rz]?
    |i\s(?:have\s|just\s)*(?:made|built|wrote|created|developed)\b(?=.{1,500}\b(?:add|register|list|publish|put)\s(?:it|him|her|this|that)\b)
    |registra|crea|añade)\b
    |new\sagent\b(?=\s*:|\s+\w))"""
)
SEARCHES = _compile_pattern(
    r"""^(?:find|search|show|list|get|give|look(?:ing)?|display|browse|recommend|suggest|any|are\sthere|is\s(?:there|any(?:body|one)|some(?:body|one))|do\s(?:you|we)\s(?:have|know)
    |who\s(?:can|could|is|do|has|knows|[a-z]+[a-rt-z]s)|which|what|where|i\sneed|(?:i\sam|we\sare)\slooking|we\sneed|need|every(?:thing|one|body)|somebody|someone|can\s(?:someone|somebody|anyone|anybody)
    |sort|order|see|(?:have\s|you\s)*got|anything|something|there\sis
    |zeig\w*|finde|suche?|liste|gibt\ses|welche[rs]?|wer|ich\s(?:brauche|suche)|trouve[rz]?|(?:je\s)?cherche[rz]?|montre[rz]?|quels?|quelles?|qui|y\sa-t-il|il\sy\sa|j'ai\sbesoin
    |busca(?:me|r)?|busco|encuentra|mu[eé]stra(?:me)?|lista|hay|qué|cuáles|quién|necesito)\b"""
)
#: "sure" if only one agent can be meant
DESCRIPTIONS = _compile_pattern(
    r"""^(?:(?:give|show|get|tell)\s(?:me\s|us\s)?)?
    (?:(?P<sure>(?:more\s|all\s|some\s|the\s)*(?:details?|infos?|information)\s(?:about|of|on|for)|(?:more|everything|anything|something)\s(?:about|on)|about|describe|profile\sof)
    |(?:who\sis|what\sis|was\sist|wer\sist))\s+"""
)
COUNTS = _compile_pattern(
    r"""\b(?:how\s(?:many|big|large)|(?:the\s)?number\sof|count(?:\sof)?|(?:marketplace|market)\sstat(?:istic)?s|stat(?:istic)?s\b(?=\s(?:of|about|on|for)\sthe)
    |^(?:show|give|get)?\s?(?:me\s)?(?:the\s)?stat(?:istic)?s|in\snumbers|the\snumbers|(?:more|less|fewer)\sthan\s\d+\s(?=(?:agents|bots|apps)\b)|wie\s?viele|combien(?!\sco[uû]te)|cu[aá]nt[ao]s|most\scommon\s(?:capabilit\w+|skills?)|top\scapabilit\w+|which\scapabilities)\b"""
)
CAPABILITY = _compile_pattern(r"\b(?:capabilit(?:y|ies)|skills?|fähigkeiten)\b")
STATES = _compile_pattern(
    r"""\b(?:(?P<active>online|active|available\s(?:right\s)?now|verfügbar|en\sligne|en\slínea)|(?P<busy>busy|beschäftigt|occupés?|ocupad[oa]s?)
    |(?P<idle>idle)|(?P<offline>offline))\b(?:\s(?:right\s)?now)?"""
)
NUMBERS = {
    name: number
    for number, name in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=1
    )
} | {
    "twelve": 12, "twenty": 20, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "zehn": 10, "deux": 2, "trois": 3, "quatre": 4,
    "cinq": 5, "dix": 10, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "diez": 10,
}  # fmt: skip

#: words without meaning for a search
FILLERS = frozenset(
    """a about actually again agent agents all already also am an and any anybody anyone anything app application applications apps are as at
    available be been bot bots by can capabilities capability capable contain contains cost costing could currently do does doing each else every everything exist exists find for from get
    give good got gratis has have help here i in into is able it itself just kind know knows list local look looking marketplace may me my myself
    need needs no now of offer on one ones order ordered or our please provide recommend right search see should show skill skills some somebody someone something sort sorted
    suggest that the their them there they this those to us use w want we what where which who will with would you your

    agenten alle bitte jemand jemanden der die das den dem ein eine einen es einem einer finde für gerade gibt habt hat ich ihr im in kann können mir mit oder sind suche suchen und uns
    von wer welche welcher welches wie wir zeig zeige zu

    aux avec au besoin quelqu cherche dans des du en est et faire fait font il j je l la le les montre moi ou peut pour quel quelle quelles quels qui sont trouve un une y

    alguien agente agentes al algún alguna aplicaciones aplicación busca buscame busco con cuáles de del el encuentra hacen hace hay
    la las lista los me mostrar muestra muestrame muéstrame necesito para pueda puede pueden por puedan que quién qué una uno
    unos un y""".split()  # noqa: SIM905 - a list of words reads best as words
)
