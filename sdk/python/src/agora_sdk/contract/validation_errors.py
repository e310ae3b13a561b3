"""Validation errors: messages for callers about invalid arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

from .fields import NAME, PRINTABLE

__all__ = ["Place", "describe_error", "locate_errors"]

Place = tuple[int | str, ...]

ID: Final = re.compile(r"\^([a-z]+_)\[0-9a-f\]\{32\}\$")  #: patterns of the marketplace's ids
#: type names that pydantic uses for union branches
TYPES: Final = frozenset(
    {"bool", "bytes", "date", "datetime", "dict", "float", "int", "json", "list", "none", "nullable", "str"}
)
_ONLY: Final = "may contain only letters from A to Z, digits and {}"
_NO_NUL: Final = "must not contain NUL characters"
_VISIBLE: Final = "may contain only visible ASCII characters without spaces"
_UNSPACED: Final = "must not contain white space or control characters"
#: messages for texts that do not match a pattern of the contract
PATTERN_MESSAGES: Final[Mapping[str, str]] = {
    r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$": "must start with a letter or digit and contain only letters, digits, spaces, dots, underscores and hyphens",
    NAME: "must not contain slashes or control characters",
    PRINTABLE: "must not contain control characters",
    r"^https://[^\s@\x00-\x1f\x7f]+$": "must be an https URL without credentials",
    r"^[A-Za-z0-9_][A-Za-z0-9._/-]*$": "is not a branch name",
    r"^[^\x00]*$": _NO_NUL,
    r"^[^\x00]+$": _NO_NUL,
    r"^[^\x00]*\S[^\x00]*$": "must not be blank or contain NUL characters",
    r"^[^\x00-\x1f\x7f]*$": "must not contain control characters",
    r"^[^\x00-\x09\x0b-\x1f\x7f]*$": "must not contain control characters except line breaks",
    r"^[0-9a-f]{40}([0-9a-f]{24})?$": "must be a commit id: 40 or 64 hexadecimal digits",
    r"^([0-9a-f]{40}([0-9a-f]{24})?)?$": "must be a commit id: 40 or 64 hexadecimal digits",
    r"^https?://[^\x00-\x20\x7f]+$": "must be a URL that begins with http:// or https://",
    r"^[^\x00-\x20\x7f~^:?*\[\\-][^\x00-\x20\x7f~^:?*\[\\]*$": "must be a branch name without spaces and ~ ^ : ? * [ \\",
    r"^[!-~]*$": _VISIBLE,
    r"^[!-~]+$": _VISIBLE,
    r"^[\x20-\x7e]*$": "may contain only printable ASCII characters",
    r"^[\x20-\x7e]+$": "may contain only printable ASCII characters",
    r"^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$": "must be scopes of visible ASCII characters, separated by spaces",
    r"^[a-zA-Z0-9][!-~]*$": "must start with a letter or a digit and contain only visible ASCII characters",
    r"^/[!-~]*$": "must start with a slash and contain only visible ASCII characters",
    r"^[^\s\x00-\x1f\x7f]+$": _UNSPACED,
    r"^[^\x00-\x20\x7f]+$": _UNSPACED,
    r"^https?://[^\s\x00-\x1f\x7f]+$": "must be a URL that begins with http:// or https://",
    r"^[0-9]+$": "may contain only digits",
    r"^[A-Za-z0-9_-]*$": _ONLY.format("_ -"),
    r"^[A-Za-z0-9_-]+$": _ONLY.format("_ -"),
    r"^[A-Za-z0-9._-]+$": _ONLY.format(". _ -"),
    r"^[A-Za-z0-9_.-]+$": _ONLY.format("_ . -"),
    r"^[A-Za-z0-9_.:-]+$": _ONLY.format("_ . : -"),
    r"^[A-Za-z0-9_.*-]+$": _ONLY.format("_ . * -"),
    r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$": _ONLY.format("! # $ % & ' * + . ^ _ ` | ~ -"),
    r"^[a-z0-9_]+$": "may contain only lower-case letters from a to z, digits and _",
    r"^[a-z0-9_-]+$": "may contain only lower-case letters from a to z, digits, _ and -",
    r"^[a-z0-9][a-z0-9._-]*$": "must start with a letter from a to z or a digit and contain only those and . _ -",
    r"^[a-z][a-z0-9_-]*$": "must start with a letter from a to z and contain only those, digits and _ -",
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$": "may contain only lower-case letters from a to z, digits and inner hyphens",
    r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$": "may contain only letters from A to Z, digits and inner . _ -",
    r"^[A-Za-z0-9][A-Za-z0-9_-]*$": "must start with a letter or a digit and contain only those and _ -",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "must start with a letter or a digit and contain only those and . _ -",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "must start with a letter or _ and contain only those and digits",
    r"^[A-Za-z_][A-Za-z0-9_.-]*$": "must start with a letter or _ and contain only those, digits and . -",
    r"^[A-Za-z0-9+/_-]*={0,2}$": "must be Base64",
    r"^[0-9a-f]{64}$": "must be 64 hexadecimal digits, in lower case",
    r"^[A-Z]{3}$": "must be three capital letters, such as USD",
    r"^([^@\s<>\"(),:;\\]{1,64}@[^@\s<>\"(),:;\\]{1,189})?$": "must be an e-mail address, such as books@acme.example",
    r"^[0-9]{4}-(0[1-9]|1[0-2])$": "must be a month, such as 2026-11",
    r"^(inv_[0-9a-f]{32}|INV-[0-9]{6,12})$": "must be an invoice id (inv_ and 32 hexadecimal digits) or a number such as INV-000001",
    r"^[0-9]+(\.[0-9]+)?m?$": "must be a number of processors, such as 2, 0.5 or 500m",
    r"^[0-9]+(\.[0-9]+)?[bkmgtBKMGT]?[iI]?[bB]?$": "must be a size, such as 512M or 2Gi",
    r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$": "must be a namespace, one slash and a name, such as io.example/weather",
    r"^agent\.[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]*[A-Za-z0-9_-]$": "must be agent.COMPANY.NAME, such as agent.acme.reviewer",
    r"^app\.[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]*[A-Za-z0-9_-]$": "must be app.COMPANY.NAME, such as app.acme.invoices",
    r"^(\*|[a-z]+(:[a-z_]+)?)$": "must be a scope such as read:agents, or *",
    r"^(?i:get|post|put|patch|delete)$": "must be one of GET, POST, PUT, PATCH and DELETE",
    r"^(coding|model|profile|worker):[^\s\x00-\x1f\x7f]+( (coding|model|profile|worker):[^\s\x00-\x1f\x7f]+){0,3}$": "must be "
    "up to four of coding:NAME, model:NAME, profile:NAME and worker:NAME, separated by spaces",
}


def locate_errors(errors: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Place]]:
    """List pydantic's errors with their location, without the names that pydantic generates for union branches.

    Identical errors of several union branches are merged. Branches of a different type are skipped if a branch of the
    given type reports an error.
    """
    branches = [_union_place(error) for error in errors]
    matching_branches = {
        branch for branch, error in zip(branches, errors, strict=True) if branch and not _is_type_error(error)
    }
    reported: set[tuple[Place, str]] = set()
    for branch, error in zip(branches, errors, strict=True):
        if branch:
            if (branch in matching_branches and _is_type_error(error)) or (branch, error["msg"]) in reported:
                continue
            reported.add((branch, error["msg"]))
        place: Place = error["loc"]
        yield error, tuple(part for n, part in enumerate(place) if n not in _branch_positions(error))


def _union_place(error: Mapping[str, Any]) -> Place:
    """Location of the union that an error's branch belongs to; empty if there is none."""
    place: Place = error["loc"]
    return place[: min(_branch_positions(error), default=0)]


def _branch_positions(error: Mapping[str, Any]) -> list[int]:
    """Positions of branch names in an error's location."""
    place: Place = error["loc"]
    # the last part is a name chosen by the caller
    last = len(place) - 1 if error["type"] == "extra_forbidden" else len(place)
    return [n for n in range(1, last) if _is_branch_name(place[n])]


def _is_type_error(error: Mapping[str, Any]) -> bool:
    return str(error["type"]).endswith("_type")


def _is_branch_name(part: int | str) -> bool:
    """Whether a part of a location is a type name."""
    return isinstance(part, str) and (part in TYPES or "[" in part or not part.isidentifier() or part[0].isupper())


def describe_error(error: Mapping[str, Any], model: type[BaseModel] | None = None) -> str:
    """Message for one pydantic error, about arguments for a model if one is given.

    A pattern is described in words: the format of an id, a specific message, or the argument's description.
    """
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] != "string_pattern_mismatch":
        return message
    pattern = message.removeprefix("String should match pattern '").removesuffix("'")
    if id_pattern := ID.fullmatch(pattern):
        return f"is not an id of this kind: {id_pattern[1]} and 32 hexadecimal digits"
    words = PATTERN_MESSAGES.get(pattern, "is not of the form that it has to be of")
    declared = model.model_fields.get(str(error["loc"][0])) if model is not None and len(error["loc"]) == 1 else None
    if declared is not None and declared.description:
        return f"{words} ({declared.description.rstrip('.')})"
    return words
