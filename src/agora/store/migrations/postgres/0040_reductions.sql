-- Percentages off what an account is charged. until_at: null for ever.
create table billing_discounts (
    tenant_id text collate "C" not null,
    account_id text collate "C" not null,
    basis_points bigint not null,
    until_at bigint,
    updated_at bigint not null,
    updated_by text collate "C" not null,
    primary key (tenant_id, account_id)
);
-- What each account gets of an agent without charge in each month. quantity: in the smallest unit, as in the ledger.
create table billing_free_quotas (
    tenant_id text collate "C" not null,
    agent_id text collate "C" not null,
    kind text collate "C" not null,
    quantity bigint not null,
    updated_at bigint not null,
    updated_by text collate "C" not null,
    primary key (tenant_id, agent_id, kind)
);
-- Codes that give credit once to each account. Whose they were is in the ledger, under keys coupon:CODE:ACCOUNT.
create table billing_coupons (
    tenant_id text collate "C" not null,
    code text collate "C" not null,
    amount bigint not null,
    currency text collate "C" not null,
    expires_at bigint,
    max_redemptions bigint,
    redemptions bigint not null,
    created_at bigint not null,
    created_by text collate "C" not null,
    primary key (tenant_id, code)
);
