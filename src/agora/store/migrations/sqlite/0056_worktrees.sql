-- What the worktrees of a codebase use of its worker's disk, as the worker has reported. worktrees: JSON.
create table coding_worktrees (
    tenant_id text not null,
    codebase_id text not null,
    worktrees text not null,
    reported_at integer not null,
    primary key (tenant_id, codebase_id)
) without rowid;
