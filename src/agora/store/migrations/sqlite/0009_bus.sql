-- The bus: streams with consumer groups, and responses that are due.

-- last_number: of the newest entry. floor: messages to everyone up to this id were looked at. owner: empty for nobody.
create table bus_streams (
    tenant_id text not null,
    stream text not null,
    last_number integer not null,
    floor text not null,
    owner text not null,
    primary key (tenant_id, stream)
) without rowid;

-- ref: the message or task that an entry stands for; name: its id as readers see it. fields: JSON object of texts.
create table bus_entries (
    tenant_id text not null,
    stream text not null,
    number integer not null,
    ref text,
    name text,
    fields text not null,
    created_at integer not null,
    primary key (tenant_id, stream, number)
) without rowid;

create index bus_entries_ref on bus_entries (tenant_id, stream, ref) where ref is not null;
create index bus_entries_name on bus_entries (tenant_id, stream, name) where name is not null;

-- last_number: of the newest entry that was handed out.
create table bus_groups (
    tenant_id text not null,
    stream text not null,
    group_name text not null,
    last_number integer not null,
    created_at integer not null,
    primary key (tenant_id, stream, group_name)
) without rowid;
create index bus_groups_name on bus_groups (tenant_id, group_name, stream);

-- consumer: '' where an entry was taken back and waits for anyone.
create table bus_pending (
    tenant_id text not null,
    stream text not null,
    group_name text not null,
    number integer not null,
    consumer text not null,
    deliveries integer not null,
    delivered_at integer not null,
    primary key (tenant_id, stream, group_name, number)
) without rowid;
create index bus_pending_age on bus_pending (tenant_id, delivered_at) where consumer <> '';

create table bus_consumers (
    tenant_id text not null,
    stream text not null,
    group_name text not null,
    consumer text not null,
    seen_at integer not null,
    primary key (tenant_id, stream, group_name, consumer)
) without rowid;
create index bus_consumers_age on bus_consumers (tenant_id, seen_at);

-- Entries whose response is awaited. ref: the message or task; recipient: an agent, empty for a task that anyone may take.
create table bus_responses (
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
create index bus_responses_due on bus_responses (tenant_id, due_at);
