"""Statements that were checked for tenant confinement at build time (docs/adr/0017)."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

__all__ = [
    "STATEMENTS_FILE",
    "TENANT_COLUMN",
    "Unconfined",
    "compute_statement_digest",
    "is_listed",
    "load_listed_digests",
]

TENANT_COLUMN = "tenant_id"

STATEMENTS_FILE = Path(__file__).with_suffix(".txt")


class Unconfined(ValueError):
    """A statement could reach rows of another tenant."""


def compute_statement_digest(sql: str) -> str:
    """Compute the digest under which a statement is listed."""
    return hashlib.blake2b(sql.encode(), digest_size=12).hexdigest()


def is_listed(sql: str) -> bool:
    """Whether the statement was checked at build time."""
    return compute_statement_digest(sql) in load_listed_digests()


@cache
def load_listed_digests() -> frozenset[str]:
    try:
        return frozenset(STATEMENTS_FILE.read_text("ascii").split())
    except OSError:  # then every statement is checked
        return frozenset()
