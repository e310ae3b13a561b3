-- Relays: remote work between two transactions; upstream MCP servers and what they offer.

-- status: pending, done, failed, unknown. deadline: when a server that is alive has settled it.
create table relays (
    tenant_id text not null,
    relay_id text not null,
    operation text not null,
    subject text not null,
    target text,
    key text,
    status text not null,
    created_at integer not null,
    deadline integer not null,
    settled_at integer,
    error text,
    primary key (tenant_id, relay_id)
) without rowid;
create index relays_pending on relays (tenant_id, deadline) where status = 'pending';
create index relays_open on relays (tenant_id, subject, key) where key is not null and status in ('pending', 'unknown');
create index relays_settled on relays (tenant_id, settled_at) where settled_at is not null;

-- name: the prefix of its tools, unique among the tenant's. secrets: sealed headers (http) or environment (stdio).
-- origin: who brought it: operator, settings, file, registry. revision: raised by what needs another connection.
create table upstreams (
    tenant_id text not null,
    upstream_id text not null,
    name text not null,
    description text not null,
    transport text not null,
    url text,
    command text,
    secrets blob,
    origin text not null,
    private integer not null,
    timeout real not null,
    tool_timeouts text not null,
    concurrency integer not null,
    revision integer not null,
    server_name text,
    server_version text,
    protocol_version text,
    instructions text,
    listed_at integer,
    created_by text not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, upstream_id)
) without rowid;
create unique index upstreams_name on upstreams (tenant_id, name);

-- What an upstream offers. kind: tool, resource, template, prompt. definition: as the upstream gave it.
-- hash: of the definition; pinned: of the one that was accepted, which is kept in accepted while they differ.
-- state: active, quarantined, dropped; reason: why it cannot be called.
create table upstream_tools (
    tenant_id text not null,
    upstream_id text not null,
    kind text not null,
    name text not null,
    description text not null,
    definition text not null,
    hash text not null,
    pinned text,
    accepted text,
    state text not null,
    reason text,
    first_seen integer not null,
    changed_at integer not null,
    primary key (tenant_id, upstream_id, kind, name)
) without rowid;
