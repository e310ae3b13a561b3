-- Agents, messages, events, audit: the foundation.
-- Times are integer microseconds since 1970 UTC; JSON is text; booleans are 0 or 1.

create table agents (
    tenant_id text collate "C" not null,
    agent_id text collate "C" not null,
    agent_name text collate "C" not null,
    account_id text collate "C" not null,
    description text not null,
    capabilities text not null,
    service_tier text collate "C" not null,
    status text collate "C" not null,
    category text collate "C" not null,
    tags text not null,
    visibility text not null,
    endpoints text not null,
    metadata text not null,
    max_concurrent_tasks bigint not null,
    proficiency_level bigint,
    token_generation bigint not null,
    registered_at bigint not null,
    last_activity bigint not null,
    status_since bigint not null,
    reachable_for bigint not null,
    reported_load double precision,
    active_tasks bigint not null,
    rating_sum double precision not null,
    rating_count bigint not null,
    retired_at bigint,
    primary key (tenant_id, agent_id)
);
create unique index agents_name on agents (tenant_id, agent_name) where retired_at is null;
create index agents_activity on agents (tenant_id, last_activity) where retired_at is null;

create table agent_capabilities (
    tenant_id text collate "C" not null,
    capability text collate "C" not null,
    agent_id text collate "C" not null,
    primary key (tenant_id, capability, agent_id)
);
create index agent_capabilities_agent on agent_capabilities (tenant_id, agent_id);

create table ratings (
    tenant_id text collate "C" not null,
    agent_id text collate "C" not null,
    rater_id text collate "C" not null,
    rating double precision not null,
    comment text not null,
    rated_at bigint not null,
    primary key (tenant_id, agent_id, rater_id)
);

-- A message is stored once; a broadcast has no delivery until its state first matters.
create table messages (
    tenant_id text collate "C" not null,
    message_id text collate "C" not null,
    from_agent text collate "C" not null,
    from_name text collate "C" not null,
    to_agent text collate "C" not null,
    content text not null,
    message_type text not null,
    priority text not null,
    correlation_id text collate "C",
    reply_to text collate "C",
    metadata text not null,
    broadcast bigint not null,
    created_at bigint not null,
    expires_at bigint,
    primary key (tenant_id, message_id)
);
create index messages_broadcast on messages (tenant_id, message_id) where broadcast = 1;
create index messages_expiry on messages (expires_at) where expires_at is not null;

-- recipient: an agent id, or 'name:NAME' for a name not registered yet
create table deliveries (
    tenant_id text collate "C" not null,
    recipient text collate "C" not null,
    message_id text collate "C" not null,
    state text collate "C" not null,
    updated_at bigint not null,
    primary key (tenant_id, recipient, message_id)
);
create index deliveries_waiting on deliveries (tenant_id, recipient, message_id) where state in ('held', 'queued');

create table events (
    tenant_id text collate "C" not null,
    seq bigint not null,
    event_id text collate "C" not null,
    type text collate "C" not null,
    source text collate "C" not null,
    subject text collate "C",
    time bigint not null,
    data bytea not null,
    audience text,
    primary key (tenant_id, seq)
);
create unique index events_id on events (tenant_id, event_id);

create table subscriptions (
    tenant_id text collate "C" not null,
    subscription_id text collate "C" not null,
    owner text collate "C" not null,
    filter text not null,
    position bigint not null,
    created_at bigint not null,
    primary key (tenant_id, subscription_id)
);
create index subscriptions_owner on subscriptions (tenant_id, owner, subscription_id);

create table audit (
    tenant_id text collate "C" not null,
    audit_id text collate "C" not null,
    time bigint not null,
    actor text collate "C" not null,
    operation text collate "C" not null,
    target text,
    outcome text not null,
    detail text,
    request_id text,
    primary key (tenant_id, audit_id)
);

create table idempotency (
    tenant_id text collate "C" not null,
    subject text collate "C" not null,
    key text collate "C" not null,
    operation text collate "C" not null,
    digest bytea not null,
    response bytea not null,
    created_at bigint not null,
    primary key (tenant_id, subject, key)
);
create index idempotency_age on idempotency (created_at);

create table overrides (
    tenant_id text collate "C" not null,
    override_id text collate "C" not null,
    target_id text collate "C" not null,
    action text not null,
    authority bigint not null,
    actor text collate "C" not null,
    reason text not null,
    status text collate "C" not null,
    created_at bigint not null,
    expires_at bigint,
    lifted_at bigint,
    lifted_by text,
    primary key (tenant_id, override_id)
);
create index overrides_active on overrides (tenant_id, target_id) where status = 'active';

create table tokens (
    tenant_id text collate "C" not null,
    token_id text collate "C" not null,
    kind text not null,
    label text not null,
    account_id text collate "C" not null,
    digest bytea not null,
    scopes text not null,
    service_tier text collate "C" not null,
    authority bigint not null,
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint,
    primary key (tenant_id, token_id)
);
create unique index tokens_digest on tokens (digest);

create table settings (
    tenant_id text collate "C" not null,
    name text collate "C" not null,
    value text not null,
    changed_at bigint not null,
    changed_by text not null,
    primary key (tenant_id, name)
);

create table operation_status (
    tenant_id text collate "C" not null,
    operation text collate "C" not null,
    version text collate "C" not null,
    status text collate "C" not null,
    changed_at bigint not null,
    changed_by text not null,
    primary key (tenant_id, operation, version)
);

create table operation_usage (
    tenant_id text collate "C" not null,
    operation text collate "C" not null,
    version text collate "C" not null,
    calls bigint not null,
    errors bigint not null,
    histogram text not null,
    updated_at bigint not null,
    primary key (tenant_id, operation, version)
);

-- Sequence of a tenant's newest event. The row is locked from the numbering to the commit, so
-- numbers are given in the order of the commits, without gaps.
create table event_heads (
    tenant_id text collate "C" not null,
    seq bigint not null,
    primary key (tenant_id)
) with (fillfactor = 10);
