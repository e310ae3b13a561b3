-- What people say to coding jobs. number: orders those of a task. mode: queued or steering. taken: orders those that the worker
-- has taken; null until then.
create table coding_follow_ups (
    tenant_id text collate "C" not null,
    follow_up_id text collate "C" not null,
    task_id text collate "C" not null,
    number bigint not null,
    mode text not null,
    text text not null,
    author text collate "C" not null,
    created_at bigint not null,
    updated_at bigint not null,
    taken bigint,
    primary key (tenant_id, follow_up_id)
);
create index coding_follow_ups_order on coding_follow_ups (tenant_id, task_id, number);

-- Coding jobs that take no more follow-ups. successor: the job that goes on in the session, if there is one.
create table coding_closed_jobs (
    tenant_id text collate "C" not null,
    task_id text collate "C" not null,
    successor text collate "C",
    closed_at bigint not null,
    primary key (tenant_id, task_id)
);
