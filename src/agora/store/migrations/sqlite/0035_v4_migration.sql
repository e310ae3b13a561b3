-- What became of things of v4: agents, messages, tasks, workflows by the id they had there. run_id: the import that made
-- it, empty for a call. detail: what a rollback needs besides.
create table v4_mappings (
    tenant_id text not null,
    kind text not null,
    v4_key text not null,
    target text not null,
    run_id text not null,
    detail text not null,
    created_at integer not null,
    primary key (tenant_id, kind, v4_key)
) without rowid;
create index v4_mappings_run on v4_mappings (tenant_id, run_id, kind, v4_key);
create index v4_mappings_target on v4_mappings (tenant_id, target);

-- Imports of v4 exports. digest: of the file. positions, counts: JSON, by table.
create table v4_imports (
    tenant_id text not null,
    run_id text not null,
    source_database text not null,
    digest text not null,
    status text not null,
    positions text not null,
    counts text not null,
    started_at integer not null,
    finished_at integer,
    primary key (tenant_id, run_id)
) without rowid;

-- Calls of v4 agents, counted by day.
create table v4_calls (
    tenant_id text not null,
    day integer not null,
    agent text not null,
    reducer text not null,
    calls integer not null,
    last_at integer not null,
    primary key (tenant_id, day, agent, reducer)
) without rowid;
