"""Records of memory: table rows and query results."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "WORDS",
    "MemoryHit",
    "MemoryRow",
    "MemoryWordRow",
]


@record
class MemoryWordRow:
    """A row of ``memory_words``."""

    tenant_id: str
    word: str
    memory_id: str


WORDS = Table("memory_words", MemoryWordRow)


@record
class MemoryRow:
    """A row of ``memories``."""

    tenant_id: str
    namespace: str
    key: str
    memory_id: str
    value: str
    tags: str
    version: int
    stored_by: str
    created_at: int
    updated_at: int


@record
class MemoryHit(MemoryRow):
    """A memory found by a search. hits: number of matching words."""

    hits: int
