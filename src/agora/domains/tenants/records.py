"""Records of tenants."""

from __future__ import annotations

from agora.store.records import record

__all__ = [
    "ColumnRow",
    "TenantCountsRow",
    "TenantErasureRow",
    "TenantRow",
]


@record
class TenantRow:
    """A row of ``tenants``."""

    tenant_id: str
    name: str
    status: str
    reason: str
    metadata: str
    created_at: int
    created_by: str
    status_since: int
    updated_at: int


@record
class TenantErasureRow:
    """A tenant whose data is being deleted, and the time of deletion."""

    tenant_id: str
    status_since: int


@record
class TenantCountsRow:
    """Number of agents and running instances of a tenant."""

    agents: int
    instances: int


@record
class ColumnRow:
    """A primary key column of a table, from the database's catalog."""

    table_name: str
    column_name: str
