"""SQL of virtual servers."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import VirtualServerRow

__all__ = ["delete_server", "list_servers", "lock_server", "select_server", "update_server"]

BIG = "bigint"

_SELECT_BY_NAME = "select * from virtual_servers where tenant_id = :tenant and name = :name"
select_server = Query(_SELECT_BY_NAME, VirtualServerRow)
lock_server = Query(_SELECT_BY_NAME, VirtualServerRow, lock=True)
list_servers = Query(
    "select * from virtual_servers where tenant_id = :tenant and name > :after order by name limit :limit",
    VirtualServerRow,
    types={"limit": BIG},
)
update_server = Write(
    """
    update virtual_servers set tools = :tools, description = :description, instructions = :instructions, updated_at = :now
    where tenant_id = :tenant and name = :name
    """,
    types={"now": BIG},
)
delete_server = Write("delete from virtual_servers where tenant_id = :tenant and name = :name")
