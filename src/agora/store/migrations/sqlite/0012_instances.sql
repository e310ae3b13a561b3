-- Instances: what can be run, where it can be run, what runs, and the intervals in which it ran.
-- Moments are microseconds since 1970, spans microseconds, memory bytes.

-- secrets: sealed JSON of credentials. revision counts the registrations of the manifest.
create table deployments (
    tenant_id text not null,
    agent_id text not null,
    revision integer not null,
    manifest text not null,
    secrets blob,
    max_instances integer,
    registered_by text not null,
    registered_at integer not null,
    withdrawn_at integer,
    primary key (tenant_id, agent_id)
) without rowid;

-- kind: server (this marketplace's own) or agent (a hosting agent). capacity: JSON, as last measured.
create table hosts (
    tenant_id text not null,
    host_id text not null,
    name text not null,
    kind text not null,
    agent_id text,
    region text,
    engines text not null,
    capacity text not null,
    private integer not null,
    closed integer not null,
    seen_at integer not null,
    created_at integer not null,
    primary key (tenant_id, host_id)
) without rowid;
create unique index hosts_name on hosts (tenant_id, name);

-- desired beside state. generation counts the starts. due_at: when its host has to look at it; null once it has ended.
-- reserved_memory, reserved_cpu (thousandths of a core): kept of its host. pool: 1 where it was made by scaling.
-- blocked: why it is paused though it is wanted running (budget, credit). failing: failed checks in a row.
-- failures: starts in a row that ended soon. cause: the message that asked for it. asked: the message to its hosting agent
-- that waits for an answer.
create table instances (
    tenant_id text not null,
    instance_id text not null,
    agent_id text not null,
    account_id text not null,
    created_by text not null,
    request_key text,
    name text,
    pool integer not null,
    desired text not null,
    state text not null,
    reason text,
    blocked text,
    generation integer not null,
    host_id text not null,
    engine text not null,
    handle text,
    build text,
    config text not null,
    manifest text not null,
    revision integer not null,
    secrets blob,
    token_id text not null,
    restore text,
    group_name text,
    beside text,
    reserved_memory integer not null,
    reserved_cpu integer not null,
    address text,
    health_url text,
    remote_id text,
    cause text,
    asked text,
    healthy integer not null,
    seen_at integer,
    error_count integer not null,
    last_error text,
    failing integer not null,
    failures integer not null,
    restarts integer not null,
    cpu_seconds real not null,
    cpu_percent real not null,
    memory integer not null,
    received integer,
    sent integer,
    due_at integer,
    created_at integer not null,
    updated_at integer not null,
    starting_at integer,
    started_at integer,
    stopped_at integer,
    primary key (tenant_id, instance_id)
) without rowid;
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
    tenant_id text not null,
    instance_id text not null,
    number integer not null,
    generation integer not null,
    began integer not null,
    measured integer not null,
    seen_at integer not null,
    ticks integer not null,
    boot text not null,
    ended integer,
    primary key (tenant_id, instance_id, number)
) without rowid;
create index instance_intervals_open on instance_intervals (tenant_id, instance_id) where ended is null;

-- deadline: after it nobody waits for the outcome any more. duration: measured.
create table instance_executions (
    tenant_id text not null,
    execution_id text not null,
    instance_id text not null,
    agent_id text not null,
    account_id text not null,
    created_by text not null,
    endpoint text not null,
    status text not null,
    http_status integer,
    error text,
    duration integer,
    deadline integer not null,
    created_at integer not null,
    ended_at integer,
    primary key (tenant_id, execution_id)
) without rowid;
create index instance_executions_instance on instance_executions (tenant_id, instance_id, execution_id);
create index instance_executions_open on instance_executions (tenant_id, instance_id) where ended_at is null;
create index instance_executions_ended on instance_executions (tenant_id, ended_at) where ended_at is not null;

-- Executions in numbers. duration: of those that were completed.
create table instance_counters (
    tenant_id text not null,
    instance_id text not null,
    agent_id text not null,
    completed integer not null,
    failed integer not null,
    duration integer not null,
    primary key (tenant_id, agent_id, instance_id)
) without rowid;

-- busy: executions under way on average, as a moving mean. calm_since: since when fewer instances would do.
create table instance_scaling (
    tenant_id text not null,
    agent_id text not null,
    account_id text not null,
    least integer not null,
    most integer not null,
    target real not null,
    config text not null,
    desired integer not null,
    busy real not null,
    calm_since integer,
    retry_at integer,
    problem text,
    updated_by text not null,
    updated_at integer not null,
    primary key (tenant_id, agent_id, account_id)
) without rowid;

create table instance_backups (
    tenant_id text not null,
    backup_id text not null,
    instance_id text not null,
    agent_id text not null,
    account_id text not null,
    host_id text not null,
    size integer not null,
    created_at integer not null,
    primary key (tenant_id, backup_id)
) without rowid;
