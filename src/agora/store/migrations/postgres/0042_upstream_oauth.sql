-- OAuth towards MCP upstreams.

-- oauth_mode: none, shared (one grant for all callers), user (one of each caller), machine (client credentials).
-- oauth_client: sealed JSON of what an operator configured: client_id, client_secret, scope.
alter table upstreams add column oauth_mode text not null default 'none';
alter table upstreams add column oauth_client bytea;

-- A client that was registered dynamically (RFC 7591), bound to the authorization server that issued it.
-- client: sealed JSON: client_id, client_secret, method.
create table upstream_clients (
    tenant_id text collate "C" not null,
    upstream_id text collate "C" not null,
    issuer text collate "C" not null,
    redirect_uri text collate "C" not null,
    client bytea not null,
    created_at bigint not null,
    primary key (tenant_id, upstream_id, issuer, redirect_uri)
);

-- What an authorization server granted. subject: whose; empty for the one that callers share. tokens: sealed JSON with all that
-- a refresh takes. generation: raised by each new pair of tokens. refreshing_until: another server renews it until then.
create table upstream_grants (
    tenant_id text collate "C" not null,
    upstream_id text collate "C" not null,
    subject text collate "C" not null,
    issuer text collate "C" not null,
    scope text not null,
    tokens bytea not null,
    expires_at bigint,
    generation bigint not null,
    refreshing_until bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (tenant_id, upstream_id, subject)
);
create index upstream_grants_subject on upstream_grants (tenant_id, subject);

-- Authorizations under way. state: digest of the parameter of that name, good once. begun_by: who has to finish it.
create table upstream_authorizations (
    tenant_id text collate "C" not null,
    state text collate "C" not null,
    upstream_id text collate "C" not null,
    subject text collate "C" not null,
    begun_by text collate "C" not null,
    request bytea not null,
    created_at bigint not null,
    expires_at bigint not null,
    primary key (tenant_id, state)
);
create index upstream_authorizations_begun on upstream_authorizations (tenant_id, upstream_id, begun_by);
