-- Percentages off what an account is charged. until_at: null for ever.
create table billing_discounts (
    tenant_id text not null,
    account_id text not null,
    basis_points integer not null,
    until_at integer,
    updated_at integer not null,
    updated_by text not null,
    primary key (tenant_id, account_id)
) without rowid;
-- What each account gets of an agent without charge in each month. quantity: in the smallest unit, as in the ledger.
create table billing_free_quotas (
    tenant_id text not null,
    agent_id text not null,
    kind text not null,
    quantity integer not null,
    updated_at integer not null,
    updated_by text not null,
    primary key (tenant_id, agent_id, kind)
) without rowid;
-- Codes that give credit once to each account. Whose they were is in the ledger, under keys coupon:CODE:ACCOUNT.
create table billing_coupons (
    tenant_id text not null,
    code text not null,
    amount integer not null,
    currency text not null,
    expires_at integer,
    max_redemptions integer,
    redemptions integer not null,
    created_at integer not null,
    created_by text not null,
    primary key (tenant_id, code)
) without rowid;
