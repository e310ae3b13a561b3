-- Codebases of workers: directories of their machines. repository: the git remote, as host and path.
create table codebases (
    tenant_id text not null,
    codebase_id text not null,
    worker_id text not null,
    owner text not null,
    name text not null,
    path text not null,
    repository text,
    description text not null,
    registered_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, codebase_id)
) without rowid;
create unique index codebases_path on codebases (tenant_id, worker_id, path);

-- Sessions of coding agents. requester: who gave the task that works in it, and may read it.
create table coding_sessions (
    tenant_id text not null,
    codebase_id text not null,
    session_id text not null,
    agent text not null,
    title text not null,
    context_id text,
    task_id text,
    requester text,
    messages integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, codebase_id, session_id)
) without rowid;
create index coding_sessions_latest on coding_sessions (tenant_id, codebase_id, updated_at);

-- Messages of sessions, in the order in which they were first stored.
create table coding_messages (
    tenant_id text not null,
    codebase_id text not null,
    session_id text not null,
    message_id text not null,
    number integer not null,
    role text not null,
    parts text not null,
    created_at integer not null,
    primary key (tenant_id, codebase_id, session_id, message_id)
) without rowid;
create index coding_messages_order on coding_messages (tenant_id, codebase_id, session_id, number);
