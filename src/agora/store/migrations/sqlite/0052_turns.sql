-- Turns of coding jobs that have ended. job_id: names the branch. files: JSON array of [path, status, blob], against the start.
create table coding_turns (
    tenant_id text not null,
    job_id text not null,
    number integer not null,
    task_id text not null,
    codebase_id text not null,
    session_id text not null,
    context_id text not null,
    requester text not null,
    owner text not null,
    prompt text not null,
    commit_id text not null,
    messages integer not null,
    files text not null,
    created_at integer not null,
    primary key (tenant_id, job_id, number)
);
