"""Records of dead letters."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = ["LETTERS", "DeadLetterRow"]


@record
class DeadLetterRow:
    """A row of ``dead_letters``. owner: recipient, empty if only operators are concerned. detail: the source's JSON."""

    tenant_id: str
    letter_id: str
    source: str
    key: str
    owner: str
    account: str
    ref: str | None
    destination: str
    reason: str
    attempts: int
    detail: str
    state: str
    died_at: int
    settled_at: int | None
    settled_by: str | None


LETTERS = Table("dead_letters", DeadLetterRow)
