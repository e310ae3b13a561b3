-- Codebases of workers: directories of their machines. repository: the git remote, as host and path.
create table codebases (
    tenant_id text collate "C" not null,
    codebase_id text collate "C" not null,
    worker_id text collate "C" not null,
    owner text collate "C" not null,
    name text collate "C" not null,
    path text collate "C" not null,
    repository text collate "C",
    description text not null,
    registered_at bigint not null,
    updated_at bigint not null,
    primary key (tenant_id, codebase_id)
);
create unique index codebases_path on codebases (tenant_id, worker_id, path);

-- Sessions of coding agents. requester: who gave the task that works in it, and may read it.
create table coding_sessions (
    tenant_id text collate "C" not null,
    codebase_id text collate "C" not null,
    session_id text collate "C" not null,
    agent text not null,
    title text not null,
    context_id text collate "C",
    task_id text collate "C",
    requester text collate "C",
    messages bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (tenant_id, codebase_id, session_id)
);
create index coding_sessions_latest on coding_sessions (tenant_id, codebase_id, updated_at);

-- Messages of sessions, in the order in which they were first stored.
create table coding_messages (
    tenant_id text collate "C" not null,
    codebase_id text collate "C" not null,
    session_id text collate "C" not null,
    message_id text collate "C" not null,
    number bigint not null,
    role text not null,
    parts text not null,
    created_at bigint not null,
    primary key (tenant_id, codebase_id, session_id, message_id)
);
create index coding_messages_order on coding_messages (tenant_id, codebase_id, session_id, number);
