"""Statements whose texts were checked for confinement to one tenant when this version was made (docs/adr/0017)."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

__all__ = ["COLUMN", "FILE", "Unconfined", "require_confined", "statement_digest"]

COLUMN = "tenant_id"

FILE = Path(__file__).with_suffix(".txt")


class Unconfined(ValueError):
    """A statement could reach rows of another tenant."""


def statement_digest(sql: str) -> str:
    """What a text is listed by."""
    return hashlib.blake2b(sql.encode(), digest_size=12).hexdigest()


def require_confined(sql: str) -> str:
    """The statement as it is. One that is not listed is checked now, before it runs; raises Unconfined."""
    if statement_digest(sql) not in _listed_digests():
        from .tenancy import check_confined  # not loaded for what is listed: nearly every statement of a server

        check_confined(sql)
    return sql


@cache
def _listed_digests() -> frozenset[str]:
    try:
        return frozenset(FILE.read_text("ascii").split())
    except OSError:  # then every statement is checked
        return frozenset()
