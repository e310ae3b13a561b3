-- Who an account is, as invoices show it.
create table billing_profiles (
    tenant_id text collate "C" not null,
    account_id text collate "C" not null,
    name text not null,
    address text not null,
    tax_id text not null,
    email text not null,
    updated_at bigint not null,
    updated_by text collate "C" not null,
    primary key (tenant_id, account_id)
);
-- What an invoice says beside its figures, as it was when it was issued: JSON with issuer, customer, tax_name, tax_rate, due_at.
alter table billing_invoices add column details text;
