-- The bus: streams with consumer groups, and responses that are due.

-- last_number: of the newest entry. floor: messages to everyone up to this id were looked at. owner: empty for nobody.
create table bus_streams (
    tenant_id text collate "C" not null,
    stream text collate "C" not null,
    last_number bigint not null,
    floor text collate "C" not null,
    owner text collate "C" not null,
    primary key (tenant_id, stream)
);

-- ref: the message or task that an entry stands for; name: its id as readers see it. fields: JSON object of texts.
create table bus_entries (
    tenant_id text collate "C" not null,
    stream text collate "C" not null,
    number bigint not null,
    ref text collate "C",
    name text collate "C",
    fields text not null,
    created_at bigint not null,
    primary key (tenant_id, stream, number)
);

create index bus_entries_ref on bus_entries (tenant_id, stream, ref) where ref is not null;
create index bus_entries_name on bus_entries (tenant_id, stream, name) where name is not null;

-- last_number: of the newest entry that was handed out.
create table bus_groups (
    tenant_id text collate "C" not null,
    stream text collate "C" not null,
    group_name text collate "C" not null,
    last_number bigint not null,
    created_at bigint not null,
    primary key (tenant_id, stream, group_name)
);
create index bus_groups_name on bus_groups (tenant_id, group_name, stream);

-- consumer: '' where an entry was taken back and waits for anyone.
create table bus_pending (
    tenant_id text collate "C" not null,
    stream text collate "C" not null,
    group_name text collate "C" not null,
    number bigint not null,
    consumer text collate "C" not null,
    deliveries bigint not null,
    delivered_at bigint not null,
    primary key (tenant_id, stream, group_name, number)
);
create index bus_pending_age on bus_pending (tenant_id, delivered_at) where consumer <> '';

create table bus_consumers (
    tenant_id text collate "C" not null,
    stream text collate "C" not null,
    group_name text collate "C" not null,
    consumer text collate "C" not null,
    seen_at bigint not null,
    primary key (tenant_id, stream, group_name, consumer)
);
create index bus_consumers_age on bus_consumers (tenant_id, seen_at);

-- Entries whose response is awaited. ref: the message or task; recipient: an agent, empty for a task that anyone may take.
create table bus_responses (
    tenant_id text collate "C" not null,
    ref text collate "C" not null,
    recipient text collate "C" not null,
    sender text collate "C" not null,
    type text collate "C" not null,
    priority text collate "C" not null,
    correlation_id text collate "C",
    created_at bigint not null,
    due_at bigint not null,
    primary key (tenant_id, ref, recipient)
);
create index bus_responses_due on bus_responses (tenant_id, due_at);
