"""Records of administration: the audit log, and what retention deletes."""

from __future__ import annotations

from agora.store.records import record

__all__ = [
    "AuditEntryRow",
    "ExpiredDeliveryRow",
]


@record
class AuditEntryRow:
    """A row of ``audit``."""

    tenant_id: str
    audit_id: str
    time: int
    actor: str
    operation: str
    target: str | None
    outcome: str
    detail: str | None
    request_id: str | None


@record
class ExpiredDeliveryRow:
    """A delivery whose message is old enough to be deleted."""

    recipient: str
    message_id: str
