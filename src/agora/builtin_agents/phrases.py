"""Translation of questions about numbers into arithmetic expressions."""

from __future__ import annotations

import re
from functools import cache

__all__ = ["translate_question_to_expression"]

MAX_PHRASE_CHARACTERS = 500  #: limit of a question in words; longer texts are parsed as expressions
_BEGINNING = re.compile(
    r"""^[\s"':,;!?]*(?:(?:hi|hello|hey|please|can|could|would|will|you|me|us|now|so|and|then|calculator|agent)\b[\s,:]*)*
        (?:(?:calculate|compute|evaluate|solve|work\ out|figure\ out|find|tell|show|give|get|do|say)\b[\s,:]*
           |(?:what(?:'s|\ is|s|\ are|\ does|\ would)|how\ (?:much|many)(?:\ is|\ are)?)\b[\s,:]*
           |(?:me|us|please|the\ (?:result|value|answer|outcome)(?:\ of|\ to)?)\b[\s,:]*)*""",
    re.IGNORECASE | re.VERBOSE,
)
_END = re.compile(r"(?:\s*(?:please|equals?|equal\ to|make|be|=|\?|!(?=\s*$)(?<=\s!)|\.(?!\d)|,|;|thanks|thank\ you))*\s*$", re.IGNORECASE)  # fmt: skip
_N = r"([-+]?\d[\d,.]*%?|\([^()]*\))"
_LIST = r"([^()]*\d[^()]*)"

#: phrases and their symbols; applied in order
_TRANSLATIONS: tuple[tuple[str, str], ...] = (
    (rf"\badd\s+{_N}\s+to\s+{_N}", r"(\2 + \1)"),
    (rf"\badd\s+{_N}\s+(?:and|with|plus)\s+{_N}", r"(\1 + \2)"),
    (rf"\bsubtract\s+{_N}\s+from\s+{_N}", r"(\2 - \1)"),
    (rf"\bsubtract\s+{_N}\s+(?:and|minus)\s+{_N}", r"(\1 - \2)"),
    (rf"\bmultiply\s+{_N}\s+(?:by|and|with|times)\s+{_N}", r"(\1 * \2)"),
    (rf"\bdivide\s+{_N}\s+(?:by|over|with)\s+{_N}", r"(\1 / \2)"),
    (rf"\bdivide\s+{_N}\s+into\s+{_N}", r"(\2 / \1)"),
    (rf"\braise\s+{_N}\s+to\s+(?:the\s+)?(?:power\s+(?:of\s+)?)?{_N}(?:\s+power)?", r"(\1 ^ \2)"),
    (rf"\b(?:the\s+)?difference\s+(?:between|of)\s+{_N}\s+and\s+{_N}", r"(\1 - \2)"),
    (rf"\b(?:the\s+)?quotient\s+of\s+{_N}\s+and\s+{_N}", r"(\1 / \2)"),
    (rf"\b(?:the\s+)?remainder\s+(?:of|when)\s+{_N}\s+(?:is\s+)?(?:divided\s+)?by\s+{_N}", r"(\1 % \2)"),
    (rf"\b(?:the\s+)?(?:sum|total)\s+of\s+{_LIST}", r"sum(\1)"),
    (rf"\b(?:the\s+)?product\s+of\s+{_LIST}", r"product(\1)"),
    (rf"\b(?:the\s+)?(?:average|mean)\s+of\s+{_LIST}", r"mean(\1)"),
    (rf"\b(?:the\s+)?median\s+of\s+{_LIST}", r"median(\1)"),
    (rf"\b(?:the\s+)?(?:max(?:imum)?|largest|greatest|biggest)\s+of\s+{_LIST}", r"max(\1)"),
    (rf"\b(?:the\s+)?(?:min(?:imum)?|smallest|least)\s+of\s+{_LIST}", r"min(\1)"),
    (rf"\b(?:the\s+)?(?:greatest\s+common\s+divisor|gcd)\s+of\s+{_LIST}", r"gcd(\1)"),
    (rf"\b(?:the\s+)?(?:least\s+common\s+multiple|lcm)\s+of\s+{_LIST}", r"lcm(\1)"),
    (rf"\b(?:the\s+)?(?:square\s+root|sqrt)\s+(?:of\s+)?{_N}", r"sqrt(\1)"),
    (rf"\b(?:the\s+)?cube\s+root\s+(?:of\s+)?{_N}", r"cbrt(\1)"),
    (rf"\b(?:the\s+)?factorial\s+(?:of\s+)?{_N}", r"factorial(\1)"),
    (rf"\b{_N}\s+factorial\b", r"factorial(\1)"),
    (rf"\b(?:the\s+)?square\s+of\s+{_N}", r"(\1 ^ 2)"),
    (rf"\b(?:the\s+)?cube\s+of\s+{_N}", r"(\1 ^ 3)"),
    (rf"\b(?:the\s+)?absolute\s+value\s+of\s+{_N}", r"abs(\1)"),
    (rf"\b(sin|cos|tan|ln|log|exp)e?\s+(?:of\s+)?{_N}", r"\1(\2)"),
    (r"\bsquared\b", "^ 2"),
    (r"\bcubed\b", "^ 3"),
    (r"\b(?:raised\s+)?to\s+the\s+power\s+(?:of\s+)?", "^ "),
    (r"\braised\s+to\b", "^"),
    (r"\b(?:percent|per\s+cent)\b", "%"),
    (r"\b(?:plus|added\s+to|increased\s+by)\b", "+"),
    (r"\b(?:minus|less|decreased\s+by)\b", "-"),
    (r"\b(?:times|multiplied\s+(?:by|with))\b", "*"),
    (r"\b(?:divided\s+by|over)\b", "/"),
    (r"\b(?:modulo|modulus)\b", "%"),
    (r"(?<=\d)\s+mod\s+(?=\d)", " % "),
    (r"\bhalf\s+of\b", "1/2 *"),
    (r"\b(?:twice|double)\b", "2 *"),
    (r"\ba\s+third\s+of\b", "1/3 *"),
    (r"\ba\s+quarter\s+of\b", "1/4 *"),
)


@cache
def _compile_translations() -> list[tuple[re.Pattern[str], str]]:
    """Compile the forms at first use."""
    return [(re.compile(pattern, re.IGNORECASE), replacement) for pattern, replacement in _TRANSLATIONS]


_ARGUMENTS = re.compile(r"\b(sum|product|mean|median|max|min|gcd|lcm)\(([^()]*)\)")
_AND = re.compile(r"\s*(?:,\s*and\b|,|\band\b|&)\s*", re.IGNORECASE)


def translate_question_to_expression(text: str) -> str:
    """Translate a question into an expression: drop the surrounding words, replace words by operators.

    Unknown words are kept, so that the parser reports them.
    """
    if len(text) > MAX_PHRASE_CHARACTERS:
        return text
    text = " ".join(text.split())
    text = _END.sub("", _BEGINNING.sub("", text, count=1))
    for pattern, replacement in _compile_translations():
        text = pattern.sub(replacement, text)
    return _ARGUMENTS.sub(lambda match: f"{match[1]}({_AND.sub(', ', match[2])})", text).strip()
