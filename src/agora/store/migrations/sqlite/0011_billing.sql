-- Billing: prices, the ledger and its sums, budgets, running instances, invoices.
-- Amounts are integer millionths of a currency; quantities are in the smallest unit (time: microseconds).
-- Days are integers YYYYMMDD, periods integers YYYYMM, both of UTC. '' stands for no account, agent or instance.

-- Versions of prices; the highest that has begun is in force. price: for a request, a minute, an hour or a usage_unit.
create table billing_prices (
    tenant_id text not null,
    agent_id text not null,
    version integer not null,
    type text not null,
    currency text not null,
    price integer not null,
    base_price integer not null,
    task_price integer not null,
    usage_unit text,
    input_price integer not null,
    output_price integer not null,
    effective_from integer not null,
    created_at integer not null,
    created_by text not null,
    primary key (tenant_id, agent_id, version)
) without rowid;

-- amount: what the account owes for it, negative what it was given.
create table billing_ledger (
    tenant_id text not null,
    entry_id text not null,
    key text not null,
    account_id text not null,
    agent_id text not null,
    instance_id text not null,
    kind text not null,
    quantity integer not null,
    price_version integer not null,
    currency text not null,
    amount integer not null,
    began integer not null,
    ended integer not null,
    day integer not null,
    description text not null,
    reverses text,
    created_at integer not null,
    created_by text not null,
    primary key (tenant_id, entry_id)
) without rowid;
create unique index billing_ledger_key on billing_ledger (tenant_id, key);
create index billing_ledger_account on billing_ledger (tenant_id, account_id, entry_id);
create index billing_ledger_agent on billing_ledger (tenant_id, agent_id, entry_id);
create index billing_ledger_instance on billing_ledger (tenant_id, instance_id, entry_id) where instance_id <> '';

-- Sums of the ledger, kept by triggers: nobody else writes their sums.
create table billing_days (
    tenant_id text not null,
    account_id text not null,
    currency text not null,
    day integer not null,
    agent_id text not null,
    kind text not null,
    quantity integer not null,
    amount integer not null,
    entries integer not null,
    primary key (tenant_id, account_id, currency, day, agent_id, kind)
) without rowid;
create index billing_days_agent on billing_days (tenant_id, agent_id, day);
create index billing_days_day on billing_days (tenant_id, day);
create table billing_instances (
    tenant_id text not null,
    instance_id text not null,
    account_id text not null,
    agent_id text not null,
    currency text not null,
    kind text not null,
    price_version integer not null,
    quantity integer not null,
    amount integer not null,
    entries integer not null,
    primary key (tenant_id, instance_id, account_id, agent_id, currency, kind, price_version)
) without rowid;
-- scope: account or agent. invoiced: how many of an account's entries are on invoices.
create table billing_totals (
    tenant_id text not null,
    scope text not null,
    ref text not null,
    currency text not null,
    period integer not null,
    charged integer not null,
    credited integer not null,
    entries integer not null,
    invoiced integer not null,
    primary key (tenant_id, scope, ref, currency, period)
) without rowid;
create index billing_totals_account on billing_totals (tenant_id, period) where scope = 'account';

create trigger billing_ledger_summed after insert on billing_ledger
begin
    insert into billing_days
        values (new.tenant_id, new.account_id, new.currency, new.day, new.agent_id, new.kind, new.quantity, new.amount, 1)
        on conflict do update set quantity = quantity + excluded.quantity, amount = amount + excluded.amount,
            entries = entries + 1;
    insert into billing_instances
        select new.tenant_id, new.instance_id, new.account_id, new.agent_id, new.currency, new.kind, new.price_version,
            new.quantity, new.amount, 1 where new.instance_id <> ''
        on conflict do update set quantity = quantity + excluded.quantity, amount = amount + excluded.amount,
            entries = entries + 1;
    insert into billing_totals
        values (new.tenant_id, 'account', new.account_id, new.currency, new.day / 100,
            iif(new.kind in ('credit', 'payment'), 0, new.amount), iif(new.kind in ('credit', 'payment'), -new.amount, 0),
            1, 0)
        on conflict do update set charged = charged + excluded.charged, credited = credited + excluded.credited,
            entries = entries + 1;
    insert into billing_totals
        select new.tenant_id, 'agent', new.agent_id, new.currency, new.day / 100, new.amount, 0, 1, 0
        where new.agent_id <> ''
        on conflict do update set charged = charged + excluded.charged, entries = entries + 1;
end;

-- warned, exhausted: the last period in which the limit was told of.
create table billing_budgets (
    tenant_id text not null,
    account_id text not null,
    agent_id text not null,
    currency text not null,
    soft_limit integer,
    hard_limit integer,
    prepaid integer not null,
    warned integer not null,
    exhausted integer not null,
    set_by text not null,
    updated_at integer not null,
    updated_by text not null,
    primary key (tenant_id, account_id, agent_id, currency)
) without rowid;

-- Instances whose time is measured: one row to be locked by whoever bills it.
create table billing_meters (
    tenant_id text not null,
    instance_id text not null,
    billed_at integer not null,
    primary key (tenant_id, instance_id)
) without rowid;
-- Their running intervals. measured, billed: microseconds of it that were measured, and that are in the ledger.
-- accrued: what the rest will cost. day: of its newest moment. state: open, closed.
create table billing_runs (
    tenant_id text not null,
    instance_id text not null,
    number integer not null,
    account_id text not null,
    agent_id text not null,
    began integer not null,
    measured integer not null,
    billed integer not null,
    accrued integer not null,
    currency text not null,
    day integer not null,
    state text not null,
    primary key (tenant_id, instance_id, number)
) without rowid;
create index billing_runs_open on billing_runs (tenant_id, account_id) where state = 'open';

-- invoices: how many were issued. position: sequence of the last event that was billed.
create table billing_heads (
    tenant_id text not null,
    invoices integer not null,
    position integer not null,
    primary key (tenant_id)
) without rowid;
create table billing_invoices (
    tenant_id text not null,
    invoice_id text not null,
    number integer not null,
    account_id text not null,
    currency text not null,
    period integer not null,
    opening integer not null,
    charges integer not null,
    credits integer not null,
    issued_at integer not null,
    primary key (tenant_id, invoice_id)
) without rowid;
create unique index billing_invoices_number on billing_invoices (tenant_id, number);
create unique index billing_invoices_account on billing_invoices (tenant_id, account_id, currency, period);
create table billing_invoice_lines (
    tenant_id text not null,
    account_id text not null,
    currency text not null,
    invoice_id text not null,
    period integer not null,
    agent_id text not null,
    agent_name text not null,
    kind text not null,
    quantity integer not null,
    amount integer not null,
    entries integer not null,
    primary key (tenant_id, account_id, currency, invoice_id, period, agent_id, kind)
) without rowid;

-- What was written stays as it is.
create trigger billing_prices_kept before update on billing_prices begin select raise(abort, 'prices are never changed'); end;
create trigger billing_prices_kept_all before delete on billing_prices begin select raise(abort, 'prices are never deleted'); end;
create trigger billing_ledger_kept before update on billing_ledger begin select raise(abort, 'the ledger is never changed'); end;
create trigger billing_ledger_kept_all before delete on billing_ledger begin select raise(abort, 'the ledger is never deleted'); end;
create trigger billing_invoices_kept before update on billing_invoices begin select raise(abort, 'invoices are never changed'); end;
create trigger billing_invoices_kept_all before delete on billing_invoices begin select raise(abort, 'invoices are never deleted'); end;
create trigger billing_invoice_lines_kept before update on billing_invoice_lines begin select raise(abort, 'invoices are never changed'); end;
create trigger billing_invoice_lines_kept_all before delete on billing_invoice_lines begin select raise(abort, 'invoices are never deleted'); end;

-- Who belongs to an account, those that have left too.
create index agents_developer on agents (tenant_id, account_id, agent_id) where account_id <> 'default';
create index tokens_account on tokens (tenant_id, account_id) where account_id <> 'default';
