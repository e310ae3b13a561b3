-- A2A: what a task needs to be one of that protocol, push notifications, cards, agents elsewhere.

-- context_id: groups tasks of one conversation; where it is null, the task is a conversation of its own.
-- said: characters of messages and artifacts in the log. status_at: when the status changed, or
-- something was said of it; status_entry: number of the log's entry about that.
alter table tasks add column context_id text collate "C";
alter table tasks add column said bigint not null default 0;
alter table tasks add column status_at bigint not null default 0;
alter table tasks add column status_entry bigint not null default 0;
update tasks set status_at = updated_at;
create index tasks_context on tasks (tenant_id, context_id, task_id) where context_id is not null;
create index tasks_status on tasks (tenant_id, created_by, status_at, task_id);

create index agents_builtin on agents (tenant_id, agent_id) where account_id = 'builtin' and retired_at is null;

-- Where updates of a task are posted. credentials: sealed.
create table a2a_push_configs (
    tenant_id text collate "C" not null,
    task_id text collate "C" not null,
    config_id text collate "C" not null,
    owner text collate "C" not null,
    url text not null,
    token text,
    scheme text collate "C",
    credentials bytea,
    private bigint not null,
    created_at bigint not null,
    primary key (tenant_id, task_id, config_id)
);

-- Fields of agent cards that win over those made from the registration, as JSON. extended: for authenticated callers.
create table a2a_cards (
    tenant_id text collate "C" not null,
    agent_id text collate "C" not null,
    card text,
    extended text,
    updated_at bigint not null,
    updated_by text collate "C" not null,
    primary key (tenant_id, agent_id)
);

-- Agents elsewhere. interface: what of its card is spoken, as JSON. secrets: sealed headers.
-- private: whether it may be at a private address. revision: raised by what needs another connection.
create table a2a_remotes (
    tenant_id text collate "C" not null,
    agent_id text collate "C" not null,
    url text not null,
    interface text,
    card text,
    secrets bytea,
    private bigint not null,
    timeout double precision not null,
    revision bigint not null,
    state text collate "C" not null,
    error text,
    checked_at bigint,
    refreshed_at bigint,
    created_by text collate "C" not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (tenant_id, agent_id)
);
