"""Records of virtual servers."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = ["VIRTUAL_SERVERS", "VirtualServerRow"]


@record
class VirtualServerRow:
    """A row of ``virtual_servers``. tools: JSON array of names."""

    tenant_id: str
    name: str
    description: str
    instructions: str
    tools: str
    created_by: str
    created_at: int
    updated_at: int


VIRTUAL_SERVERS = Table("virtual_servers", VirtualServerRow)
