"""Statements whose texts were checked for confinement to one tenant when this version was made (docs/adr/0017)."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

__all__ = ["COLUMN", "FILE", "Unconfined", "compute_statement_digest", "is_listed"]

COLUMN = "tenant_id"

FILE = Path(__file__).with_suffix(".txt")


class Unconfined(ValueError):
    """A statement could reach rows of another tenant."""


def compute_statement_digest(sql: str) -> str:
    """What a text is listed by."""
    return hashlib.blake2b(sql.encode(), digest_size=12).hexdigest()


def is_listed(sql: str) -> bool:
    """Whether the statement was checked when this version was made."""
    return compute_statement_digest(sql) in _load_listed_digests()


@cache
def _load_listed_digests() -> frozenset[str]:
    try:
        return frozenset(FILE.read_text("ascii").split())
    except OSError:  # then every statement is checked
        return frozenset()
