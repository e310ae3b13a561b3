-- What became of things of v4: agents, messages, tasks, workflows by the id they had there. run_id: the import that made
-- it, empty for a call. detail: what a rollback needs besides.
create table v4_mappings (
    tenant_id text collate "C" not null,
    kind text collate "C" not null,
    v4_key text collate "C" not null,
    target text collate "C" not null,
    run_id text collate "C" not null,
    detail text not null,
    created_at bigint not null,
    primary key (tenant_id, kind, v4_key)
);
create index v4_mappings_run on v4_mappings (tenant_id, run_id, kind, v4_key);
create index v4_mappings_target on v4_mappings (tenant_id, target);

-- Imports of v4 exports. digest: of the file. positions, counts: JSON, by table.
create table v4_imports (
    tenant_id text collate "C" not null,
    run_id text collate "C" not null,
    source_database text collate "C" not null,
    digest text collate "C" not null,
    status text collate "C" not null,
    positions text not null,
    counts text not null,
    started_at bigint not null,
    finished_at bigint,
    primary key (tenant_id, run_id)
);

-- Calls of v4 agents, counted by day.
create table v4_calls (
    tenant_id text collate "C" not null,
    day bigint not null,
    agent text collate "C" not null,
    reducer text collate "C" not null,
    calls bigint not null,
    last_at bigint not null,
    primary key (tenant_id, day, agent, reducer)
);
