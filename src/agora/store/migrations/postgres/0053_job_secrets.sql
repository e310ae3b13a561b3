-- Secrets of coding jobs, for the environment of their agents: JSON, encrypted. Deleted once the job has ended.
create table coding_job_secrets (
    tenant_id text collate "C" not null,
    task_id text collate "C" not null,
    sealed bytea not null,
    created_at bigint not null,
    primary key (tenant_id, task_id)
);
