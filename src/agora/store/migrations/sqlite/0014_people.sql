-- People who sign in by a provider, the monitor's sessions, and what has ended before its time.
-- Moments are microseconds since 1970.

-- roles: JSON, as the provider names them. role: given here, instead of the provider's. concurrency_limit: of tasks that
-- wait and run at once; null for the setting's.
create table users (
    tenant_id text not null,
    user_id text not null,
    issuer text not null,
    subject text not null,
    username text not null,
    email text,
    name text,
    roles text not null,
    provider_role text,
    role text,
    concurrency_limit integer,
    disabled_at integer,
    first_seen integer not null,
    last_seen integer not null,
    updated_at integer not null,
    primary key (tenant_id, user_id)
);
create index users_name on users (tenant_id, username, user_id);

-- person: JSON, as of the last token. secrets: sealed JSON of the provider's tokens. fresh_until: when they have to be
-- renewed; renewing_until: lease of the server that is at it.
create table user_sessions (
    tenant_id text not null,
    session_id text not null,
    user_id text not null,
    person text not null,
    secrets blob not null,
    created_at integer not null,
    fresh_until integer not null,
    renewing_until integer not null,
    expires_at integer not null,
    ended_at integer,
    primary key (tenant_id, session_id)
);
create index user_sessions_over on user_sessions (tenant_id, expires_at);

-- login: digest of a token, or of a session at a provider, whose tokens up to ended_at do not count any more.
-- forget_at: when none of them could still be valid.
create table ended_logins (
    tenant_id text not null,
    login text not null,
    ended_at integer not null,
    forget_at integer not null,
    primary key (tenant_id, login)
);
create index ended_logins_over on ended_logins (tenant_id, forget_at);

-- Open tasks of people alone: others have no limit to be counted for.
create index tasks_open_person on tasks (tenant_id, created_by)
    where completed_at is null and created_by >= 'usr_' and created_by < 'usr`';
