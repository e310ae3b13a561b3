"""Records of the outbox."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = ["OUTBOX", "OutboxRow"]


@record
class OutboxRow:
    """A row of ``outbox``: a pending delivery, deleted when it is settled.

    recipient: the addressed agent. ref: id of the delivered object. destination: scheme, host and port.
    due_at: of the next attempt; while leased, the end of the lease. leased: 0 or 1.
    fence: incremented by each claim. expires_at: when it is given up in any case. Times in microseconds since 1970.
    """

    tenant_id: str
    delivery_id: str
    source: str
    recipient: str
    account: str
    ref: str
    destination: str
    attempts: int
    due_at: int
    leased: int
    fence: int
    expires_at: int | None
    error: str | None
    created_at: int


OUTBOX = Table("outbox", OutboxRow)
