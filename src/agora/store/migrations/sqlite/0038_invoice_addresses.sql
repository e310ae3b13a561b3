-- Who an account is, as invoices show it.
create table billing_profiles (
    tenant_id text not null,
    account_id text not null,
    name text not null,
    address text not null,
    tax_id text not null,
    email text not null,
    updated_at integer not null,
    updated_by text not null,
    primary key (tenant_id, account_id)
) without rowid;
-- What an invoice says beside its figures, as it was when it was issued: JSON with issuer, customer, tax_name, tax_rate, due_at.
alter table billing_invoices add column details text;
