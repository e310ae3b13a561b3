-- Prices of tasks that were assigned and have not ended: what is reserved of the limits of whoever pays.
-- spender: the credential whose allowance it was taken from; '' where it has none.
create table billing_reservations (
    tenant_id text not null,
    task_id text not null,
    account_id text not null,
    agent_id text not null,
    currency text not null,
    amount integer not null,
    price_version integer not null,
    spender text not null,
    description text not null,
    created_at integer not null,
    primary key (tenant_id, task_id)
) without rowid;
create index billing_reservations_account on billing_reservations (tenant_id, account_id, currency, agent_id, amount);
create index billing_reservations_agent on billing_reservations (tenant_id, agent_id, currency, amount);

-- The version of its assignee's price that was agreed on; null where it costs nothing.
alter table tasks add column price_version integer;

-- Tasks of before: at the price that their agent had when they were given, those that were completed and are not charged too.
insert into billing_reservations (tenant_id, task_id, account_id, agent_id, currency, amount, price_version, spender,
        description, created_at)
    select t.tenant_id, t.task_id,
        case when t.account_id = 'default' and t.created_by not in ('operator', 'system', 'anonymous')
            then t.created_by else t.account_id end,
        p.agent_id, p.currency, case p.type when 'per_request' then p.price else p.task_price end, p.version, '',
        t.task_type, t.created_at
    from tasks as t join billing_prices as p on p.tenant_id = t.tenant_id and p.agent_id = t.assigned_agent
    where p.version = (select max(q.version) from billing_prices as q where q.tenant_id = p.tenant_id
            and q.agent_id = p.agent_id and q.effective_from <= t.created_at)
        and case p.type when 'per_request' then p.price else p.task_price end > 0
        and t.assignee is not null and t.assignee not like 'capability:%'
        and (t.completed_at is null or t.status = 'completed')
        and not exists (select 1 from billing_ledger as l where l.tenant_id = t.tenant_id
            and l.key = 'task:' || t.task_id);
update tasks set price_version = (select r.price_version from billing_reservations as r
        where r.tenant_id = tasks.tenant_id and r.task_id = tasks.task_id)
    where exists (select 1 from billing_reservations as r
        where r.tenant_id = tasks.tenant_id and r.task_id = tasks.task_id);

-- What credentials that act for an account may commit it to: instances' own have one each, of nothing unless granted.
create table billing_allowances (
    tenant_id text not null,
    subject text not null,
    currency text not null,
    amount integer not null,
    used integer not null,
    primary key (tenant_id, subject)
) without rowid;
insert into billing_allowances (tenant_id, subject, currency, amount, used)
    select tenant_id, token_id, '', 0, 0 from instances where stopped_at is null;
