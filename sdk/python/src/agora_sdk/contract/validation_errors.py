"""Validation errors: messages for callers about invalid arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

from .fields import NAME, PRINTABLE

__all__ = ["Place", "describe_error", "locate_errors"]

Place = tuple[int | str, ...]

ID: Final = re.compile(r"\^([a-z]+_)\[0-9a-f\]\{32\}\$")  #: patterns of ids that the marketplace makes
#: words for types, by which pydantic calls the branches of a union
TYPES: Final = frozenset(
    {"bool", "bytes", "date", "datetime", "dict", "float", "int", "json", "list", "none", "nullable", "str"}
)
_ALONE: Final = "takes letters from A to Z, digits and {} alone"
_NO_NUL: Final = "may hold no NUL character"
_VISIBLE: Final = "takes visible ASCII characters alone, and no space"
_UNSPACED: Final = "may hold no white space and no control character"
#: what a text has to be that fits a pattern of the contract
PATTERN_MESSAGES: Final[Mapping[str, str]] = {
    r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$": "should begin with a letter or digit, and hold only those, spaces, dots, underscores and hyphens",
    NAME: "may hold no slash and no control character",
    PRINTABLE: "may hold no control character",
    r"^https://[^\s@\x00-\x1f\x7f]+$": "is no URL of https without a credential",
    r"^[A-Za-z0-9_][A-Za-z0-9._/-]*$": "is no name of a branch",
    r"^[^\x00]*$": _NO_NUL,
    r"^[^\x00]+$": _NO_NUL,
    r"^[^\x00]*\S[^\x00]*$": "needs more than white space, and may hold no NUL character",
    r"^[^\x00-\x1f\x7f]*$": "may hold no control character",
    r"^[^\x00-\x09\x0b-\x1f\x7f]*$": "may hold no control character but line breaks",
    r"^[0-9a-f]{40}([0-9a-f]{24})?$": "takes the id of a commit: 40 or 64 hexadecimal digits",
    r"^([0-9a-f]{40}([0-9a-f]{24})?)?$": "takes the id of a commit: 40 or 64 hexadecimal digits",
    r"^https?://[^\x00-\x20\x7f]+$": "takes an address that begins with http:// or https://",
    r"^[^\x00-\x20\x7f~^:?*\[\\-][^\x00-\x20\x7f~^:?*\[\\]*$": "takes the name of a branch, without spaces and ~ ^ : ? * [ \\",
    r"^[!-~]*$": _VISIBLE,
    r"^[!-~]+$": _VISIBLE,
    r"^[\x20-\x7e]*$": "takes printable ASCII characters alone",
    r"^[\x20-\x7e]+$": "takes printable ASCII characters alone",
    r"^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$": "takes scopes of visible ASCII characters, separated by spaces",
    r"^[a-zA-Z0-9][!-~]*$": "has to begin with a letter or a digit, and to go on with visible ASCII characters alone",
    r"^/[!-~]*$": "has to begin with a slash, and to go on with visible ASCII characters alone",
    r"^[^\s\x00-\x1f\x7f]+$": _UNSPACED,
    r"^[^\x00-\x20\x7f]+$": _UNSPACED,
    r"^https?://[^\s\x00-\x1f\x7f]+$": "has to be a URL that begins with http:// or https://",
    r"^[0-9]+$": "takes digits alone",
    r"^[A-Za-z0-9_-]*$": _ALONE.format("_ -"),
    r"^[A-Za-z0-9_-]+$": _ALONE.format("_ -"),
    r"^[A-Za-z0-9._-]+$": _ALONE.format(". _ -"),
    r"^[A-Za-z0-9_.-]+$": _ALONE.format("_ . -"),
    r"^[A-Za-z0-9_.:-]+$": _ALONE.format("_ . : -"),
    r"^[A-Za-z0-9_.*-]+$": _ALONE.format("_ . * -"),
    r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$": _ALONE.format("! # $ % & ' * + . ^ _ ` | ~ -"),
    r"^[a-z0-9_]+$": "takes lower-case letters from a to z, digits and _ alone",
    r"^[a-z0-9_-]+$": "takes lower-case letters from a to z, digits and _ - alone",
    r"^[a-z0-9][a-z0-9._-]*$": "has to begin with a letter from a to z or a digit, and to go on with those and . _ -",
    r"^[a-z][a-z0-9_-]*$": "has to begin with a letter from a to z, and to go on with those, digits and _ -",
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$": "takes lower-case letters from a to z, digits and, between them, hyphens",
    r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$": "takes letters from A to Z, digits and, between them, . _ -",
    r"^[A-Za-z0-9][A-Za-z0-9_-]*$": "has to begin with a letter or a digit, and to go on with those and _ -",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "has to begin with a letter or a digit, and to go on with those and . _ -",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "has to begin with a letter or _, and to go on with those and digits",
    r"^[A-Za-z_][A-Za-z0-9_.-]*$": "has to begin with a letter or _, and to go on with those, digits and . -",
    r"^[A-Za-z0-9+/_-]*={0,2}$": "is no Base64",
    r"^[0-9a-f]{64}$": "has to be 64 hexadecimal digits, in lower case",
    r"^[A-Z]{3}$": "has to be three capital letters, such as USD",
    r"^([^@\s<>\"(),:;\\]{1,64}@[^@\s<>\"(),:;\\]{1,189})?$": "has to be an e-mail address, such as books@acme.example",
    r"^[0-9]{4}-(0[1-9]|1[0-2])$": "has to be a month, such as 2026-11",
    r"^(inv_[0-9a-f]{32}|INV-[0-9]{6,12})$": "is no invoice: inv_ and 32 hexadecimal digits, or a number such as INV-000001",
    r"^[0-9]+(\.[0-9]+)?m?$": "has to be a number of processors, such as 2, 0.5 or 500m",
    r"^[0-9]+(\.[0-9]+)?[bkmgtBKMGT]?[iI]?[bB]?$": "has to be a size, such as 512M or 2Gi",
    r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$": "has to be a namespace, one slash and a name, such as io.example/weather",
    r"^agent\.[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]*[A-Za-z0-9_-]$": "has to be agent.COMPANY.NAME, such as agent.acme.reviewer",
    r"^app\.[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]*[A-Za-z0-9_-]$": "has to be app.COMPANY.NAME, such as app.acme.invoices",
    r"^(\*|[a-z]+(:[a-z_]+)?)$": "is no scope: one such as read:agents, or *",
    r"^(?i:get|post|put|patch|delete)$": "has to be one of GET, POST, PUT, PATCH and DELETE",
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
    last = len(place) - 1 if error["type"] == "extra_forbidden" else len(place)  # a name that the caller wrote
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
