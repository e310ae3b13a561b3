-- Tokens that cost: prices of models, calls of models with their sums, and budgets of models and projects.
-- Amounts are integer millionths of a currency; prices are for a million tokens. '' stands for every model or project.

-- What operators have set beside the prices that come with the server. model: '*' for every one of the provider.
-- The row without provider and model has the markup of those without one of their own. markup: hundredths of a percent.
create table billing_model_prices (
    tenant_id text collate "C" not null,
    provider text collate "C" not null,
    model text collate "C" not null,
    currency text collate "C" not null,
    input_price bigint not null,
    output_price bigint not null,
    cache_read_price bigint,
    cache_write_price bigint,
    reasoning_price bigint,
    markup bigint,
    updated_at bigint not null,
    updated_by text collate "C" not null,
    primary key (tenant_id, provider, model)
);

-- One row for each entry of the ledger of kind model, and one with opposite amounts for its reversal.
-- input_tokens include those read from and written to a cache, output_tokens those of reasoning. cost: what was charged,
-- reductions deducted. base_cost: without the markup. first_token, duration: microseconds. is_estimate: 1 or 0.
create table billing_model_calls (
    tenant_id text collate "C" not null,
    entry_id text collate "C" not null,
    account_id text collate "C" not null,
    agent_id text collate "C" not null,
    task_id text collate "C" not null,
    project text collate "C" not null,
    provider text collate "C" not null,
    model text collate "C" not null,
    calls bigint not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    cache_read_tokens bigint not null,
    cache_write_tokens bigint not null,
    reasoning_tokens bigint not null,
    currency text collate "C" not null,
    cost bigint not null,
    base_cost bigint not null,
    is_estimate bigint not null,
    first_token bigint,
    duration bigint,
    period bigint not null,
    created_at bigint not null,
    primary key (tenant_id, entry_id)
);
create index billing_model_calls_account on billing_model_calls (tenant_id, account_id, entry_id);
create index billing_model_calls_agent on billing_model_calls (tenant_id, agent_id, entry_id);
create index billing_model_calls_task on billing_model_calls (tenant_id, task_id, entry_id) where task_id <> '';

-- Sums of the calls of a month, kept by a trigger: nobody else writes them.
create table billing_model_months (
    tenant_id text collate "C" not null,
    period bigint not null,
    account_id text collate "C" not null,
    agent_id text collate "C" not null,
    provider text collate "C" not null,
    model text collate "C" not null,
    project text collate "C" not null,
    currency text collate "C" not null,
    calls bigint not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    cache_read_tokens bigint not null,
    cache_write_tokens bigint not null,
    reasoning_tokens bigint not null,
    cost bigint not null,
    base_cost bigint not null,
    primary key (tenant_id, period, account_id, agent_id, provider, model, project, currency)
);
create index billing_model_months_agent on billing_model_months (tenant_id, period, agent_id);
create function billing_sum_model_calls() returns trigger language plpgsql as $$
begin
    -- Rows are locked in one order by everyone, so that nobody waits in a circle.
    insert into billing_model_months (tenant_id, period, account_id, agent_id, provider, model, project, currency,
        calls, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost,
        base_cost)
        select tenant_id, period, account_id, agent_id, provider, model, project, currency, sum(calls),
            sum(input_tokens), sum(output_tokens), sum(cache_read_tokens), sum(cache_write_tokens),
            sum(reasoning_tokens), sum(cost), sum(base_cost) from added
        group by tenant_id, period, account_id, agent_id, provider, model, project, currency order by
            tenant_id, period, account_id, agent_id, provider, model, project, currency
        on conflict (tenant_id, period, account_id, agent_id, provider, model, project, currency) do update set
            calls = billing_model_months.calls + excluded.calls, input_tokens =
                billing_model_months.input_tokens + excluded.input_tokens, output_tokens =
                billing_model_months.output_tokens + excluded.output_tokens, cache_read_tokens =
                billing_model_months.cache_read_tokens + excluded.cache_read_tokens, cache_write_tokens =
                billing_model_months.cache_write_tokens + excluded.cache_write_tokens, reasoning_tokens =
                billing_model_months.reasoning_tokens + excluded.reasoning_tokens, cost =
                billing_model_months.cost + excluded.cost, base_cost = billing_model_months.base_cost +
                excluded.base_cost;
    return null;
end $$;
create trigger billing_model_calls_summed after insert on billing_model_calls
    referencing new table as added for each statement execute function billing_sum_model_calls();
create trigger billing_model_calls_kept before update or delete on billing_model_calls
    for each row execute function billing_kept();

-- Budgets may be of a model (PROVIDER:MODEL) and of a project, too: those count what calls of models cost.
alter table billing_budgets add column model text collate "C" not null default '';
alter table billing_budgets add column project text collate "C" not null default '';
alter table billing_budgets drop constraint billing_budgets_pkey;
alter table billing_budgets add primary key (tenant_id, account_id, agent_id, currency, model, project);
-- What is reserved for the next call of a model, under the task's id with ':model' behind it.
alter table billing_reservations add column model text collate "C" not null default '';
alter table billing_reservations add column project text collate "C" not null default '';

-- How much of what a worker reported is in the ledger. What was reported before is not charged.
alter table token_usage add column charged_input bigint not null default 0;
alter table token_usage add column charged_output bigint not null default 0;
alter table token_usage add column charged_cost bigint not null default 0;
update token_usage set charged_input = input_tokens, charged_output = output_tokens, charged_cost = coalesce(cost, 0);
