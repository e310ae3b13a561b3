-- Relays: remote work between two transactions; upstream MCP servers and what they offer.

-- status: pending, done, failed, unknown. deadline: when a server that is alive has settled it.
create table relays (
    tenant_id text collate "C" not null,
    relay_id text collate "C" not null,
    operation text collate "C" not null,
    subject text collate "C" not null,
    target text collate "C",
    key text collate "C",
    status text collate "C" not null,
    created_at bigint not null,
    deadline bigint not null,
    settled_at bigint,
    error text,
    primary key (tenant_id, relay_id)
);
create index relays_pending on relays (tenant_id, deadline) where status = 'pending';
create index relays_open on relays (tenant_id, subject, key) where key is not null and status in ('pending', 'unknown');
create index relays_settled on relays (tenant_id, settled_at) where settled_at is not null;

-- name: the prefix of its tools, unique among the tenant's. secrets: sealed headers (http) or environment (stdio).
-- origin: who brought it: operator, settings, file, registry. revision: raised by what needs another connection.
create table upstreams (
    tenant_id text collate "C" not null,
    upstream_id text collate "C" not null,
    name text collate "C" not null,
    description text not null,
    transport text collate "C" not null,
    url text,
    command text,
    secrets bytea,
    origin text collate "C" not null,
    private bigint not null,
    timeout double precision not null,
    tool_timeouts text not null,
    concurrency bigint not null,
    revision bigint not null,
    server_name text collate "C",
    server_version text collate "C",
    protocol_version text collate "C",
    instructions text,
    listed_at bigint,
    created_by text collate "C" not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (tenant_id, upstream_id)
);
create unique index upstreams_name on upstreams (tenant_id, name);

-- What an upstream offers. kind: tool, resource, template, prompt. definition: as the upstream gave it.
-- hash: of the definition; pinned: of the one that was accepted, which is kept in accepted while they differ.
-- state: active, quarantined, dropped; reason: why it cannot be called.
create table upstream_tools (
    tenant_id text collate "C" not null,
    upstream_id text collate "C" not null,
    kind text collate "C" not null,
    name text collate "C" not null,
    description text not null,
    definition text not null,
    hash text collate "C" not null,
    pinned text collate "C",
    accepted text,
    state text collate "C" not null,
    reason text,
    first_seen bigint not null,
    changed_at bigint not null,
    primary key (tenant_id, upstream_id, kind, name)
);
