"""The audit trail: a record of every call."""

from __future__ import annotations

from agora.store.port import Table

__all__ = ["AUDIT"]

AUDIT = Table(
    "audit",
    (
        ("tenant_id", "text"),
        ("audit_id", "text"),
        ("time", "bigint"),
        ("actor", "text"),
        ("operation", "text"),
        ("target", "text"),
        ("outcome", "text"),
        ("detail", "text"),
        ("request_id", "text"),
    ),
)
