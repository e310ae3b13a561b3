-- Tenants: the marketplaces of this installation. One that is not here yet is one from before; it goes on.
-- Who may see which rows is not here: policies, roles and grants are in protection.sql, which is run after migrations.

-- status: active, suspended, deleting (its rows are being erased). metadata: JSON.
create table tenants (
    tenant_id text collate "C" primary key,
    name text not null,
    status text collate "C" not null,
    reason text not null,
    metadata text not null,
    created_at bigint not null,
    created_by text collate "C" not null,
    status_since bigint not null,
    updated_at bigint not null
);

insert into tenants
    select tenant_id, tenant_id, 'active', '', '{}', 0, 'system', 0, 0
    from (select 'default' as tenant_id union select tenant_id from event_heads union select tenant_id from agents
        union select tenant_id from tokens) as known;

-- The tenant whose rows this transaction may see; null, which equals nothing, where none was set.
create function get_current_tenant_id() returns text language sql stable parallel safe
    return nullif(current_setting('app.current_tenant_id', true), '');

-- What was written stays as it is, as long as there is the tenant.
create or replace function billing_kept() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and exists (select from tenants where tenant_id = old.tenant_id and status = 'deleting') then
        return old;
    end if;
    raise exception '% is never changed', tg_table_name;
end $$;
