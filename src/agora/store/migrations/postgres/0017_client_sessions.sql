-- Sessions of clients whose protocol has them (MCP until 2025-11-25): any server goes on with one.
-- Moments are microseconds since 1970.

-- session: digest of the id that the client shows. kind, subject: who opened it. client: JSON, what it said of itself
-- with the protocol's version. expires_at: put off while it is used.
create table client_sessions (
    tenant_id text collate "C" not null,
    session text collate "C" not null,
    kind text collate "C" not null,
    subject text collate "C" not null,
    client text not null,
    created_at bigint not null,
    expires_at bigint not null,
    primary key (tenant_id, session)
);
create index client_sessions_over on client_sessions (tenant_id, expires_at);
create index client_sessions_own on client_sessions (tenant_id, kind, subject, expires_at);

-- What a session watches. uri: as its client wrote it. named: as events name it.
create table client_watches (
    tenant_id text collate "C" not null,
    session text collate "C" not null,
    uri text collate "C" not null,
    named text collate "C" not null,
    primary key (tenant_id, session, uri)
);
