-- Agents, messages, events, audit: the foundation.
-- Times are integer microseconds since 1970 UTC; JSON is text; booleans are 0 or 1.

create table agents (
    tenant_id text not null,
    agent_id text not null,
    agent_name text not null,
    account_id text not null,
    description text not null,
    capabilities text not null,
    service_tier text not null,
    status text not null,
    category text not null,
    tags text not null,
    visibility text not null,
    endpoints text not null,
    metadata text not null,
    max_concurrent_tasks integer not null,
    proficiency_level integer,
    token_generation integer not null,
    registered_at integer not null,
    last_activity integer not null,
    status_since integer not null,
    reachable_for integer not null,
    reported_load real,
    active_tasks integer not null,
    rating_sum real not null,
    rating_count integer not null,
    retired_at integer,
    primary key (tenant_id, agent_id)
);
create unique index agents_name on agents (tenant_id, agent_name) where retired_at is null;
create index agents_activity on agents (tenant_id, last_activity) where retired_at is null;

create table agent_capabilities (
    tenant_id text not null,
    capability text not null,
    agent_id text not null,
    primary key (tenant_id, capability, agent_id)
) without rowid;
create index agent_capabilities_agent on agent_capabilities (tenant_id, agent_id);

create table ratings (
    tenant_id text not null,
    agent_id text not null,
    rater_id text not null,
    rating real not null,
    comment text not null,
    rated_at integer not null,
    primary key (tenant_id, agent_id, rater_id)
) without rowid;

-- A message is stored once; a broadcast has no delivery until its state first matters.
create table messages (
    tenant_id text not null,
    message_id text not null,
    from_agent text not null,
    from_name text not null,
    to_agent text not null,
    content text not null,
    message_type text not null,
    priority text not null,
    correlation_id text,
    reply_to text,
    metadata text not null,
    broadcast integer not null,
    created_at integer not null,
    expires_at integer,
    primary key (tenant_id, message_id)
) without rowid;
-- expires_at is null where the marketplace's message lifetime applies
create index messages_expiry on messages (expires_at) where expires_at is not null;
create index messages_broadcast on messages (tenant_id, message_id) where broadcast = 1;

-- recipient: an agent id, or 'name:NAME' for a name not registered yet
create table deliveries (
    tenant_id text not null,
    recipient text not null,
    message_id text not null,
    state text not null,
    updated_at integer not null,
    primary key (tenant_id, recipient, message_id)
) without rowid;
create index deliveries_waiting on deliveries (tenant_id, recipient, message_id) where state in ('held', 'queued');

create table events (
    tenant_id text not null,
    seq integer not null,
    event_id text not null,
    type text not null,
    source text not null,
    subject text,
    time integer not null,
    data blob not null,
    audience text,
    primary key (tenant_id, seq)
) without rowid;
create unique index events_id on events (tenant_id, event_id);

create table subscriptions (
    tenant_id text not null,
    subscription_id text not null,
    owner text not null,
    filter text not null,
    position integer not null,
    created_at integer not null,
    primary key (tenant_id, subscription_id)
) without rowid;
create index subscriptions_owner on subscriptions (tenant_id, owner, subscription_id);

create table audit (
    tenant_id text not null,
    audit_id text not null,
    time integer not null,
    actor text not null,
    operation text not null,
    target text,
    outcome text not null,
    detail text,
    request_id text,
    primary key (tenant_id, audit_id)
) without rowid;

create table idempotency (
    tenant_id text not null,
    subject text not null,
    key text not null,
    operation text not null,
    digest blob not null,
    response blob not null,
    created_at integer not null,
    primary key (tenant_id, subject, key)
) without rowid;
create index idempotency_age on idempotency (created_at);

create table overrides (
    tenant_id text not null,
    override_id text not null,
    target_id text not null,
    action text not null,
    authority integer not null,
    actor text not null,
    reason text not null,
    status text not null,
    created_at integer not null,
    expires_at integer,
    lifted_at integer,
    lifted_by text,
    primary key (tenant_id, override_id)
) without rowid;
create index overrides_active on overrides (tenant_id, target_id) where status = 'active';

create table tokens (
    tenant_id text not null,
    token_id text not null,
    kind text not null,
    label text not null,
    account_id text not null,
    digest blob not null,
    scopes text not null,
    service_tier text not null,
    authority integer not null,
    created_at integer not null,
    expires_at integer,
    revoked_at integer,
    primary key (tenant_id, token_id)
) without rowid;
create unique index tokens_digest on tokens (digest);

create table settings (
    tenant_id text not null,
    name text not null,
    value text not null,
    changed_at integer not null,
    changed_by text not null,
    primary key (tenant_id, name)
) without rowid;

create table operation_status (
    tenant_id text not null,
    operation text not null,
    version text not null,
    status text not null,
    changed_at integer not null,
    changed_by text not null,
    primary key (tenant_id, operation, version)
) without rowid;

create table operation_usage (
    tenant_id text not null,
    operation text not null,
    version text not null,
    calls integer not null,
    errors integer not null,
    histogram text not null,
    updated_at integer not null,
    primary key (tenant_id, operation, version)
) without rowid;
