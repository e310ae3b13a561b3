"""Queries of tenants. Most cross tenant boundaries: on PostgreSQL each uses a dedicated function (protection.sql).

The id of a deleted tenant remains, with the status ``deleted``, which is visible only to these queries.
"""

from __future__ import annotations

from functools import cache

from agora.store.port import Query, Write

from .records import ColumnRow, TenantCountsRow, TenantErasureRow, TenantRow

__all__ = [
    "build_erase_statement",
    "insert_hosts",
    "insert_key",
    "insert_tenant",
    "list_tenants",
    "mark_tenant_deleted",
    "select_columns",
    "select_own_tenant",
    "select_tenant",
    "select_tenant_counts",
    "select_tenants_to_erase",
    "update_tenant",
]

BIG = "bigint"

select_own_tenant = Query("select * from tenants where tenant_id = :tenant", TenantRow)
list_tenants = Query(
    "select * from tenants where :tenant = 'default' and tenant_id > :after and status <> 'deleted' order by tenant_id limit :limit",
    TenantRow,
    postgres="select * from agora_tenants(:after, :limit) where :tenant <> ''",
    types={"limit": BIG},
    crosses_tenants=True,
)
select_tenant = Query(
    "select * from tenants where :tenant = 'default' and tenant_id = :id and status <> 'deleted'",
    TenantRow,
    postgres="select * from agora_tenant(:id) where :tenant <> ''",
    crosses_tenants=True,
)
select_tenants_to_erase = Query(
    "select tenant_id, status_since from tenants where :tenant = 'default' and status = 'deleting' order by tenant_id",
    TenantErasureRow,
    postgres="select tenant_id, status_since from agora_tenants('', 1000000) where :tenant <> '' and status = 'deleting' order by 1",
    crosses_tenants=True,
)
select_tenant_counts = Query(
    """
    select (select count(*) from agents a where a.tenant_id = :id and a.retired_at is null
            and a.account_id <> 'builtin') as agents,
        (select count(*) from instances i where i.tenant_id = :id and i.stopped_at is null) as instances
    where :tenant = 'default'
    """,
    TenantCountsRow,
    postgres="select * from agora_tenant_counts(:id) where :tenant <> ''",
    crosses_tenants=True,
    scan=True,
)
insert_tenant = Write(
    """
    insert into tenants
        (tenant_id, name, status, reason, metadata, created_at, created_by, status_since, updated_at)
    select :id, :name, 'active', '', :metadata, :now, :by, :now, :now where :tenant = 'default'
    on conflict (tenant_id) do nothing returning tenant_id
    """,
    str,
    postgres="select tenant_id from agora_tenant_add(:id, :name, :metadata, :now, :by) as made(tenant_id) where :tenant <> ''",
    types={"now": BIG},
    crosses_tenants=True,
)
update_tenant = Write(
    """
    update tenants set name = :name, status = :status, reason = :reason, metadata = :metadata,
        status_since = :since, updated_at = :now
    where :tenant = 'default' and tenant_id = :id and status = :was
        and status not in ('deleting', 'deleted') returning tenant_id
    """,
    str,
    postgres="""
    select tenant_id from agora_tenant_set(:id, :was, :name, :status, :reason, :metadata, :since, :now)
        as changed(tenant_id) where :tenant <> ''
    """,
    types={"since": BIG, "now": BIG},
    crosses_tenants=True,
)
# Hosts of instances, for a new tenant: each reports its data to every tenant, but only periodically.
insert_hosts = Write(
    """
    insert into hosts (tenant_id, host_id, name, kind, agent_id, region, engines, capacity, private, closed, seen_at,
        created_at)
    select :id, o.host_id, o.name, o.kind, null, o.region, o.engines, o.capacity, o.private, 0, o.seen_at, :now
    from hosts o where :tenant = 'default' and o.tenant_id = 'default' and o.kind = 'server'
    on conflict do nothing returning host_id
    """,
    str,
    postgres="select host_id from agora_tenant_hosts(:id, :now) as made(host_id) where :tenant <> ''",
    types={"now": BIG},
    crosses_tenants=True,
)
# The status is checked again here: of a suspension or deletion at the same time, no key may remain.
insert_key = Write(
    """
    insert into tokens (tenant_id, token_id, kind, label, account_id, digest, scopes, service_tier, authority, created_at)
    select :id, :token_id, 'api_key', :label, 'default', :digest, :scopes, 'enterprise', :authority, :now
    where :tenant = 'default' and exists (select 1 from tenants where tenant_id = :id and status = 'active')
    returning token_id
    """,
    str,
    postgres="""
    select token_id from agora_tenant_key(:id, :token_id, :label, :digest, :scopes, :authority, :now)
        as made(token_id) where :tenant <> ''
    """,
    types={"digest": "bytea", "authority": BIG, "now": BIG},
    crosses_tenants=True,
)
mark_tenant_deleted = Write(
    """
    update tenants set status = 'deleted', name = '', reason = '', metadata = '{}', status_since = :now, updated_at = :now
    where :tenant = 'default' and tenant_id = :id and status = 'deleting' returning tenant_id
    """,
    str,
    postgres="select tenant_id from agora_tenant_drop(:id, :now) as gone(tenant_id) where :tenant <> ''",
    types={"now": BIG},
    crosses_tenants=True,
)

# Tables with a tenant column, and the columns of their primary keys in order.
select_columns = Query(
    """
    select m.name as table_name, p.name as column_name from sqlite_master m join pragma_table_info(m.name) p
    where m.type = 'table' and m.name <> 'tenants' and p.pk > 0 and :tenant <> ''
        and exists (select 1 from pragma_table_info(m.name) t where t.name = 'tenant_id')
    order by m.name <> 'agents', m.name, p.pk
    """,
    ColumnRow,
    postgres="""
    select c.relname as table_name, a.attname as column_name from pg_index i
    join pg_class c on c.oid = i.indrelid
    cross join unnest(i.indkey::int2[]) with ordinality as k(attnum, place)
    join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
    where i.indisprimary and c.relnamespace = current_schema()::regnamespace and c.relname <> 'tenants' and :tenant <> ''
        and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id')
    order by c.relname <> 'agents', c.relname, k.place
    """,
    crosses_tenants=True,
    scan=True,
)


@cache
def build_erase_statement(table: str, columns: tuple[str, ...]) -> Write:
    """Build the statement that deletes a batch of the tenant's rows. columns: primary key of the table."""
    # By a subquery: PostgreSQL has no limit for deletes, and one statement for a large table would exceed its timeout.
    key = ", ".join(columns)
    return Write(
        f"""
        delete from {table} where tenant_id = :tenant and ({key}) in (
            select {key} from {table} where tenant_id = :tenant limit :limit)
        """,
        types={"limit": BIG},
    )
