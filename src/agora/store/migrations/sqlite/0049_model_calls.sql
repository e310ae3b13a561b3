-- Tokens that cost: prices of models, calls of models with their sums, and budgets of models and projects.
-- Amounts are integer millionths of a currency; prices are for a million tokens. '' stands for every model or project.

-- What operators have set beside the prices that come with the server. model: '*' for every one of the provider.
-- The row without provider and model has the markup of those without one of their own. markup: hundredths of a percent.
create table billing_model_prices (
    tenant_id text not null,
    provider text not null,
    model text not null,
    currency text not null,
    input_price integer not null,
    output_price integer not null,
    cache_read_price integer,
    cache_write_price integer,
    reasoning_price integer,
    markup integer,
    updated_at integer not null,
    updated_by text not null,
    primary key (tenant_id, provider, model)
) without rowid;

-- One row for each entry of the ledger of kind model, and one with opposite amounts for its reversal.
-- input_tokens include those read from and written to a cache, output_tokens those of reasoning. cost: what was charged,
-- reductions deducted. base_cost: without the markup. first_token, duration: microseconds. is_estimate: 1 or 0.
create table billing_model_calls (
    tenant_id text not null,
    entry_id text not null,
    account_id text not null,
    agent_id text not null,
    task_id text not null,
    project text not null,
    provider text not null,
    model text not null,
    calls integer not null,
    input_tokens integer not null,
    output_tokens integer not null,
    cache_read_tokens integer not null,
    cache_write_tokens integer not null,
    reasoning_tokens integer not null,
    currency text not null,
    cost integer not null,
    base_cost integer not null,
    is_estimate integer not null,
    first_token integer,
    duration integer,
    period integer not null,
    created_at integer not null,
    primary key (tenant_id, entry_id)
) without rowid;
create index billing_model_calls_account on billing_model_calls (tenant_id, account_id, entry_id);
create index billing_model_calls_agent on billing_model_calls (tenant_id, agent_id, entry_id);
create index billing_model_calls_task on billing_model_calls (tenant_id, task_id, entry_id) where task_id <> '';

-- Sums of the calls of a month, kept by a trigger: nobody else writes them.
create table billing_model_months (
    tenant_id text not null,
    period integer not null,
    account_id text not null,
    agent_id text not null,
    provider text not null,
    model text not null,
    project text not null,
    currency text not null,
    calls integer not null,
    input_tokens integer not null,
    output_tokens integer not null,
    cache_read_tokens integer not null,
    cache_write_tokens integer not null,
    reasoning_tokens integer not null,
    cost integer not null,
    base_cost integer not null,
    primary key (tenant_id, period, account_id, agent_id, provider, model, project, currency)
) without rowid;
create index billing_model_months_agent on billing_model_months (tenant_id, period, agent_id);
create trigger billing_model_calls_summed after insert on billing_model_calls
begin
    insert into billing_model_months (tenant_id, period, account_id, agent_id, provider, model, project, currency,
        calls, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost,
        base_cost)
        values (new.tenant_id, new.period, new.account_id, new.agent_id, new.provider, new.model, new.project,
            new.currency, new.calls, new.input_tokens, new.output_tokens, new.cache_read_tokens,
            new.cache_write_tokens, new.reasoning_tokens, new.cost, new.base_cost)
        on conflict do update set calls = calls + excluded.calls, input_tokens = input_tokens +
            excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens, cache_read_tokens =
            cache_read_tokens + excluded.cache_read_tokens, cache_write_tokens = cache_write_tokens +
            excluded.cache_write_tokens, reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens, cost
            = cost + excluded.cost, base_cost = base_cost + excluded.base_cost;
end;
create trigger billing_model_calls_kept before update on billing_model_calls
    begin select raise(abort, 'calls of models are never changed'); end;
create trigger billing_model_calls_kept_all before delete on billing_model_calls
    begin select raise(abort, 'calls of models are never deleted'); end;

-- Budgets may be of a model (PROVIDER:MODEL) and of a project, too: those count what calls of models cost.
create table billing_budgets_extended (
    tenant_id text not null,
    account_id text not null,
    agent_id text not null,
    currency text not null,
    model text not null,
    project text not null,
    soft_limit integer,
    hard_limit integer,
    prepaid integer not null,
    warned integer not null,
    exhausted integer not null,
    set_by text not null,
    updated_at integer not null,
    updated_by text not null,
    primary key (tenant_id, account_id, agent_id, currency, model, project)
) without rowid;
insert into billing_budgets_extended (tenant_id, account_id, agent_id, currency, model, project, soft_limit, hard_limit,
        prepaid, warned, exhausted, set_by, updated_at, updated_by)
    select tenant_id, account_id, agent_id, currency, '', '', soft_limit, hard_limit, prepaid, warned, exhausted, set_by,
        updated_at, updated_by from billing_budgets;
drop table billing_budgets;
alter table billing_budgets_extended rename to billing_budgets;
-- What is reserved for the next call of a model, under the task's id with ':model' behind it.
alter table billing_reservations add column model text not null default '';
alter table billing_reservations add column project text not null default '';

-- How much of what a worker reported is in the ledger. What was reported before is not charged.
alter table token_usage add column charged_input integer not null default 0;
alter table token_usage add column charged_output integer not null default 0;
alter table token_usage add column charged_cost integer not null default 0;
update token_usage set charged_input = input_tokens, charged_output = output_tokens, charged_cost = coalesce(cost, 0);
