-- OAuth towards MCP upstreams.

-- oauth_mode: none, shared (one grant for all callers), user (one of each caller), machine (client credentials).
-- oauth_client: sealed JSON of what an operator configured: client_id, client_secret, scope.
alter table upstreams add column oauth_mode text not null default 'none';
alter table upstreams add column oauth_client blob;

-- A client that was registered dynamically (RFC 7591), bound to the authorization server that issued it.
-- client: sealed JSON: client_id, client_secret, method.
create table upstream_clients (
    tenant_id text not null,
    upstream_id text not null,
    issuer text not null,
    redirect_uri text not null,
    client blob not null,
    created_at integer not null,
    primary key (tenant_id, upstream_id, issuer, redirect_uri)
) without rowid;

-- What an authorization server granted. subject: whose; empty for the one that callers share. tokens: sealed JSON with all that
-- a refresh takes. generation: raised by each new pair of tokens. refreshing_until: another server renews it until then.
create table upstream_grants (
    tenant_id text not null,
    upstream_id text not null,
    subject text not null,
    issuer text not null,
    scope text not null,
    tokens blob not null,
    expires_at integer,
    generation integer not null,
    refreshing_until integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, upstream_id, subject)
) without rowid;
create index upstream_grants_subject on upstream_grants (tenant_id, subject);

-- Authorizations under way. state: digest of the parameter of that name, good once. begun_by: who has to finish it.
create table upstream_authorizations (
    tenant_id text not null,
    state text not null,
    upstream_id text not null,
    subject text not null,
    begun_by text not null,
    request blob not null,
    created_at integer not null,
    expires_at integer not null,
    primary key (tenant_id, state)
) without rowid;
create index upstream_authorizations_begun on upstream_authorizations (tenant_id, upstream_id, begun_by);
