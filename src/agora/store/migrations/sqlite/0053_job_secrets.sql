-- Secrets of coding jobs, for the environment of their agents: JSON, encrypted. Deleted once the job has ended.
create table coding_job_secrets (
    tenant_id text not null,
    task_id text not null,
    sealed blob not null,
    created_at integer not null,
    primary key (tenant_id, task_id)
) without rowid;
