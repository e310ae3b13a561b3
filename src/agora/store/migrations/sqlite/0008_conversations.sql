-- The agent protocol: addresses and keys of agents, conversations, which message answers which, reported usage.

-- alias: agent.COMPANY.NAME, unique among those that are there. public_keys: JWKs, the newest first.
alter table agents add column alias text;
alter table agents add column public_keys text not null default '[]';
create unique index agents_alias on agents (tenant_id, alias) where alias is not null and retired_at is null;
create index agents_account on agents (tenant_id, account_id) where account_id <> 'default' and retired_at is null;

-- label: what its messages have as conversation_id, chosen by agents, so not unique. type, intent: of its first message.
create table conversations (
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
create index conversations_age on conversations (tenant_id, updated_at);

-- party: an agent id, 'name:NAME' for a name not registered yet, or the marketplace's own agent
create table conversation_parties (
    tenant_id text not null,
    party text not null,
    conversation_id text not null,
    label text not null,
    primary key (tenant_id, party, conversation_id)
) without rowid;
create index conversation_parties_label on conversation_parties (tenant_id, party, label, conversation_id);
create index conversation_parties_all on conversation_parties (tenant_id, conversation_id);

-- A message of a conversation. envelope_id: as its sender named it. answers: the message it answers; cause: the one
-- because of which the marketplace sent it. open: how many recipients have not answered for good.
-- expected: type of the answer it asks for. due_at: when it counts as unanswered; timeout: milliseconds, of that. answer: what ended the waiting for it.
create table envelopes (
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
create unique index envelopes_own on envelopes (tenant_id, sender, envelope_id);
create index envelopes_named on envelopes (tenant_id, envelope_id);
create index envelopes_conversation on envelopes (tenant_id, conversation_id, message_id);
create index envelopes_open on envelopes (tenant_id, sender, message_id) where open > 0;
create index envelopes_answers on envelopes (tenant_id, answers, sender) where answers is not null;
create index envelopes_due on envelopes (tenant_id, due_at) where due_at is not null;

-- duration: milliseconds. used_at: as reported.
create table reported_usage (
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
create index reported_usage_agent on reported_usage (tenant_id, agent_id, usage_id);
