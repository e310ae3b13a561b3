"""Records of the core: calls, answers stored under keys, relays, overrides, and what operators changed at run time."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "AUDIT",
    "IDEMPOTENCY",
    "OVERRIDES",
    "RELAYS",
    "AuditEntryRow",
    "CallMinuteRow",
    "IdempotencyRow",
    "OpenRelay",
    "OperationStatusRow",
    "OperationUsageRow",
    "OverdueRelay",
    "OverrideRow",
    "RelayRow",
    "RuntimeSettingRow",
    "StoredAnswer",
]


@record
class AuditEntryRow:
    """A row of ``audit``: a call and its outcome: ``ok``, or the code of the error."""

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
class IdempotencyRow:
    """A row of ``idempotency``: a command's answer as JSON under its caller's key; empty while a relay is running."""

    tenant_id: str
    subject: str
    key: str
    operation: str
    digest: bytes
    response: bytes
    created_at: int


@record
class StoredAnswer:
    """The stored request digest and answer of a command."""

    operation: str
    digest: bytes
    response: bytes


@record
class RelayRow:
    """A row of ``relays``: remote work between its two transactions. target: of the audit trail. key: of idempotency."""

    tenant_id: str
    relay_id: str
    operation: str
    subject: str
    target: str | None
    key: str | None
    status: str
    created_at: int
    deadline: int
    settled_at: int | None
    error: str | None


@record
class OpenRelay:
    """A relay with an unknown outcome."""

    relay_id: str
    status: str


@record
class OverdueRelay:
    """A pending relay past its deadline."""

    relay_id: str
    operation: str
    subject: str
    target: str | None


@record
class OverrideRow:
    """A row of ``overrides``: an administrative action on an agent, a workflow or the whole marketplace."""

    tenant_id: str
    override_id: str
    target_id: str
    action: str
    authority: int
    actor: str
    reason: str
    status: str
    created_at: int
    expires_at: int | None
    lifted_at: int | None
    lifted_by: str | None


@record
class CallMinuteRow:
    """A row of ``call_minutes``: calls that one server answered in one minute. minute: since 1970."""

    tenant_id: str
    minute: int
    server: str
    calls: int
    reads: int
    errors: int
    histogram: str


@record
class OperationUsageRow:
    """A row of ``operation_usage``: all calls of one version of an operation."""

    tenant_id: str
    operation: str
    version: str
    calls: int
    errors: int
    histogram: str
    updated_at: int


@record
class OperationStatusRow:
    """The status that one version of an operation was given at run time. details: JSON (:class:`.operation_lifecycle.LifecycleNotice`)."""

    operation: str
    version: str
    status: str
    changed_at: int
    details: str | None


@record
class RuntimeSettingRow:
    """A setting that was changed at run time. value: JSON."""

    name: str
    value: str


AUDIT = Table("audit", AuditEntryRow)
IDEMPOTENCY = Table("idempotency", IdempotencyRow)
RELAYS = Table("relays", RelayRow)
OVERRIDES = Table("overrides", OverrideRow)
