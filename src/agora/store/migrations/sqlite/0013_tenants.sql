-- Tenants: the marketplaces of this installation. One that is not here yet is one from before; it goes on.

-- status: active, suspended, deleting (its rows are being erased). metadata: JSON.
create table tenants (
    tenant_id text primary key,
    name text not null,
    status text not null,
    reason text not null,
    metadata text not null,
    created_at integer not null,
    created_by text not null,
    status_since integer not null,
    updated_at integer not null
) without rowid;

insert into tenants
    select tenant_id, tenant_id, 'active', '', '{}', 0, 'system', 0, 0
    from (select 'default' as tenant_id union select tenant_id from events union select tenant_id from agents
        union select tenant_id from tokens);

-- What was written stays as it is, as long as there is the tenant.
drop trigger billing_prices_kept_all;
drop trigger billing_ledger_kept_all;
drop trigger billing_invoices_kept_all;
drop trigger billing_invoice_lines_kept_all;
create trigger billing_prices_kept_all before delete on billing_prices
    when not exists (select 1 from tenants where tenant_id = old.tenant_id and status = 'deleting')
    begin select raise(abort, 'prices are never deleted'); end;
create trigger billing_ledger_kept_all before delete on billing_ledger
    when not exists (select 1 from tenants where tenant_id = old.tenant_id and status = 'deleting')
    begin select raise(abort, 'the ledger is never deleted'); end;
create trigger billing_invoices_kept_all before delete on billing_invoices
    when not exists (select 1 from tenants where tenant_id = old.tenant_id and status = 'deleting')
    begin select raise(abort, 'invoices are never deleted'); end;
create trigger billing_invoice_lines_kept_all before delete on billing_invoice_lines
    when not exists (select 1 from tenants where tenant_id = old.tenant_id and status = 'deleting')
    begin select raise(abort, 'invoices are never deleted'); end;
