-- What people say to coding jobs. number: orders those of a task. mode: queued or steering. taken: orders those that the worker
-- has taken; null until then.
create table coding_follow_ups (
    tenant_id text not null,
    follow_up_id text not null,
    task_id text not null,
    number integer not null,
    mode text not null,
    text text not null,
    author text not null,
    created_at integer not null,
    updated_at integer not null,
    taken integer,
    primary key (tenant_id, follow_up_id)
) without rowid;
create index coding_follow_ups_order on coding_follow_ups (tenant_id, task_id, number);

-- Coding jobs that take no more follow-ups. successor: the job that goes on in the session, if there is one.
create table coding_closed_jobs (
    tenant_id text not null,
    task_id text not null,
    successor text,
    closed_at integer not null,
    primary key (tenant_id, task_id)
) without rowid;
