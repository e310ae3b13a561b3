"""Names of agents: validity, and equality of names that look alike.

Two names are equal if they differ only in case, in the width or form of characters (NFKC), or in letters of another
script that look like Latin ones. The rule is deliberately small: a word is of one script, and words that could still be
confused (wholly of Cyrillic or Greek letters that have Latin doubles) are compared by their :func:`compute_name_key`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["check_name", "compute_name_key"]

#: reserved words: recipients, the marketplace itself, callers, accounts
RESERVED_NAMES: Final = frozenset(
    [
        "*",
        "agora",
        "all",
        "anonymous",
        "any",
        "anyone",
        "broadcast",
        "builtin",
        "default",
        "everybody",
        "everyone",
        "front",
        "marketplace",
        "me",
        "operator",
        "orchestrator",
        "self",
        "system",
        "system_wide",
    ]
)
#: prefixes of other kinds of references
RESERVED_PREFIXES: Final = ("agent.", "agent:", "app:", "capability:", "name:", "static:", "tier:", "worker:", "wf_")
MAX_FOLDED_CHARACTERS = 500  #: characters; names and aliases are shorter
_ID = re.compile(r"[a-z]+_[0-9a-f]{32}")
_WORD = re.compile(r"\w+")
#: scripts whose letters look alike
_CONFUSABLE_SCRIPTS: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "CHEROKEE", "LISU"})
#: lower-case letters that look like Latin ones, or whose capitals do (Unicode TS 39, confusables.txt)
_CONFUSABLE_LETTERS: Final = str.maketrans(
    {
        **dict(zip("авеёһіїјӏкмнорԛѕстуѵԝхԁց", "abeëhiïjlkmhopqsctyvwxdg", strict=True)),
        **dict(zip("\u0131\u0251\u0261", "iag", strict=True)),
        **dict(zip("αβεζηικμνορτυχϲϳ", "abezhikmnoptyxcj", strict=True)),
    }
)


def compute_name_key(name: str) -> str:
    """Return a key that is equal for names that look the same to a reader; a text longer than any name is its own key."""
    if (
        len(name) > MAX_FOLDED_CHARACTERS
    ):  # references in payloads have no limit, and normalization takes quadratic time
        return name
    # Twice: case folding may make characters that are not in normal form (Unicode 3.13, D146).
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.translate(_CONFUSABLE_LETTERS).split())


def check_name(name: str, field: str = "agent_name", owner: str = "an agent") -> None:
    """Reject reserved names, invisible characters and mixed scripts. Raises InvalidRequest. owner: the named thing."""
    key = compute_name_key(name)
    normal = unicodedata.normalize("NFKC", name)
    # A path segment of one or two dots is removed by clients before the request.
    if key in RESERVED_NAMES or key in (".", "..") or key.startswith(RESERVED_PREFIXES) or _ID.fullmatch(key):
        raise _build_name_error(
            name,
            field,
            owner,
            "reserved",
            "it is reserved",
            "Choose a name that is neither a reserved word nor an id or an address such as worker:NAME; "
            "agent.COMPANY.NAME is given as the alias.",
        )
    if not name.isprintable() or name != name.strip() or not key:
        fix = "Leave out control characters, characters without a width or that change the direction, and spaces around it."
        raise _build_name_error(name, field, owner, "invisible characters", "it contains invisible characters", fix)
    if normal != name:
        fix = f"Write it in its normal form (NFKC): {normal!r}."
        raise _build_name_error(name, field, owner, "not normalized", "it is not in Unicode's normal form", fix)
    for word in _WORD.findall(name):
        scripts = sorted(_CONFUSABLE_SCRIPTS & {unicodedata.name(letter, "").partition(" ")[0] for letter in word})
        if len(scripts) > 1:
            fix = "Write each word with letters of one script."
            mixed = f"{word!r} mixes letters of {' and '.join(script.capitalize() for script in scripts)}"
            raise _build_name_error(name, field, owner, "mixed scripts", mixed, fix)


def _build_name_error(name: str, field: str, owner: str, message: str, reason: str, fix: str) -> InvalidRequest:
    return InvalidRequest(
        f"{name!r} cannot be {owner}'s name: {reason}.", fix=fix, errors=[field_error(field, message)]
    )
