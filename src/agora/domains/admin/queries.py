"""SQL of administration: changed settings, statuses of operations, the audit trail."""

from __future__ import annotations

from functools import cache

from agora.core.records import AuditEntryRow, OperationStatusRow, RuntimeSettingRow
from agora.store.port import Query, Write

__all__ = [
    "build_audit_query",
    "delete_operation_status",
    "delete_setting",
    "select_operation_statuses",
    "select_settings",
    "update_agent_tier",
    "upsert_operation_status",
    "upsert_setting",
]

BIG = "bigint"

select_settings = Query("select name, value from settings where tenant_id = :tenant", RuntimeSettingRow)
upsert_setting = Write(
    """
    insert into settings (tenant_id, name, value, changed_at, changed_by)
    values (:tenant, :name, :value, :now, :by)
    on conflict (tenant_id, name) do update
        set value = excluded.value, changed_at = excluded.changed_at, changed_by = excluded.changed_by
    """,
    types={"now": BIG},
)
delete_setting = Write("delete from settings where tenant_id = :tenant and name = :name")

select_operation_statuses = Query(
    "select operation, version, status, changed_at, details from operation_status where tenant_id = :tenant",
    OperationStatusRow,
)
upsert_operation_status = Write(
    """
    insert into operation_status (tenant_id, operation, version, status, changed_at, changed_by, details)
    values (:tenant, :operation, :version, :status, :now, :by, :details)
    on conflict (tenant_id, operation, version) do update
        set status = excluded.status, changed_at = excluded.changed_at, changed_by = excluded.changed_by,
            details = excluded.details
    """,
    types={"now": BIG},
)
delete_operation_status = Write(
    "delete from operation_status where tenant_id = :tenant and operation = :operation and version = :version"
)
update_agent_tier = Write("update agents set service_tier = :tier where tenant_id = :tenant and agent_id = :agent_id")

_FILTERS = {
    "actor": "and actor = :actor",
    "operation": "and operation = :operation",
    "target": "and target = :target",
    "outcome": "and outcome = :outcome",
    "since": "and time >= :since",
    "until": "and time < :until",
}


@cache
def build_audit_query(filters: frozenset[str]) -> Query[AuditEntryRow]:
    """Build the query of a page of the audit trail, newest first, with the given filters."""
    conditions = " ".join(text for name, text in _FILTERS.items() if name in filters)
    return Query(
        f"""
        select * from audit where tenant_id = :tenant and audit_id < :before {conditions}
        order by audit_id desc limit :limit
        """,
        AuditEntryRow,
        types={"since": BIG, "until": BIG, "limit": BIG},
        scan=True,
    )
