"""Records of the outbox."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = ["OUTBOX", "OutboxRow"]


@record
class OutboxRow:
    """A row of ``outbox``: a delivery that is to be made. It is deleted with its outcome.

    recipient: the agent that it is for. ref: what is delivered, by its id. destination: scheme, host and port.
    due_at: of the next attempt; while leased, when the lease of the server that delivers it ends. leased: 0 or 1.
    fence: raised by each claim. expires_at: when it is given up in any case. Times in microseconds since 1970.
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
