-- What the worktrees of a codebase use of its worker's disk, as the worker has reported. worktrees: JSON.
create table coding_worktrees (
    tenant_id text collate "C" not null,
    codebase_id text collate "C" not null,
    worktrees text not null,
    reported_at bigint not null,
    primary key (tenant_id, codebase_id)
);
