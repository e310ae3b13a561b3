-- Turns of coding jobs that have ended. job_id: names the branch. files: JSON array of [path, status, blob], against the start.
create table coding_turns (
    tenant_id text collate "C" not null,
    job_id text collate "C" not null,
    number bigint not null,
    task_id text collate "C" not null,
    codebase_id text collate "C" not null,
    session_id text collate "C" not null,
    context_id text collate "C" not null,
    requester text collate "C" not null,
    owner text collate "C" not null,
    prompt text not null,
    commit_id text collate "C" not null,
    messages bigint not null,
    files text not null,
    created_at bigint not null,
    primary key (tenant_id, job_id, number)
);
