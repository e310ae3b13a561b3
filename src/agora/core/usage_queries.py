"""Usage counters of operations."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import OperationUsageRow

__all__ = ["insert_usage", "lock_usage", "select_usage", "update_usage"]

BIG = "bigint"

_ALL = "select * from operation_usage where tenant_id = :tenant"
select_usage = Query(_ALL, OperationUsageRow)
lock_usage = Query(f"{_ALL} order by operation, version", OperationUsageRow, lock=True)

# Creates the row to lock, so that two servers that count an operation for the first time are serialized.
insert_usage = Write(
    """
    insert into operation_usage (tenant_id, operation, version, calls, errors, histogram, updated_at)
    values (:tenant, :operation, :version, 0, 0, '{}', :now)
    on conflict (tenant_id, operation, version) do nothing
    """,
    types={"now": BIG},
)
update_usage = Write(
    """
    update operation_usage set calls = :calls, errors = :errors, histogram = :histogram, updated_at = :now
    where tenant_id = :tenant and operation = :operation and version = :version
    """,
    types={"calls": BIG, "errors": BIG, "now": BIG},
)
