-- Billing: prices, the ledger and its sums, budgets, running instances, invoices.
-- Amounts are integer millionths of a currency; quantities are in the smallest unit (time: microseconds).
-- Days are integers YYYYMMDD, periods integers YYYYMM, both of UTC. '' stands for no account, agent or instance.

-- Versions of prices; the highest that has begun is in force. price: for a request, a minute, an hour or a usage_unit.
create table billing_prices (
    tenant_id text collate "C" not null,
    agent_id text collate "C" not null,
    version bigint not null,
    type text collate "C" not null,
    currency text collate "C" not null,
    price bigint not null,
    base_price bigint not null,
    task_price bigint not null,
    usage_unit text collate "C",
    input_price bigint not null,
    output_price bigint not null,
    effective_from bigint not null,
    created_at bigint not null,
    created_by text collate "C" not null,
    primary key (tenant_id, agent_id, version)
);

-- amount: what the account owes for it, negative what it was given.
create table billing_ledger (
    tenant_id text collate "C" not null,
    entry_id text collate "C" not null,
    key text collate "C" not null,
    account_id text collate "C" not null,
    agent_id text collate "C" not null,
    instance_id text collate "C" not null,
    kind text collate "C" not null,
    quantity bigint not null,
    price_version bigint not null,
    currency text collate "C" not null,
    amount bigint not null,
    began bigint not null,
    ended bigint not null,
    day bigint not null,
    description text not null,
    reverses text collate "C",
    created_at bigint not null,
    created_by text collate "C" not null,
    primary key (tenant_id, entry_id)
);
create unique index billing_ledger_key on billing_ledger (tenant_id, key);
create index billing_ledger_account on billing_ledger (tenant_id, account_id, entry_id);
create index billing_ledger_agent on billing_ledger (tenant_id, agent_id, entry_id);
create index billing_ledger_instance on billing_ledger (tenant_id, instance_id, entry_id) where instance_id <> '';

-- Sums of the ledger, kept by triggers: nobody else writes their sums.
create table billing_days (
    tenant_id text collate "C" not null,
    account_id text collate "C" not null,
    currency text collate "C" not null,
    day bigint not null,
    agent_id text collate "C" not null,
    kind text collate "C" not null,
    quantity bigint not null,
    amount bigint not null,
    entries bigint not null,
    primary key (tenant_id, account_id, currency, day, agent_id, kind)
);
create index billing_days_agent on billing_days (tenant_id, agent_id, day);
create index billing_days_day on billing_days (tenant_id, day);
create table billing_instances (
    tenant_id text collate "C" not null,
    instance_id text collate "C" not null,
    account_id text collate "C" not null,
    agent_id text collate "C" not null,
    currency text collate "C" not null,
    kind text collate "C" not null,
    price_version bigint not null,
    quantity bigint not null,
    amount bigint not null,
    entries bigint not null,
    primary key (tenant_id, instance_id, account_id, agent_id, currency, kind, price_version)
);
-- scope: account or agent. invoiced: how many of an account's entries are on invoices.
create table billing_totals (
    tenant_id text collate "C" not null,
    scope text collate "C" not null,
    ref text collate "C" not null,
    currency text collate "C" not null,
    period bigint not null,
    charged bigint not null,
    credited bigint not null,
    entries bigint not null,
    invoiced bigint not null,
    primary key (tenant_id, scope, ref, currency, period)
);
create index billing_totals_account on billing_totals (tenant_id, period) where scope = 'account';

create function billing_sum() returns trigger language plpgsql as $$
begin
    -- Rows are locked in one order by everyone, so that nobody waits in a circle.
    insert into billing_days
        select tenant_id, account_id, currency, day, agent_id, kind, sum(quantity), sum(amount), count(*) from added
        group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
        on conflict (tenant_id, account_id, currency, day, agent_id, kind) do update set
            quantity = billing_days.quantity + excluded.quantity, amount = billing_days.amount + excluded.amount,
            entries = billing_days.entries + excluded.entries;
    insert into billing_instances
        select tenant_id, instance_id, account_id, agent_id, currency, kind, price_version,
            sum(quantity), sum(amount), count(*) from added where instance_id <> ''
        group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2, 3, 4, 5, 6, 7
        on conflict (tenant_id, instance_id, account_id, agent_id, currency, kind, price_version) do update set
            quantity = billing_instances.quantity + excluded.quantity,
            amount = billing_instances.amount + excluded.amount,
            entries = billing_instances.entries + excluded.entries;
    insert into billing_totals
        select tenant_id, scope, ref, currency, period, sum(charged), sum(credited), count(*), 0
        from (
            select tenant_id, 'account' as scope, account_id as ref, currency, day / 100 as period,
                case when kind in ('credit', 'payment') then 0 else amount end as charged,
                case when kind in ('credit', 'payment') then -amount else 0 end as credited
            from added
            union all
            select tenant_id, 'agent', agent_id, currency, day / 100, amount, 0 from added where agent_id <> ''
        ) as parts
        group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
        on conflict (tenant_id, scope, ref, currency, period) do update set
            charged = billing_totals.charged + excluded.charged, credited = billing_totals.credited + excluded.credited,
            entries = billing_totals.entries + excluded.entries;
    return null;
end $$;
create trigger billing_ledger_summed after insert on billing_ledger
    referencing new table as added for each statement execute function billing_sum();

-- warned, exhausted: the last period in which the limit was told of.
create table billing_budgets (
    tenant_id text collate "C" not null,
    account_id text collate "C" not null,
    agent_id text collate "C" not null,
    currency text collate "C" not null,
    soft_limit bigint,
    hard_limit bigint,
    prepaid bigint not null,
    warned bigint not null,
    exhausted bigint not null,
    set_by text collate "C" not null,
    updated_at bigint not null,
    updated_by text collate "C" not null,
    primary key (tenant_id, account_id, agent_id, currency)
);

-- Instances whose time is measured: one row to be locked by whoever bills it.
create table billing_meters (
    tenant_id text collate "C" not null,
    instance_id text collate "C" not null,
    billed_at bigint not null,
    primary key (tenant_id, instance_id)
);
-- Their running intervals. measured, billed: microseconds of it that were measured, and that are in the ledger.
-- accrued: what the rest will cost. day: of its newest moment. state: open, closed.
create table billing_runs (
    tenant_id text collate "C" not null,
    instance_id text collate "C" not null,
    number bigint not null,
    account_id text collate "C" not null,
    agent_id text collate "C" not null,
    began bigint not null,
    measured bigint not null,
    billed bigint not null,
    accrued bigint not null,
    currency text collate "C" not null,
    day bigint not null,
    state text collate "C" not null,
    primary key (tenant_id, instance_id, number)
);
create index billing_runs_open on billing_runs (tenant_id, account_id) where state = 'open';

-- invoices: how many were issued. position: sequence of the last event that was billed.
create table billing_heads (
    tenant_id text collate "C" not null,
    invoices bigint not null,
    position bigint not null,
    primary key (tenant_id)
);
create table billing_invoices (
    tenant_id text collate "C" not null,
    invoice_id text collate "C" not null,
    number bigint not null,
    account_id text collate "C" not null,
    currency text collate "C" not null,
    period bigint not null,
    opening bigint not null,
    charges bigint not null,
    credits bigint not null,
    issued_at bigint not null,
    primary key (tenant_id, invoice_id)
);
create unique index billing_invoices_number on billing_invoices (tenant_id, number);
create unique index billing_invoices_account on billing_invoices (tenant_id, account_id, currency, period);
create table billing_invoice_lines (
    tenant_id text collate "C" not null,
    account_id text collate "C" not null,
    currency text collate "C" not null,
    invoice_id text collate "C" not null,
    period bigint not null,
    agent_id text collate "C" not null,
    agent_name text not null,
    kind text collate "C" not null,
    quantity bigint not null,
    amount bigint not null,
    entries bigint not null,
    primary key (tenant_id, account_id, currency, invoice_id, period, agent_id, kind)
);

-- What was written stays as it is.
create function billing_kept() returns trigger language plpgsql as $$
begin
    raise exception '% is never changed', tg_table_name;
end $$;
create trigger billing_prices_kept before update or delete on billing_prices
    for each row execute function billing_kept();
create trigger billing_ledger_kept before update or delete on billing_ledger
    for each row execute function billing_kept();
create trigger billing_invoices_kept before update or delete on billing_invoices
    for each row execute function billing_kept();
create trigger billing_invoice_lines_kept before update or delete on billing_invoice_lines
    for each row execute function billing_kept();

-- Who belongs to an account, those that have left too.
create index agents_developer on agents (tenant_id, account_id, agent_id) where account_id <> 'default';
create index tokens_account on tokens (tenant_id, account_id) where account_id <> 'default';
