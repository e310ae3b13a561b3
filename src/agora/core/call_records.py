"""What the dispatcher keeps of every call: the audit trail, and answers under an idempotency key."""

from __future__ import annotations

from agora.store.port import Query, Table

__all__ = ["AUDIT", "IDEMPOTENCY", "answered"]

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
IDEMPOTENCY = Table(
    "idempotency",
    (
        ("tenant_id", "text"),
        ("subject", "text"),
        ("key", "text"),
        ("operation", "text"),
        ("digest", "bytea"),
        ("response", "bytea"),
        ("created_at", "bigint"),
    ),
)
answered = Query(
    "select operation, digest, response from idempotency where tenant_id = :tenant and subject = :subject and key = :key"
)
