"""Queries of upstream MCP servers and their items."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import CallableToolRow, ItemCountRow, UpstreamRow, UpstreamToolRow

__all__ = [
    "accept_item",
    "count_items",
    "count_upstreams",
    "delete_item",
    "delete_items",
    "delete_upstream",
    "increment_revision",
    "list_items",
    "list_upstreams",
    "lock_upstream",
    "select_all_upstreams",
    "select_callable_tools",
    "select_imported_upstream",
    "select_item",
    "select_items",
    "select_template_names",
    "select_upstream",
    "select_upstream_id",
    "update_item",
    "update_server_info",
    "update_upstream",
]

BIG = "bigint"
DOUBLE = "double precision"


# -- upstreams ---------------------------------------------------------------------------------

_SELECT_BY_REF = "select * from upstreams where tenant_id = :tenant and (name = :ref or upstream_id = :ref)"
select_upstream = Query(_SELECT_BY_REF, UpstreamRow)
lock_upstream = Query(_SELECT_BY_REF, UpstreamRow, lock=True)
select_upstream_id = Query("select upstream_id from upstreams where tenant_id = :tenant and name = :name", str)
count_upstreams = Query("select count(*) as total from upstreams where tenant_id = :tenant", int)
select_imported_upstream = Query(
    "select upstream_id from upstreams where tenant_id = :tenant and registry_name = :registry_name", str
)
select_all_upstreams = Query("select * from upstreams where tenant_id = :tenant order by name", UpstreamRow)
list_upstreams = Query(
    "select * from upstreams where tenant_id = :tenant and name > :after order by name limit :limit",
    UpstreamRow,
    types={"limit": BIG},
)
count_items = Query(
    """
    select upstream_id, kind, state, count(*) as items from upstream_tools
    where tenant_id = :tenant and upstream_id in (select value from json_each(:ids))
    group by upstream_id, kind, state
    """,
    ItemCountRow,
    postgres="""
    select upstream_id, kind, state, count(*) as items from upstream_tools
    where tenant_id = :tenant and upstream_id = any(array(select json_array_elements_text(:ids::json)))
    group by upstream_id, kind, state
    """,
)
update_server_info = Write(
    """
    update upstreams set server_name = :server_name, server_version = :server_version,
        protocol_version = :protocol_version, instructions = :instructions, listed_at = :now
    where tenant_id = :tenant and upstream_id = :upstream_id
    """,
    types={"now": BIG},
)
update_upstream = Write(
    """
    update upstreams set transport = :transport, url = :url, command = :command, secrets = :secrets,
        timeout = :timeout, tool_timeouts = :tool_timeouts, concurrency = :concurrency,
        oauth_mode = :oauth_mode, oauth_client = :oauth_client,
        revision = revision + 1, updated_at = :now
    where tenant_id = :tenant and upstream_id = :upstream_id
    """,
    types={"secrets": "bytea", "oauth_client": "bytea", "timeout": DOUBLE, "concurrency": BIG, "now": BIG},
)
increment_revision = Write(
    """
    update upstreams set revision = revision + 1, updated_at = :now
    where tenant_id = :tenant and upstream_id = :upstream_id
    """,
    types={"now": BIG},
)
delete_upstream = Write("delete from upstreams where tenant_id = :tenant and upstream_id = :upstream_id")

# -- items -------------------------------------------------------------------------------------

select_items = Query(
    "select * from upstream_tools where tenant_id = :tenant and upstream_id = :upstream_id order by kind, name",
    UpstreamToolRow,
)
list_items = Query(
    """
    select * from upstream_tools
    where tenant_id = :tenant and upstream_id = :upstream_id
        and (:kind is null or kind = :kind) and (:state is null or state = :state)
        and (kind, name) > (:after_kind, :after_name)
    order by kind, name limit :limit
    """,
    UpstreamToolRow,
    types={"limit": BIG},
)
select_item = Query(
    """
    select * from upstream_tools
    where tenant_id = :tenant and upstream_id = :upstream_id and kind = :kind and name = :name
    """,
    UpstreamToolRow,
)
select_template_names = Query(
    """
    select name from upstream_tools
    where tenant_id = :tenant and upstream_id = :upstream_id and kind = 'template' and state = 'active'
    """,
    str,
)
select_callable_tools = Query(
    """
    select u.name as upstream, u.server_version, t.name, t.description, t.definition, t.hash
    from upstream_tools t join upstreams u on u.tenant_id = t.tenant_id and u.upstream_id = t.upstream_id
    where t.tenant_id = :tenant and t.kind = 'tool' and t.state = 'active' order by u.name, t.name
    """,
    CallableToolRow,
    scan=True,
)
update_item = Write(
    """
    update upstream_tools set description = :description, definition = :definition, hash = :hash,
        pinned = :pinned, accepted = :accepted, state = :state, reason = :reason, changed_at = :now
    where tenant_id = :tenant and upstream_id = :upstream_id and kind = :kind and name = :name
    """,
    types={"now": BIG},
)
accept_item = Write(
    """
    update upstream_tools set pinned = hash, accepted = null, state = 'active', reason = null, changed_at = :now
    where tenant_id = :tenant and upstream_id = :upstream_id and kind = :kind and name = :name
        and state = 'quarantined'
    """,
    types={"now": BIG},
)
delete_item = Write(
    """
    delete from upstream_tools
    where tenant_id = :tenant and upstream_id = :upstream_id and kind = :kind and name = :name
    """
)
delete_items = Write("delete from upstream_tools where tenant_id = :tenant and upstream_id = :upstream_id")
