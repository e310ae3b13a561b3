"""Records of the migration: table rows and query results."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "IMPORTS",
    "MAPPINGS",
    "AgentOrigin",
    "CallCount",
    "ImportRow",
    "MappingRow",
]


@record
class MappingRow:
    """The target of a v4 object. kind: ``agent`` or a v4 table. run_id: of the import, empty for a call."""

    tenant_id: str
    kind: str
    v4_key: str
    target: str
    run_id: str
    detail: str
    created_at: int


MAPPINGS = Table("v4_mappings", MappingRow)


@record
class ImportRow:
    """An import of a v4 export. positions, counts: JSON, by table."""

    tenant_id: str
    run_id: str
    source_database: str
    digest: str
    status: str
    positions: str
    counts: str
    started_at: int
    finished_at: int | None


IMPORTS = Table("v4_imports", ImportRow)


@record
class CallCount:
    """v4 calls of one agent by one reducer. last_at: microseconds since 1970."""

    agent: str
    reducer: str
    calls: int
    last_at: int


@record
class AgentOrigin:
    """Number of agents by origin: ``migrated``, ``compatibility`` or ``native``."""

    origin: str
    agents: int
