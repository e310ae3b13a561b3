-- Instances: what can be run, where it can be run, what runs, and the intervals in which it ran.
-- Moments are microseconds since 1970, spans microseconds, memory bytes.

-- secrets: sealed JSON of credentials. revision counts the registrations of the manifest.
create table deployments (
    tenant_id text collate "C" not null,
    agent_id text collate "C" not null,
    revision bigint not null,
    manifest text not null,
    secrets bytea,
    max_instances bigint,
    registered_by text collate "C" not null,
    registered_at bigint not null,
    withdrawn_at bigint,
    primary key (tenant_id, agent_id)
);

-- kind: server (this marketplace's own) or agent (a hosting agent). capacity: JSON, as last measured.
create table hosts (
    tenant_id text collate "C" not null,
    host_id text collate "C" not null,
    name text collate "C" not null,
    kind text collate "C" not null,
    agent_id text collate "C",
    region text,
    engines text not null,
    capacity text not null,
    private bigint not null,
    closed bigint not null,
    seen_at bigint not null,
    created_at bigint not null,
    primary key (tenant_id, host_id)
);
create unique index hosts_name on hosts (tenant_id, name);

-- desired beside state. generation counts the starts. due_at: when its host has to look at it; null once it has ended.
-- reserved_memory, reserved_cpu (thousandths of a core): kept of its host. pool: 1 where it was made by scaling.
-- blocked: why it is paused though it is wanted running (budget, credit). failing: failed checks in a row.
-- failures: starts in a row that ended soon. cause: the message that asked for it. asked: the message to its hosting agent
-- that waits for an answer.
create table instances (
    tenant_id text collate "C" not null,
    instance_id text collate "C" not null,
    agent_id text collate "C" not null,
    account_id text collate "C" not null,
    created_by text collate "C" not null,
    request_key text collate "C",
    name text,
    pool bigint not null,
    desired text collate "C" not null,
    state text collate "C" not null,
    reason text,
    blocked text collate "C",
    generation bigint not null,
    host_id text collate "C" not null,
    engine text collate "C" not null,
    handle text,
    build text,
    config text not null,
    manifest text not null,
    revision bigint not null,
    secrets bytea,
    token_id text collate "C" not null,
    restore text collate "C",
    group_name text collate "C",
    beside text collate "C",
    reserved_memory bigint not null,
    reserved_cpu bigint not null,
    address text,
    health_url text,
    remote_id text,
    cause text collate "C",
    asked text collate "C",
    healthy bigint not null,
    seen_at bigint,
    error_count bigint not null,
    last_error text,
    failing bigint not null,
    failures bigint not null,
    restarts bigint not null,
    cpu_seconds double precision not null,
    cpu_percent double precision not null,
    memory bigint not null,
    received bigint,
    sent bigint,
    due_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    starting_at bigint,
    started_at bigint,
    stopped_at bigint,
    primary key (tenant_id, instance_id)
);
create index instances_due on instances (tenant_id, host_id, due_at) where due_at is not null;
create index instances_living on instances (tenant_id, host_id, instance_id) where stopped_at is null;
create index instances_account on instances (tenant_id, account_id, instance_id);
create index instances_agent on instances (tenant_id, agent_id, account_id, instance_id);
create index instances_asked on instances (tenant_id, asked) where asked is not null;
create index instances_ended on instances (tenant_id, stopped_at) where stopped_at is not null;
create unique index instances_request on instances (tenant_id, created_by, request_key) where request_key is not null;

-- Intervals in which an instance ran. measured: how much of it, by a clock that nobody sets; it grows until ended.
-- seen_at, ticks, boot: when that was, by the clock, by that other clock, and since which start of the machine.
create table instance_intervals (
    tenant_id text collate "C" not null,
    instance_id text collate "C" not null,
    number bigint not null,
    generation bigint not null,
    began bigint not null,
    measured bigint not null,
    seen_at bigint not null,
    ticks bigint not null,
    boot text collate "C" not null,
    ended bigint,
    primary key (tenant_id, instance_id, number)
);
create index instance_intervals_open on instance_intervals (tenant_id, instance_id) where ended is null;

-- deadline: after it nobody waits for the outcome any more. duration: measured.
create table instance_executions (
    tenant_id text collate "C" not null,
    execution_id text collate "C" not null,
    instance_id text collate "C" not null,
    agent_id text collate "C" not null,
    account_id text collate "C" not null,
    created_by text collate "C" not null,
    endpoint text not null,
    status text collate "C" not null,
    http_status bigint,
    error text,
    duration bigint,
    deadline bigint not null,
    created_at bigint not null,
    ended_at bigint,
    primary key (tenant_id, execution_id)
);
create index instance_executions_instance on instance_executions (tenant_id, instance_id, execution_id);
create index instance_executions_open on instance_executions (tenant_id, instance_id) where ended_at is null;
create index instance_executions_ended on instance_executions (tenant_id, ended_at) where ended_at is not null;

-- Executions in numbers. duration: of those that were completed.
create table instance_counters (
    tenant_id text collate "C" not null,
    instance_id text collate "C" not null,
    agent_id text collate "C" not null,
    completed bigint not null,
    failed bigint not null,
    duration bigint not null,
    primary key (tenant_id, agent_id, instance_id)
);

-- busy: executions under way on average, as a moving mean. calm_since: since when fewer instances would do.
create table instance_scaling (
    tenant_id text collate "C" not null,
    agent_id text collate "C" not null,
    account_id text collate "C" not null,
    least bigint not null,
    most bigint not null,
    target double precision not null,
    config text not null,
    desired bigint not null,
    busy double precision not null,
    calm_since bigint,
    retry_at bigint,
    problem text,
    updated_by text collate "C" not null,
    updated_at bigint not null,
    primary key (tenant_id, agent_id, account_id)
);

create table instance_backups (
    tenant_id text collate "C" not null,
    backup_id text collate "C" not null,
    instance_id text collate "C" not null,
    agent_id text collate "C" not null,
    account_id text collate "C" not null,
    host_id text collate "C" not null,
    size bigint not null,
    created_at bigint not null,
    primary key (tenant_id, backup_id)
);
