-- The schema after all migrations, written by `make reference`. Checksum of the migrations: e3b670642bcedf133116abe6d765b5c85d859e36b614758bff893b72faf789b6
CREATE TABLE agents (
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
    retired_at integer, alias text, public_keys text not null default '[]', requested_tier text not null default 'basic', name_key text, registrar text, enrolment text, consecutive_failures integer not null default 0, busy text not null default 'enqueue',
    primary key (tenant_id, agent_id)
);
CREATE UNIQUE INDEX agents_name on agents (tenant_id, agent_name) where retired_at is null;
CREATE INDEX agents_activity on agents (tenant_id, last_activity) where retired_at is null;
CREATE TABLE agent_capabilities (
    tenant_id text not null,
    capability text not null,
    agent_id text not null,
    primary key (tenant_id, capability, agent_id)
) without rowid;
CREATE INDEX agent_capabilities_agent on agent_capabilities (tenant_id, agent_id);
CREATE TABLE ratings (
    tenant_id text not null,
    agent_id text not null,
    rater_id text not null,
    rating real not null,
    comment text not null,
    rated_at integer not null,
    primary key (tenant_id, agent_id, rater_id)
) without rowid;
CREATE TABLE deliveries (
    tenant_id text not null,
    recipient text not null,
    message_id text not null,
    state text not null,
    updated_at integer not null,
    primary key (tenant_id, recipient, message_id)
) without rowid;
CREATE INDEX deliveries_waiting on deliveries (tenant_id, recipient, message_id) where state in ('held', 'queued');
CREATE TABLE subscriptions (
    tenant_id text not null,
    subscription_id text not null,
    owner text not null,
    filter text not null,
    position integer not null,
    created_at integer not null,
    primary key (tenant_id, subscription_id)
) without rowid;
CREATE INDEX subscriptions_owner on subscriptions (tenant_id, owner, subscription_id);
CREATE TABLE audit (
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
CREATE TABLE idempotency (
    tenant_id text not null,
    subject text not null,
    key text not null,
    operation text not null,
    digest blob not null,
    response blob not null,
    created_at integer not null,
    primary key (tenant_id, subject, key)
) without rowid;
CREATE TABLE overrides (
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
CREATE INDEX overrides_active on overrides (tenant_id, target_id) where status = 'active';
CREATE TABLE tokens (
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
CREATE UNIQUE INDEX tokens_digest on tokens (digest);
CREATE TABLE settings (
    tenant_id text not null,
    name text not null,
    value text not null,
    changed_at integer not null,
    changed_by text not null,
    primary key (tenant_id, name)
) without rowid;
CREATE TABLE operation_status (
    tenant_id text not null,
    operation text not null,
    version text not null,
    status text not null,
    changed_at integer not null,
    changed_by text not null, details text,
    primary key (tenant_id, operation, version)
) without rowid;
CREATE TABLE operation_usage (
    tenant_id text not null,
    operation text not null,
    version text not null,
    calls integer not null,
    errors integer not null,
    histogram text not null,
    updated_at integer not null,
    primary key (tenant_id, operation, version)
) without rowid;
CREATE TABLE agent_documents (
    document integer primary key,
    tenant_id text not null,
    agent_id text not null,
    unique (tenant_id, agent_id)
);
CREATE VIRTUAL TABLE agent_search using fts5(
    agent_name, capabilities, tags, description,
    content = '', prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE agent_vocabulary using fts5vocab(agent_search, row);
CREATE TABLE capability_counts (
    tenant_id text not null,
    capability text not null,
    agents integer not null,
    private integer not null,
    primary key (tenant_id, capability)
) without rowid;
CREATE INDEX agents_private on agents (tenant_id, account_id, agent_id)
    where visibility = 'private' and retired_at is null;
CREATE TRIGGER agents_indexed after insert on agents when new.retired_at is null
begin
    insert into agent_documents (tenant_id, agent_id) values (new.tenant_id, new.agent_id);
    insert into agent_search (rowid, agent_name, capabilities, tags, description)
        select document, new.agent_name, new.capabilities, new.tags, new.description from agent_documents
        where tenant_id = new.tenant_id and agent_id = new.agent_id;
end;
CREATE TRIGGER agents_unindexed after delete on agents when old.retired_at is null
begin
    insert into agent_search (agent_search, rowid, agent_name, capabilities, tags, description)
        select 'delete', document, old.agent_name, old.capabilities, old.tags, old.description from agent_documents
        where tenant_id = old.tenant_id and agent_id = old.agent_id;
    delete from agent_documents where tenant_id = old.tenant_id and agent_id = old.agent_id;
end;
CREATE TRIGGER agents_reindexed after update of agent_name, description, capabilities, tags, retired_at on agents
    when (old.agent_name, old.description, old.capabilities, old.tags, old.retired_at is null)
        is not (new.agent_name, new.description, new.capabilities, new.tags, new.retired_at is null)
begin
    insert into agent_search (agent_search, rowid, agent_name, capabilities, tags, description)
        select 'delete', document, old.agent_name, old.capabilities, old.tags, old.description from agent_documents
        where old.retired_at is null and tenant_id = old.tenant_id and agent_id = old.agent_id;
    delete from agent_documents
        where new.retired_at is not null and tenant_id = old.tenant_id and agent_id = old.agent_id;
    insert or ignore into agent_documents (tenant_id, agent_id)
        select new.tenant_id, new.agent_id where new.retired_at is null;
    insert into agent_search (rowid, agent_name, capabilities, tags, description)
        select document, new.agent_name, new.capabilities, new.tags, new.description from agent_documents
        where new.retired_at is null and tenant_id = new.tenant_id and agent_id = new.agent_id;
end;
CREATE TRIGGER agents_counted after insert on agents when new.retired_at is null
begin
    insert into capability_counts (tenant_id, capability, agents, private)
        select new.tenant_id, value, 1, new.visibility = 'private' from json_each(new.capabilities) where true
        on conflict (tenant_id, capability) do update
            set agents = agents + excluded.agents, private = private + excluded.private;
end;
CREATE TRIGGER agents_uncounted after delete on agents when old.retired_at is null
begin
    update capability_counts set agents = agents - 1, private = private - (old.visibility = 'private')
        where tenant_id = old.tenant_id and capability in (select value from json_each(old.capabilities));
    delete from capability_counts
        where tenant_id = old.tenant_id and capability in (select value from json_each(old.capabilities)) and agents = 0;
end;
CREATE TRIGGER agents_recounted after update of capabilities, visibility, retired_at on agents
    when (old.capabilities, old.visibility, old.retired_at is null)
        is not (new.capabilities, new.visibility, new.retired_at is null)
begin
    update capability_counts set agents = agents - 1, private = private - (old.visibility = 'private')
        where old.retired_at is null and tenant_id = old.tenant_id
            and capability in (select value from json_each(old.capabilities));
    insert into capability_counts (tenant_id, capability, agents, private)
        select new.tenant_id, value, 1, new.visibility = 'private' from json_each(new.capabilities)
        where new.retired_at is null
        on conflict (tenant_id, capability) do update
            set agents = agents + excluded.agents, private = private + excluded.private;
    delete from capability_counts
        where tenant_id = old.tenant_id and capability in (select value from json_each(old.capabilities)) and agents = 0;
end;
CREATE TABLE tasks (
    tenant_id text not null,
    task_id text not null,
    task_type text not null,
    status text not null,
    priority integer not null,
    assignee text,
    assigned_agent text,
    queue text not null,
    waiting integer not null,
    requirements text not null,
    required_model text,
    created_by text not null,
    account_id text not null,
    holder text,
    worker text,
    fence integer not null,
    lease_seconds integer not null,
    lease_until integer,
    attempts integer not null,
    max_attempts integer not null,
    failures integer not null,
    max_failures integer,
    retry_backoff real not null,
    timeout integer,
    blocked integer not null,
    has_dependants integer not null,
    depends_on text not null,
    parent_id text,
    retry_of text,
    workflow_id text,
    step text,
    item integer,
    progress real not null,
    milestone text,
    notes text,
    checkpoint text,
    checkpoint_number integer,
    error text,
    entries integer not null,
    output_size integer not null,
    created_at integer not null,
    updated_at integer not null,
    available_at integer,
    started_at integer,
    completed_at integer,
    deadline integer not null,
    due_at integer, context_id text, said integer not null default 0, status_at integer not null default 0, status_entry integer not null default 0, price_version integer, sort_key text not null default '', moved integer not null default 0,
    primary key (tenant_id, task_id)
) without rowid;
CREATE INDEX tasks_due on tasks (tenant_id, due_at) where due_at is not null;
CREATE INDEX tasks_agent on tasks (tenant_id, assigned_agent, task_id);
CREATE INDEX tasks_open on tasks (tenant_id, assigned_agent, task_id) where completed_at is null;
CREATE INDEX tasks_creator on tasks (tenant_id, created_by, task_id);
CREATE INDEX tasks_ended on tasks (tenant_id, completed_at) where completed_at is not null;
CREATE INDEX tasks_workflow on tasks (tenant_id, workflow_id, task_id) where workflow_id is not null;
CREATE INDEX tasks_parent on tasks (tenant_id, parent_id, task_id) where parent_id is not null;
CREATE INDEX tasks_worker on tasks (tenant_id, worker, task_id) where worker is not null;
CREATE TABLE task_dependencies (
    tenant_id text not null,
    depends_on text not null,
    task_id text not null, in_context integer not null default 0,
    primary key (tenant_id, depends_on, task_id)
) without rowid;
CREATE TABLE task_durations (
    tenant_id text not null,
    task_type text not null,
    agent_id text not null,
    samples integer not null,
    wait_mean real not null,
    run_mean real not null,
    updated_at integer not null,
    primary key (tenant_id, task_type, agent_id)
) without rowid;
CREATE TABLE workers (
    tenant_id text not null,
    worker_id text not null,
    worker_name text not null,
    owner text not null,
    capabilities text not null,
    models text not null,
    metadata text not null,
    registered_at integer not null,
    last_seen integer not null,
    retired_at integer, draining_at integer, provider_account text, limited_until integer, held text not null default '[]',
    primary key (tenant_id, worker_id)
) without rowid;
CREATE UNIQUE INDEX workers_name on workers (tenant_id, owner, worker_name) where retired_at is null;
CREATE TABLE workflows (
    tenant_id text not null,
    workflow_id text not null,
    workflow_name text not null,
    status text not null,
    created_by text not null,
    account_id text not null,
    assigned_agents text not null,
    input text not null,
    metadata text not null,
    priority integer not null,
    graph integer not null,
    total_steps integer not null,
    done_steps integer not null,
    modifications integer not null,
    parent_id text,
    parent_step text,
    parent_item integer,
    error text,
    created_at integer not null,
    updated_at integer not null,
    paused_at integer,
    completed_at integer,
    primary key (tenant_id, workflow_id)
) without rowid;
CREATE INDEX workflows_creator on workflows (tenant_id, created_by, workflow_id);
CREATE INDEX workflows_parent on workflows (tenant_id, parent_id) where parent_id is not null;
CREATE TABLE workflow_steps (
    tenant_id text not null,
    workflow_id text not null,
    name text not null,
    position integer not null,
    definition text not null,
    depends_on text not null,
    status text not null,
    task_id text,
    child_id text,
    items_total integer,
    items_open integer not null,
    items_failed integer not null,
    ready_at integer,
    completed_at integer,
    result text,
    error text,
    primary key (tenant_id, workflow_id, name)
) without rowid;
CREATE TABLE workflow_items (
    tenant_id text not null,
    workflow_id text not null,
    step text not null,
    item integer not null,
    value text not null,
    status text not null,
    task_id text,
    child_id text,
    result text,
    error text,
    completed_at integer,
    primary key (tenant_id, workflow_id, step, item)
) without rowid;
CREATE INDEX workflow_items_status on workflow_items (tenant_id, workflow_id, step, status, item);
CREATE TABLE relays (
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
CREATE INDEX relays_pending on relays (tenant_id, deadline) where status = 'pending';
CREATE INDEX relays_open on relays (tenant_id, subject, key) where key is not null and status in ('pending', 'unknown');
CREATE INDEX relays_settled on relays (tenant_id, settled_at) where settled_at is not null;
CREATE TABLE upstreams (
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
    updated_at integer not null, registry_name text, oauth_mode text not null default 'none', oauth_client blob,
    primary key (tenant_id, upstream_id)
) without rowid;
CREATE UNIQUE INDEX upstreams_name on upstreams (tenant_id, name);
CREATE TABLE upstream_tools (
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
CREATE UNIQUE INDEX upstreams_registry_name on upstreams (tenant_id, registry_name) where registry_name is not null;
CREATE INDEX tasks_context on tasks (tenant_id, context_id, task_id) where context_id is not null;
CREATE INDEX tasks_status on tasks (tenant_id, created_by, status_at, task_id);
CREATE INDEX agents_builtin on agents (tenant_id, agent_id) where account_id = 'builtin' and retired_at is null;
CREATE TABLE a2a_push_configs (
    tenant_id text not null,
    task_id text not null,
    config_id text not null,
    owner text not null,
    url text not null,
    token text,
    scheme text,
    credentials blob,
    private integer not null,
    created_at integer not null, version text not null default '1.0', position integer not null default 0, state text not null default 'active', attempts integer not null default 0, due_at integer not null default 0, lease_until integer not null default 0, fence integer not null default 0, error text, updated_at integer not null default 0,
    primary key (tenant_id, task_id, config_id)
) without rowid;
CREATE TABLE a2a_cards (
    tenant_id text not null,
    agent_id text not null,
    card text,
    extended text,
    updated_at integer not null,
    updated_by text not null,
    primary key (tenant_id, agent_id)
) without rowid;
CREATE TABLE a2a_remotes (
    tenant_id text not null,
    agent_id text not null,
    url text not null,
    interface text,
    card text,
    secrets blob,
    private integer not null,
    timeout real not null,
    revision integer not null,
    state text not null,
    error text,
    checked_at integer,
    refreshed_at integer,
    created_by text not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, agent_id)
) without rowid;
CREATE TABLE memory_words (
    tenant_id text not null,
    word text not null,
    memory_id text not null,
    primary key (tenant_id, word, memory_id)
) without rowid;
CREATE INDEX memory_words_memory on memory_words (tenant_id, memory_id);
CREATE TABLE memory_counts (
    tenant_id text not null,
    entries integer not null,
    primary key (tenant_id)
) without rowid;
CREATE UNIQUE INDEX agents_alias on agents (tenant_id, alias) where alias is not null and retired_at is null;
CREATE INDEX agents_account on agents (tenant_id, account_id) where account_id <> 'default' and retired_at is null;
CREATE TABLE conversations (
    tenant_id text not null,
    conversation_id text not null,
    label text not null,
    initiator text not null,
    type text not null,
    intent text,
    state text not null,
    last_type text not null,
    message_count integer not null,
    started_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, conversation_id)
) without rowid;
CREATE INDEX conversations_age on conversations (tenant_id, updated_at);
CREATE TABLE conversation_parties (
    tenant_id text not null,
    party text not null,
    conversation_id text not null,
    label text not null,
    primary key (tenant_id, party, conversation_id)
) without rowid;
CREATE INDEX conversation_parties_label on conversation_parties (tenant_id, party, label, conversation_id);
CREATE INDEX conversation_parties_all on conversation_parties (tenant_id, conversation_id);
CREATE TABLE envelopes (
    tenant_id text not null,
    message_id text not null,
    conversation_id text not null,
    sender text not null,
    envelope_id text not null,
    digest blob not null,
    type text not null,
    intent text,
    answers text,
    cause text,
    final integer not null,
    open integer not null,
    expected text,
    timeout integer,
    due_at integer,
    answer text,
    task_id text,
    primary key (tenant_id, message_id)
) without rowid;
CREATE UNIQUE INDEX envelopes_own on envelopes (tenant_id, sender, envelope_id);
CREATE INDEX envelopes_named on envelopes (tenant_id, envelope_id);
CREATE INDEX envelopes_conversation on envelopes (tenant_id, conversation_id, message_id);
CREATE INDEX envelopes_open on envelopes (tenant_id, sender, message_id) where open > 0;
CREATE INDEX envelopes_answers on envelopes (tenant_id, answers, sender) where answers is not null;
CREATE INDEX envelopes_due on envelopes (tenant_id, due_at) where due_at is not null;
CREATE TABLE reported_usage (
    tenant_id text not null,
    usage_id text not null,
    agent_id text not null,
    customer_id text,
    action text not null,
    duration real not null,
    used_at integer not null,
    reported_by text not null,
    reported_at integer not null,
    details text not null,
    primary key (tenant_id, usage_id)
) without rowid;
CREATE INDEX reported_usage_agent on reported_usage (tenant_id, agent_id, usage_id);
CREATE TABLE bus_streams (
    tenant_id text not null,
    stream text not null,
    last_number integer not null,
    floor text not null,
    owner text not null,
    primary key (tenant_id, stream)
) without rowid;
CREATE TABLE bus_entries (
    tenant_id text not null,
    stream text not null,
    number integer not null,
    ref text,
    name text,
    fields text not null,
    created_at integer not null,
    primary key (tenant_id, stream, number)
) without rowid;
CREATE INDEX bus_entries_ref on bus_entries (tenant_id, stream, ref) where ref is not null;
CREATE INDEX bus_entries_name on bus_entries (tenant_id, stream, name) where name is not null;
CREATE TABLE bus_groups (
    tenant_id text not null,
    stream text not null,
    group_name text not null,
    last_number integer not null,
    created_at integer not null,
    primary key (tenant_id, stream, group_name)
) without rowid;
CREATE INDEX bus_groups_name on bus_groups (tenant_id, group_name, stream);
CREATE TABLE bus_pending (
    tenant_id text not null,
    stream text not null,
    group_name text not null,
    number integer not null,
    consumer text not null,
    deliveries integer not null,
    delivered_at integer not null,
    primary key (tenant_id, stream, group_name, number)
) without rowid;
CREATE TABLE bus_consumers (
    tenant_id text not null,
    stream text not null,
    group_name text not null,
    consumer text not null,
    seen_at integer not null,
    primary key (tenant_id, stream, group_name, consumer)
) without rowid;
CREATE INDEX bus_consumers_age on bus_consumers (tenant_id, seen_at);
CREATE TABLE bus_responses (
    tenant_id text not null,
    ref text not null,
    recipient text not null,
    sender text not null,
    type text not null,
    priority text not null,
    correlation_id text,
    created_at integer not null,
    due_at integer not null,
    primary key (tenant_id, ref, recipient)
) without rowid;
CREATE INDEX bus_responses_due on bus_responses (tenant_id, due_at);
CREATE INDEX a2a_push_active on a2a_push_configs (tenant_id, due_at) where state = 'active';
CREATE INDEX a2a_push_dead on a2a_push_configs (tenant_id, task_id, config_id) where state = 'dead';
CREATE TABLE billing_prices (
    tenant_id text not null,
    agent_id text not null,
    version integer not null,
    type text not null,
    currency text not null,
    price integer not null,
    base_price integer not null,
    task_price integer not null,
    usage_unit text,
    input_price integer not null,
    output_price integer not null,
    effective_from integer not null,
    created_at integer not null,
    created_by text not null,
    primary key (tenant_id, agent_id, version)
) without rowid;
CREATE TABLE billing_ledger (
    tenant_id text not null,
    entry_id text not null,
    key text not null,
    account_id text not null,
    agent_id text not null,
    instance_id text not null,
    kind text not null,
    quantity integer not null,
    price_version integer not null,
    currency text not null,
    amount integer not null,
    began integer not null,
    ended integer not null,
    day integer not null,
    description text not null,
    reverses text,
    created_at integer not null,
    created_by text not null,
    primary key (tenant_id, entry_id)
) without rowid;
CREATE UNIQUE INDEX billing_ledger_key on billing_ledger (tenant_id, key);
CREATE INDEX billing_ledger_account on billing_ledger (tenant_id, account_id, entry_id);
CREATE INDEX billing_ledger_agent on billing_ledger (tenant_id, agent_id, entry_id);
CREATE INDEX billing_ledger_instance on billing_ledger (tenant_id, instance_id, entry_id) where instance_id <> '';
CREATE TABLE billing_days (
    tenant_id text not null,
    account_id text not null,
    currency text not null,
    day integer not null,
    agent_id text not null,
    kind text not null,
    quantity integer not null,
    amount integer not null,
    entries integer not null,
    primary key (tenant_id, account_id, currency, day, agent_id, kind)
) without rowid;
CREATE INDEX billing_days_agent on billing_days (tenant_id, agent_id, day);
CREATE INDEX billing_days_day on billing_days (tenant_id, day);
CREATE TABLE billing_instances (
    tenant_id text not null,
    instance_id text not null,
    account_id text not null,
    agent_id text not null,
    currency text not null,
    kind text not null,
    price_version integer not null,
    quantity integer not null,
    amount integer not null,
    entries integer not null,
    primary key (tenant_id, instance_id, account_id, agent_id, currency, kind, price_version)
) without rowid;
CREATE TABLE billing_totals (
    tenant_id text not null,
    scope text not null,
    ref text not null,
    currency text not null,
    period integer not null,
    charged integer not null,
    credited integer not null,
    entries integer not null,
    invoiced integer not null,
    primary key (tenant_id, scope, ref, currency, period)
) without rowid;
CREATE INDEX billing_totals_account on billing_totals (tenant_id, period) where scope = 'account';
CREATE TRIGGER billing_ledger_summed after insert on billing_ledger
begin
    insert into billing_days
        values (new.tenant_id, new.account_id, new.currency, new.day, new.agent_id, new.kind, new.quantity, new.amount, 1)
        on conflict do update set quantity = quantity + excluded.quantity, amount = amount + excluded.amount,
            entries = entries + 1;
    insert into billing_instances
        select new.tenant_id, new.instance_id, new.account_id, new.agent_id, new.currency, new.kind, new.price_version,
            new.quantity, new.amount, 1 where new.instance_id <> ''
        on conflict do update set quantity = quantity + excluded.quantity, amount = amount + excluded.amount,
            entries = entries + 1;
    insert into billing_totals
        values (new.tenant_id, 'account', new.account_id, new.currency, new.day / 100,
            iif(new.kind in ('credit', 'payment'), 0, new.amount), iif(new.kind in ('credit', 'payment'), -new.amount, 0),
            1, 0)
        on conflict do update set charged = charged + excluded.charged, credited = credited + excluded.credited,
            entries = entries + 1;
    insert into billing_totals
        select new.tenant_id, 'agent', new.agent_id, new.currency, new.day / 100, new.amount, 0, 1, 0
        where new.agent_id <> ''
        on conflict do update set charged = charged + excluded.charged, entries = entries + 1;
end;
CREATE TABLE billing_meters (
    tenant_id text not null,
    instance_id text not null,
    billed_at integer not null,
    primary key (tenant_id, instance_id)
) without rowid;
CREATE TABLE billing_runs (
    tenant_id text not null,
    instance_id text not null,
    number integer not null,
    account_id text not null,
    agent_id text not null,
    began integer not null,
    measured integer not null,
    billed integer not null,
    accrued integer not null,
    currency text not null,
    day integer not null,
    state text not null,
    primary key (tenant_id, instance_id, number)
) without rowid;
CREATE INDEX billing_runs_open on billing_runs (tenant_id, account_id) where state = 'open';
CREATE TABLE billing_heads (
    tenant_id text not null,
    invoices integer not null,
    position integer not null,
    primary key (tenant_id)
) without rowid;
CREATE TABLE billing_invoices (
    tenant_id text not null,
    invoice_id text not null,
    number integer not null,
    account_id text not null,
    currency text not null,
    period integer not null,
    opening integer not null,
    charges integer not null,
    credits integer not null,
    issued_at integer not null, details text,
    primary key (tenant_id, invoice_id)
) without rowid;
CREATE UNIQUE INDEX billing_invoices_number on billing_invoices (tenant_id, number);
CREATE UNIQUE INDEX billing_invoices_account on billing_invoices (tenant_id, account_id, currency, period);
CREATE TABLE billing_invoice_lines (
    tenant_id text not null,
    account_id text not null,
    currency text not null,
    invoice_id text not null,
    period integer not null,
    agent_id text not null,
    agent_name text not null,
    kind text not null,
    quantity integer not null,
    amount integer not null,
    entries integer not null,
    primary key (tenant_id, account_id, currency, invoice_id, period, agent_id, kind)
) without rowid;
CREATE TRIGGER billing_prices_kept before update on billing_prices begin select raise(abort, 'prices are never changed'); end;
CREATE TRIGGER billing_ledger_kept before update on billing_ledger begin select raise(abort, 'the ledger is never changed'); end;
CREATE TRIGGER billing_invoices_kept before update on billing_invoices begin select raise(abort, 'invoices are never changed'); end;
CREATE TRIGGER billing_invoice_lines_kept before update on billing_invoice_lines begin select raise(abort, 'invoices are never changed'); end;
CREATE INDEX agents_developer on agents (tenant_id, account_id, agent_id) where account_id <> 'default';
CREATE INDEX tokens_account on tokens (tenant_id, account_id) where account_id <> 'default';
CREATE TABLE deployments (
    tenant_id text not null,
    agent_id text not null,
    revision integer not null,
    manifest text not null,
    secrets blob,
    max_instances integer,
    registered_by text not null,
    registered_at integer not null,
    withdrawn_at integer,
    primary key (tenant_id, agent_id)
) without rowid;
CREATE TABLE hosts (
    tenant_id text not null,
    host_id text not null,
    name text not null,
    kind text not null,
    agent_id text,
    region text,
    engines text not null,
    capacity text not null,
    private integer not null,
    closed integer not null,
    seen_at integer not null,
    created_at integer not null,
    primary key (tenant_id, host_id)
) without rowid;
CREATE UNIQUE INDEX hosts_name on hosts (tenant_id, name);
CREATE TABLE instances (
    tenant_id text not null,
    instance_id text not null,
    agent_id text not null,
    account_id text not null,
    created_by text not null,
    request_key text,
    name text,
    pool integer not null,
    desired text not null,
    state text not null,
    reason text,
    blocked text,
    generation integer not null,
    host_id text not null,
    engine text not null,
    handle text,
    build text,
    config text not null,
    manifest text not null,
    revision integer not null,
    secrets blob,
    token_id text not null,
    restore text,
    group_name text,
    beside text,
    reserved_memory integer not null,
    reserved_cpu integer not null,
    address text,
    health_url text,
    remote_id text,
    cause text,
    asked text,
    healthy integer not null,
    seen_at integer,
    error_count integer not null,
    last_error text,
    failing integer not null,
    failures integer not null,
    restarts integer not null,
    cpu_seconds real not null,
    cpu_percent real not null,
    memory integer not null,
    received integer,
    sent integer,
    due_at integer,
    created_at integer not null,
    updated_at integer not null,
    starting_at integer,
    started_at integer,
    stopped_at integer, reserved_gpus integer not null default 0, price_version integer not null default 0,
    primary key (tenant_id, instance_id)
) without rowid;
CREATE INDEX instances_due on instances (tenant_id, host_id, due_at) where due_at is not null;
CREATE INDEX instances_living on instances (tenant_id, host_id, instance_id) where stopped_at is null;
CREATE INDEX instances_account on instances (tenant_id, account_id, instance_id);
CREATE INDEX instances_agent on instances (tenant_id, agent_id, account_id, instance_id);
CREATE INDEX instances_asked on instances (tenant_id, asked) where asked is not null;
CREATE INDEX instances_ended on instances (tenant_id, stopped_at) where stopped_at is not null;
CREATE UNIQUE INDEX instances_request on instances (tenant_id, created_by, request_key) where request_key is not null;
CREATE TABLE instance_intervals (
    tenant_id text not null,
    instance_id text not null,
    number integer not null,
    generation integer not null,
    began integer not null,
    measured integer not null,
    seen_at integer not null,
    ticks integer not null,
    boot text not null,
    ended integer,
    primary key (tenant_id, instance_id, number)
) without rowid;
CREATE INDEX instance_intervals_open on instance_intervals (tenant_id, instance_id) where ended is null;
CREATE TABLE instance_executions (
    tenant_id text not null,
    execution_id text not null,
    instance_id text not null,
    agent_id text not null,
    account_id text not null,
    created_by text not null,
    endpoint text not null,
    status text not null,
    http_status integer,
    error text,
    duration integer,
    deadline integer not null,
    created_at integer not null,
    ended_at integer,
    primary key (tenant_id, execution_id)
) without rowid;
CREATE INDEX instance_executions_instance on instance_executions (tenant_id, instance_id, execution_id);
CREATE INDEX instance_executions_open on instance_executions (tenant_id, instance_id) where ended_at is null;
CREATE INDEX instance_executions_ended on instance_executions (tenant_id, ended_at) where ended_at is not null;
CREATE TABLE instance_counters (
    tenant_id text not null,
    instance_id text not null,
    agent_id text not null,
    completed integer not null,
    failed integer not null,
    duration integer not null,
    primary key (tenant_id, agent_id, instance_id)
) without rowid;
CREATE TABLE instance_scaling (
    tenant_id text not null,
    agent_id text not null,
    account_id text not null,
    least integer not null,
    most integer not null,
    target real not null,
    config text not null,
    desired integer not null,
    busy real not null,
    calm_since integer,
    retry_at integer,
    problem text,
    updated_by text not null,
    updated_at integer not null, price_version integer not null default 0,
    primary key (tenant_id, agent_id, account_id)
) without rowid;
CREATE TABLE instance_backups (
    tenant_id text not null,
    backup_id text not null,
    instance_id text not null,
    agent_id text not null,
    account_id text not null,
    host_id text not null,
    size integer not null,
    created_at integer not null,
    primary key (tenant_id, backup_id)
) without rowid;
CREATE TABLE tenants (
    tenant_id text primary key,
    name text not null,
    status text not null,
    reason text not null,
    metadata text not null,
    created_at integer not null,
    created_by text not null,
    status_since integer not null,
    updated_at integer not null
) without rowid;
CREATE TRIGGER billing_prices_kept_all before delete on billing_prices
    when not exists (select 1 from tenants where tenant_id = old.tenant_id and status = 'deleting')
    begin select raise(abort, 'prices are never deleted'); end;
CREATE TRIGGER billing_ledger_kept_all before delete on billing_ledger
    when not exists (select 1 from tenants where tenant_id = old.tenant_id and status = 'deleting')
    begin select raise(abort, 'the ledger is never deleted'); end;
CREATE TRIGGER billing_invoices_kept_all before delete on billing_invoices
    when not exists (select 1 from tenants where tenant_id = old.tenant_id and status = 'deleting')
    begin select raise(abort, 'invoices are never deleted'); end;
CREATE TRIGGER billing_invoice_lines_kept_all before delete on billing_invoice_lines
    when not exists (select 1 from tenants where tenant_id = old.tenant_id and status = 'deleting')
    begin select raise(abort, 'invoices are never deleted'); end;
CREATE TABLE users (
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
    updated_at integer not null, daily_job_limit integer,
    primary key (tenant_id, user_id)
);
CREATE INDEX users_name on users (tenant_id, username, user_id);
CREATE TABLE user_sessions (
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
CREATE INDEX user_sessions_over on user_sessions (tenant_id, expires_at);
CREATE TABLE ended_logins (
    tenant_id text not null,
    login text not null,
    ended_at integer not null,
    forget_at integer not null,
    primary key (tenant_id, login)
);
CREATE INDEX ended_logins_over on ended_logins (tenant_id, forget_at);
CREATE INDEX tasks_open_person on tasks (tenant_id, created_by)
    where completed_at is null and created_by >= 'usr_' and created_by < 'usr`';
CREATE TABLE call_minutes (
    tenant_id text not null,
    minute integer not null,
    server text not null,
    calls integer not null,
    reads integer not null,
    errors integer not null,
    histogram text not null,
    primary key (tenant_id, minute, server)
) without rowid;
CREATE INDEX idempotency_age on idempotency (tenant_id, created_at);
CREATE TABLE client_sessions (
    tenant_id text not null,
    session text not null,
    kind text not null,
    subject text not null,
    client text not null,
    created_at integer not null,
    expires_at integer not null, toolsets text not null default '[]',
    primary key (tenant_id, session)
);
CREATE INDEX client_sessions_over on client_sessions (tenant_id, expires_at);
CREATE INDEX client_sessions_own on client_sessions (tenant_id, kind, subject, expires_at);
CREATE TABLE client_watches (
    tenant_id text not null,
    session text not null,
    uri text not null,
    named text not null,
    primary key (tenant_id, session, uri)
);
CREATE TABLE instance_output (
    tenant_id text not null,
    instance_id text not null,
    begins integer not null,
    size integer not null,
    data blob not null,
    primary key (tenant_id, instance_id)
);
CREATE INDEX envelopes_lapsed on envelopes (tenant_id, sender, message_id) where open < 0;
CREATE TABLE billing_reservations (
    tenant_id text not null,
    task_id text not null,
    account_id text not null,
    agent_id text not null,
    currency text not null,
    amount integer not null,
    price_version integer not null,
    spender text not null,
    description text not null,
    created_at integer not null, model text not null default '', project text not null default '',
    primary key (tenant_id, task_id)
) without rowid;
CREATE INDEX billing_reservations_account on billing_reservations (tenant_id, account_id, currency, agent_id, amount);
CREATE INDEX billing_reservations_agent on billing_reservations (tenant_id, agent_id, currency, amount);
CREATE TABLE billing_allowances (
    tenant_id text not null,
    subject text not null,
    currency text not null,
    amount integer not null,
    used integer not null,
    primary key (tenant_id, subject)
) without rowid;
CREATE TABLE storage_probes (
    tenant_id text not null,
    token text not null,
    primary key (tenant_id, token)
);
CREATE INDEX agents_named on agents (tenant_id, agent_name, registered_at);
CREATE TABLE administration (
    tenant_id text not null,
    target text not null,
    authority integer not null,
    administered_at integer not null,
    administered_by text not null,
    primary key (tenant_id, target)
) without rowid;
CREATE UNIQUE INDEX agents_name_key on agents (tenant_id, name_key) where retired_at is null;
CREATE INDEX agents_registrar on agents (tenant_id, registrar) where retired_at is null and registrar is not null;
CREATE INDEX agents_enrolment on agents (tenant_id, enrolment) where retired_at is null and enrolment is not null;
CREATE TABLE "messages" (
    tenant_id text not null,
    message_id text not null,
    from_agent text not null,
    from_name text not null,
    to_agent text not null,
    message_type text not null,
    priority text not null,
    correlation_id text,
    reply_to text,
    broadcast integer not null,
    created_at integer not null,
    expires_at integer,
    metadata text not null,
    content text not null,
    primary key (tenant_id, message_id)
);
CREATE INDEX messages_expiry on messages (expires_at) where expires_at is not null;
CREATE INDEX messages_broadcast on messages (tenant_id, message_id) where broadcast = 1;
CREATE TABLE "events" (
    tenant_id text not null,
    seq integer not null,
    event_id text not null,
    type text not null,
    source text not null,
    subject text,
    time integer not null,
    audience text,
    data blob not null,
    primary key (tenant_id, seq)
);
CREATE UNIQUE INDEX events_id on events (tenant_id, event_id);
CREATE TABLE "task_data" (
    tenant_id text not null,
    task_id text not null,
    metadata text not null,
    payload text not null,
    result text,
    primary key (tenant_id, task_id)
);
CREATE TABLE "task_entries" (
    tenant_id text not null,
    task_id text not null,
    number integer not null,
    type text not null,
    time integer not null,
    actor text not null,
    status text,
    progress real,
    starts_at integer,
    content text,
    data text,
    primary key (tenant_id, task_id, number)
);
CREATE INDEX task_output on task_entries (tenant_id, task_id, starts_at) where starts_at is not null;
CREATE TABLE "memories" (
    tenant_id text not null,
    namespace text not null,
    key text not null,
    memory_id text not null,
    tags text not null,
    version integer not null,
    stored_by text not null,
    created_at integer not null,
    updated_at integer not null,
    value text not null,
    primary key (tenant_id, namespace, key)
);
CREATE UNIQUE INDEX memories_id on memories (tenant_id, memory_id);
CREATE INDEX bus_pending_age on bus_pending (tenant_id, delivered_at) where consumer <> '' and group_name <> 'agora:redis';
CREATE TABLE dead_letters (
    tenant_id text not null,
    letter_id text not null,
    source text not null,
    key text not null,
    owner text not null,
    account text not null,
    ref text,
    destination text not null,
    reason text not null,
    attempts integer not null,
    detail text not null,
    state text not null,
    died_at integer not null,
    settled_at integer,
    settled_by text,
    primary key (tenant_id, letter_id)
) without rowid;
CREATE INDEX dead_letters_state on dead_letters (tenant_id, state, letter_id);
CREATE INDEX dead_letters_owner on dead_letters (tenant_id, owner, state, letter_id);
CREATE INDEX dead_letters_key on dead_letters (tenant_id, source, key);
CREATE INDEX dead_letters_bound on dead_letters (tenant_id, source, owner, letter_id);
CREATE TABLE outbox (
    tenant_id text not null,
    delivery_id text not null,
    source text not null,
    recipient text not null,
    account text not null,
    ref text not null,
    destination text not null,
    attempts integer not null,
    due_at integer not null,
    leased integer not null,
    fence integer not null,
    expires_at integer,
    error text,
    created_at integer not null,
    primary key (tenant_id, delivery_id)
) without rowid;
CREATE INDEX outbox_due on outbox (tenant_id, due_at);
CREATE INDEX outbox_destination on outbox (tenant_id, destination, due_at);
CREATE TABLE v4_mappings (
    tenant_id text not null,
    kind text not null,
    v4_key text not null,
    target text not null,
    run_id text not null,
    detail text not null,
    created_at integer not null,
    primary key (tenant_id, kind, v4_key)
) without rowid;
CREATE INDEX v4_mappings_run on v4_mappings (tenant_id, run_id, kind, v4_key);
CREATE INDEX v4_mappings_target on v4_mappings (tenant_id, target);
CREATE TABLE v4_imports (
    tenant_id text not null,
    run_id text not null,
    source_database text not null,
    digest text not null,
    status text not null,
    positions text not null,
    counts text not null,
    started_at integer not null,
    finished_at integer,
    primary key (tenant_id, run_id)
) without rowid;
CREATE TABLE v4_calls (
    tenant_id text not null,
    day integer not null,
    agent text not null,
    reducer text not null,
    calls integer not null,
    last_at integer not null,
    primary key (tenant_id, day, agent, reducer)
) without rowid;
CREATE TABLE billing_profiles (
    tenant_id text not null,
    account_id text not null,
    name text not null,
    address text not null,
    tax_id text not null,
    email text not null,
    updated_at integer not null,
    updated_by text not null,
    primary key (tenant_id, account_id)
) without rowid;
CREATE TABLE codebases (
    tenant_id text not null,
    codebase_id text not null,
    worker_id text not null,
    owner text not null,
    name text not null,
    path text not null,
    repository text,
    description text not null,
    registered_at integer not null,
    updated_at integer not null, stand_ins text not null default '[]', watching integer not null default 1, watch_interval integer not null default 5, state text not null default 'ready', problem text, git_url text, branch text, sealed_token blob, agent_config text not null default '{}', registration_task text, declined text not null default '[]', review_limit integer not null default 0,
    primary key (tenant_id, codebase_id)
) without rowid;
CREATE UNIQUE INDEX codebases_path on codebases (tenant_id, worker_id, path);
CREATE TABLE coding_sessions (
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
    updated_at integer not null, directory text not null default '',
    primary key (tenant_id, codebase_id, session_id)
) without rowid;
CREATE INDEX coding_sessions_latest on coding_sessions (tenant_id, codebase_id, updated_at);
CREATE TABLE coding_messages (
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
CREATE INDEX coding_messages_order on coding_messages (tenant_id, codebase_id, session_id, number);
CREATE TABLE billing_discounts (
    tenant_id text not null,
    account_id text not null,
    basis_points integer not null,
    until_at integer,
    updated_at integer not null,
    updated_by text not null,
    primary key (tenant_id, account_id)
) without rowid;
CREATE TABLE billing_free_quotas (
    tenant_id text not null,
    agent_id text not null,
    kind text not null,
    quantity integer not null,
    updated_at integer not null,
    updated_by text not null,
    primary key (tenant_id, agent_id, kind)
) without rowid;
CREATE TABLE billing_coupons (
    tenant_id text not null,
    code text not null,
    amount integer not null,
    currency text not null,
    expires_at integer,
    max_redemptions integer,
    redemptions integer not null,
    created_at integer not null,
    created_by text not null,
    primary key (tenant_id, code)
) without rowid;
CREATE TABLE virtual_servers (
    tenant_id text not null,
    name text not null,
    description text not null,
    instructions text not null,
    tools text not null,
    created_by text not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, name)
);
CREATE TABLE upstream_clients (
    tenant_id text not null,
    upstream_id text not null,
    issuer text not null,
    redirect_uri text not null,
    client blob not null,
    created_at integer not null,
    primary key (tenant_id, upstream_id, issuer, redirect_uri)
) without rowid;
CREATE TABLE upstream_grants (
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
CREATE INDEX upstream_grants_subject on upstream_grants (tenant_id, subject);
CREATE TABLE upstream_authorizations (
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
CREATE INDEX upstream_authorizations_begun on upstream_authorizations (tenant_id, upstream_id, begun_by);
CREATE TABLE declared_agents (
    tenant_id text not null,
    name text not null,
    agent_id text not null,
    version integer not null,
    specification text not null,
    declared_by text not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, name)
);
CREATE UNIQUE INDEX declared_agents_id on declared_agents (tenant_id, agent_id);
CREATE TABLE declared_agent_versions (
    tenant_id text not null,
    name text not null,
    version integer not null,
    specification text not null,
    declared_by text not null,
    created_at integer not null,
    primary key (tenant_id, name, version)
);
CREATE TABLE model_providers (
    tenant_id text not null,
    name text not null,
    wire text not null,
    url text not null,
    sealed_key blob not null,
    updated_by text not null,
    updated_at integer not null,
    primary key (tenant_id, name)
);
CREATE TABLE token_usage (
    tenant_id text not null,
    task_id text not null,
    model text not null,
    agent_id text not null,
    account_id text not null,
    input_tokens integer not null,
    output_tokens integer not null,
    cost integer,
    currency text,
    is_estimate integer not null,
    reported_at integer not null, charged_input integer not null default 0, charged_output integer not null default 0, charged_cost integer not null default 0,
    primary key (tenant_id, task_id, model)
);
CREATE INDEX token_usage_account on token_usage (tenant_id, account_id, task_id);
CREATE INDEX coding_sessions_recent on coding_sessions (tenant_id, updated_at);
CREATE INDEX coding_sessions_requester on coding_sessions (tenant_id, requester, updated_at);
CREATE TABLE coding_follow_ups (
    tenant_id text not null,
    follow_up_id text not null,
    task_id text not null,
    number integer not null,
    mode text not null,
    text text not null,
    author text not null,
    created_at integer not null,
    updated_at integer not null,
    taken integer,
    primary key (tenant_id, follow_up_id)
) without rowid;
CREATE INDEX coding_follow_ups_order on coding_follow_ups (tenant_id, task_id, number);
CREATE TABLE coding_closed_jobs (
    tenant_id text not null,
    task_id text not null,
    successor text,
    closed_at integer not null,
    primary key (tenant_id, task_id)
) without rowid;
CREATE INDEX task_context_predecessors on task_dependencies (tenant_id, task_id) where in_context = 1;
CREATE INDEX tasks_open_in_context on tasks (tenant_id, context_id, task_id)
    where context_id is not null and completed_at is null;
CREATE TABLE billing_model_prices (
    tenant_id text not null,
    provider text not null,
    model text not null,
    currency text not null,
    input_price integer not null,
    output_price integer not null,
    cache_read_price integer,
    cache_write_price integer,
    reasoning_price integer,
    markup integer,
    updated_at integer not null,
    updated_by text not null,
    primary key (tenant_id, provider, model)
) without rowid;
CREATE TABLE billing_model_calls (
    tenant_id text not null,
    entry_id text not null,
    account_id text not null,
    agent_id text not null,
    task_id text not null,
    project text not null,
    provider text not null,
    model text not null,
    calls integer not null,
    input_tokens integer not null,
    output_tokens integer not null,
    cache_read_tokens integer not null,
    cache_write_tokens integer not null,
    reasoning_tokens integer not null,
    currency text not null,
    cost integer not null,
    base_cost integer not null,
    is_estimate integer not null,
    first_token integer,
    duration integer,
    period integer not null,
    created_at integer not null,
    primary key (tenant_id, entry_id)
) without rowid;
CREATE INDEX billing_model_calls_account on billing_model_calls (tenant_id, account_id, entry_id);
CREATE INDEX billing_model_calls_agent on billing_model_calls (tenant_id, agent_id, entry_id);
CREATE INDEX billing_model_calls_task on billing_model_calls (tenant_id, task_id, entry_id) where task_id <> '';
CREATE TABLE billing_model_months (
    tenant_id text not null,
    period integer not null,
    account_id text not null,
    agent_id text not null,
    provider text not null,
    model text not null,
    project text not null,
    currency text not null,
    calls integer not null,
    input_tokens integer not null,
    output_tokens integer not null,
    cache_read_tokens integer not null,
    cache_write_tokens integer not null,
    reasoning_tokens integer not null,
    cost integer not null,
    base_cost integer not null,
    primary key (tenant_id, period, account_id, agent_id, provider, model, project, currency)
) without rowid;
CREATE INDEX billing_model_months_agent on billing_model_months (tenant_id, period, agent_id);
CREATE TRIGGER billing_model_calls_summed after insert on billing_model_calls
begin
    insert into billing_model_months (tenant_id, period, account_id, agent_id, provider, model, project, currency,
        calls, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost,
        base_cost)
        values (new.tenant_id, new.period, new.account_id, new.agent_id, new.provider, new.model, new.project,
            new.currency, new.calls, new.input_tokens, new.output_tokens, new.cache_read_tokens,
            new.cache_write_tokens, new.reasoning_tokens, new.cost, new.base_cost)
        on conflict do update set calls = calls + excluded.calls, input_tokens = input_tokens +
            excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens, cache_read_tokens =
            cache_read_tokens + excluded.cache_read_tokens, cache_write_tokens = cache_write_tokens +
            excluded.cache_write_tokens, reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens, cost
            = cost + excluded.cost, base_cost = base_cost + excluded.base_cost;
end;
CREATE TRIGGER billing_model_calls_kept before update on billing_model_calls
    begin select raise(abort, 'calls of models are never changed'); end;
CREATE TRIGGER billing_model_calls_kept_all before delete on billing_model_calls
    begin select raise(abort, 'calls of models are never deleted'); end;
CREATE TABLE "billing_budgets" (
    tenant_id text not null,
    account_id text not null,
    agent_id text not null,
    currency text not null,
    model text not null,
    project text not null,
    soft_limit integer,
    hard_limit integer,
    prepaid integer not null,
    warned integer not null,
    exhausted integer not null,
    set_by text not null,
    updated_at integer not null,
    updated_by text not null,
    primary key (tenant_id, account_id, agent_id, currency, model, project)
) without rowid;
CREATE TABLE apps (
    tenant_id text not null,
    app_id text not null,
    name text not null,
    name_key text not null,
    alias text,
    description text not null,
    industry text not null,
    industry_key text not null,
    version text not null,
    revision integer not null,
    orchestrator text,
    uses text not null,
    visibility text not null,
    account_id text not null,
    created_by text not null,
    registrar text,
    agents text not null,
    workflow text,
    search_text text not null,
    published integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, app_id)
);
CREATE UNIQUE INDEX apps_name on apps (tenant_id, name_key);
CREATE UNIQUE INDEX apps_alias on apps (tenant_id, alias) where alias is not null;
CREATE INDEX apps_orchestrator on apps (tenant_id, orchestrator) where orchestrator is not null;
CREATE INDEX apps_registrar on apps (tenant_id, registrar) where registrar is not null;
CREATE TABLE coding_reviews (
    tenant_id text not null,
    job_id text not null,
    task_id text not null,
    codebase_id text not null,
    context_id text not null,
    worker_id text not null,
    owner text not null,
    requester text not null,
    title text not null,
    state text not null,
    branch text not null,
    target text not null,
    base text not null,
    head text not null,
    revision integer not null,
    files integer not null,
    additions integer not null,
    deletions integer not null,
    conflicts text not null,
    pull_request text,
    delivery_task_id text,
    error text,
    reviewer text,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, job_id)
);
CREATE INDEX coding_reviews_latest on coding_reviews (tenant_id, updated_at, job_id);
CREATE INDEX coding_reviews_waiting on coding_reviews (tenant_id, codebase_id, state);
CREATE TABLE coding_review_files (
    tenant_id text not null,
    job_id text not null,
    number integer not null,
    path text not null,
    status text not null,
    additions integer not null,
    deletions integer not null,
    patch text not null,
    truncated integer not null,
    primary key (tenant_id, job_id, number)
);
CREATE TABLE coding_review_comments (
    tenant_id text not null,
    comment_id text not null,
    job_id text not null,
    number integer not null,
    author text not null,
    path text not null,
    line integer not null,
    side text not null,
    code text not null,
    text text not null,
    created_at integer not null,
    follow_up_id text,
    primary key (tenant_id, comment_id)
);
CREATE INDEX coding_review_comments_order on coding_review_comments (tenant_id, job_id, number);
CREATE TABLE coding_turns (
    tenant_id text not null,
    job_id text not null,
    number integer not null,
    task_id text not null,
    codebase_id text not null,
    session_id text not null,
    context_id text not null,
    requester text not null,
    owner text not null,
    prompt text not null,
    commit_id text not null,
    messages integer not null,
    files text not null,
    created_at integer not null,
    primary key (tenant_id, job_id, number)
);
CREATE TABLE coding_job_secrets (
    tenant_id text not null,
    task_id text not null,
    sealed blob not null,
    created_at integer not null,
    primary key (tenant_id, task_id)
) without rowid;
CREATE TABLE user_daily_jobs (
    tenant_id text not null,
    user_id text not null,
    day integer not null,
    jobs integer not null,
    primary key (tenant_id, user_id)
) without rowid;
CREATE TABLE coding_worktrees (
    tenant_id text not null,
    codebase_id text not null,
    worktrees text not null,
    reported_at integer not null,
    primary key (tenant_id, codebase_id)
) without rowid;
CREATE TABLE coding_attempt_groups (
    tenant_id text not null,
    group_id text not null,
    title text not null,
    codebase_id text not null,
    requester text not null,
    chosen text,
    chosen_by text,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, group_id)
) without rowid;
CREATE INDEX coding_attempt_groups_requester on coding_attempt_groups (tenant_id, requester, group_id);
CREATE TABLE coding_attempts (
    tenant_id text not null,
    group_id text not null,
    number integer not null,
    task_id text not null,
    variant text not null,
    primary key (tenant_id, group_id, number)
) without rowid;
CREATE INDEX tasks_waiting on tasks (tenant_id, queue, priority, sort_key, task_id) where waiting = 1;
CREATE INDEX tasks_moved on tasks (tenant_id, sort_key) where moved = 1;
CREATE INDEX coding_reviews_delivering on coding_reviews (tenant_id, delivery_task_id) where state = 'delivering';
insert into tenants
    select 'default', 'default', 'active', '', '{}', now, 'system', now, now
    from (select cast((julianday('now') - 2440587.5) * 86400000000 as integer) as now);
