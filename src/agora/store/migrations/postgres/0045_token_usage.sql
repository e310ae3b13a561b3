-- Tokens that the work on a task has taken, as its worker reported: totals for each model, never less than before.
-- account_id: who pays for the task. cost: what the provider charges, in millionths of the currency. is_estimate: 1 or 0.
create table token_usage (
    tenant_id text not null,
    task_id text not null,
    model text not null,
    agent_id text not null,
    account_id text not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    cost bigint,
    currency text,
    is_estimate bigint not null,
    reported_at bigint not null,
    primary key (tenant_id, task_id, model)
);
create index token_usage_account on token_usage (tenant_id, account_id, task_id);
