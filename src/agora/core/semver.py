"""Semantic versions and ranges over them (semver.org 2.0.0, ranges as npm and Cargo write them).

``1.0.0`` exactly, ``^1.2`` compatible with, ``~1.2.3`` patches of, ``>=1,<2`` several at once,
``1.x`` and ``*`` any version there. A pre-release matches only a range that names one of the same version.
"""

from __future__ import annotations

import re
from functools import lru_cache, total_ordering

from agora.value_classes import value_class

__all__ = ["InvalidVersion", "Range", "Version", "parse_range", "parse_version"]

# Bounded repetitions: versions are arguments of callers, and precedence compares each identifier.
_IDENTIFIERS = r"[0-9A-Za-z-]{1,32}(?:\.[0-9A-Za-z-]{1,32}){0,8}"
_VERSION = re.compile(
    rf"v?(?P<numbers>\d{{1,9}}(?:\.\d{{1,9}}){{0,2}})(?:-(?P<pre>{_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?"
)
_TERM = re.compile(r"(?P<sign>\^|~|>=|<=|>|<|==|=)?\s*(?P<version>\S+)")
_WILDCARD = re.compile(r"v?(?:(?P<numbers>\d{1,9}(?:\.\d{1,9})?)\.)?[xX*](?:\.[xX*]){0,2}")


class InvalidVersion(ValueError):
    """The text is not a version or range."""


@total_ordering
@value_class
class Version:
    """A version: three numbers and the identifiers of a pre-release; build data is not kept."""

    numbers: tuple[int, int, int]
    pre: tuple[str, ...] = ()

    def __lt__(self, other: Version) -> bool:
        return self._precedence_key() < other._precedence_key()

    def _precedence_key(self) -> tuple[tuple[int, int, int], bool, list[tuple[bool, int, str]]]:
        """Precedence (semver 11): a pre-release comes before its release, numbers before words."""
        parts = [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in self.pre]
        return self.numbers, not self.pre, parts


@value_class
class Range:
    """Bounds that must all hold: each an operator (``>=``, ``<``, ``>``, ``<=``, ``=``) and a version."""

    bounds: tuple[tuple[str, Version], ...]

    def __contains__(self, version: Version) -> bool:
        # As npm does: ``^1.2`` must not select 2.0.0-beta or 1.3.0-alpha for callers who asked for no pre-release.
        if version.pre and not any(bound.pre and bound.numbers == version.numbers for _, bound in self.bounds):
            return False
        return all(_satisfies_bound(version, sign, bound) for sign, bound in self.bounds)


def _satisfies_bound(version: Version, sign: str, bound: Version) -> bool:
    match sign:
        case ">=":
            return version >= bound
        case ">":
            return version > bound
        case "<":
            return version < bound
        case "<=":
            return version <= bound
        case _:
            return version == bound


@lru_cache(maxsize=1024)
def parse_version(text: str) -> Version:
    """Read a version; missing numbers count as 0. Raises InvalidVersion."""
    version, _ = _parse_partial(text)
    return version


@lru_cache(maxsize=256)
def parse_range(text: str) -> Range:
    """Read a version or a range. Raises InvalidVersion."""
    terms = re.sub(r"(\^|~|>=|<=|>|<|==|=)\s+", r"\1", text.strip()).replace(",", " ").split()
    if not terms:
        raise InvalidVersion("a version or a range such as 1.0.0, ^1.2 or >=1,<2 is needed")
    return Range(tuple(bound for term in terms for bound in _compute_term_bounds(term)))


def _parse_partial(text: str) -> tuple[Version, int]:
    """Parse a version and count the numbers given."""
    match = _VERSION.fullmatch(text)
    if not match:
        raise InvalidVersion(f"{text[:50]!r} is not a semantic version")
    numbers = [int(number) for number in match["numbers"].split(".")]
    pre = tuple(match["pre"].split(".")) if match["pre"] else ()
    if pre and len(numbers) < 3:
        raise InvalidVersion(f"{text[:50]!r}: a pre-release needs all three numbers")
    return Version(_pad_numbers(numbers), pre), len(numbers)


def _pad_numbers(numbers: list[int]) -> tuple[int, int, int]:
    major, minor, patch = (*numbers, 0, 0)[:3]
    return major, minor, patch


def _compute_term_bounds(term: str) -> list[tuple[str, Version]]:
    match = _TERM.fullmatch(term)
    if not match:
        raise InvalidVersion(f"{term[:50]!r} is not a semantic version or range")
    sign, text = match["sign"] or "=", match["version"]
    wildcard = _WILDCARD.fullmatch(text)
    if wildcard:
        if sign not in ("=", "==", "^", "~"):
            raise InvalidVersion(f"{term[:50]!r}: a wildcard takes no comparison")
        return _compute_prefix_bounds(*_parse_partial(wildcard["numbers"])) if wildcard["numbers"] else []
    version, precision = _parse_partial(text)
    if sign == "^":
        return _compute_caret_bounds(version, precision)
    if sign == "~":
        # ``~1`` allows 1.x, ``~1.2`` and ``~1.2.3`` allow 1.2.x.
        return _compute_prefix_bounds(version, min(precision, 2))
    if sign in ("=", "=="):
        return [("=", version)] if precision == 3 else _compute_prefix_bounds(version, precision)
    return [(sign, version)]


def _compute_prefix_bounds(version: Version, fixed: int) -> list[tuple[str, Version]]:
    """Bounds of all versions from this one with the same first ``fixed`` numbers."""
    return [(">=", version), ("<", _compute_next_version(version, fixed))]


def _compute_next_version(version: Version, fixed: int) -> Version:
    numbers = list(version.numbers[:fixed])
    numbers[-1] += 1
    return Version(_pad_numbers(numbers))


def _compute_caret_bounds(version: Version, written: int) -> list[tuple[str, Version]]:
    """Up to the next change of the leftmost number that is not 0: ``^0.2.3`` stays below 0.3."""
    major, minor, _ = version.numbers
    # Numbers that were not written are wildcards: ``^0`` is ``0.x``, ``^0.0`` is ``0.0.x``.
    fixed = 1 if major or written == 1 else 2 if minor or written == 2 else 3
    return _compute_prefix_bounds(version, fixed)
