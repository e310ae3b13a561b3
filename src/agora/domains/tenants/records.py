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
    """A tenant whose data is being deleted, and since when."""

    tenant_id: str
    status_since: int


@record
class TenantCountsRow:
    """How many agents and running instances a tenant has."""

    agents: int
    instances: int


@record
class ColumnRow:
    """A column of the primary key of a table, from the database's own catalog."""

    table_name: str
    column_name: str
