-- Rows that may be large get rowids. In a table without them SQLite loads a whole row, page by page, for each comparison of
-- keys: to find one message of 800 kB beside others of that size took 600 system calls, a page of an inbox 16,000.
-- What is large stands last: a column behind it is found by reading all of it.

create table messages_new (
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
insert into messages_new (
    tenant_id, message_id, from_agent, from_name, to_agent, message_type, priority, correlation_id, reply_to,
        broadcast, created_at, expires_at, metadata, content
) select
    tenant_id, message_id, from_agent, from_name, to_agent, message_type, priority, correlation_id, reply_to,
        broadcast, created_at, expires_at, metadata, content
from messages order by tenant_id, message_id;
drop table messages;
alter table messages_new rename to messages;
create index messages_expiry on messages (expires_at) where expires_at is not null;
create index messages_broadcast on messages (tenant_id, message_id) where broadcast = 1;

create table events_new (
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
insert into events_new (
    tenant_id, seq, event_id, type, source, subject, time, audience, data
) select
    tenant_id, seq, event_id, type, source, subject, time, audience, data
from events order by tenant_id, seq;
drop table events;
alter table events_new rename to events;
create unique index events_id on events (tenant_id, event_id);

create table task_data_new (
    tenant_id text not null,
    task_id text not null,
    metadata text not null,
    payload text not null,
    result text,
    primary key (tenant_id, task_id)
);
insert into task_data_new (
    tenant_id, task_id, metadata, payload, result
) select
    tenant_id, task_id, metadata, payload, result
from task_data order by tenant_id, task_id;
drop table task_data;
alter table task_data_new rename to task_data;

create table task_entries_new (
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
insert into task_entries_new (
    tenant_id, task_id, number, type, time, actor, status, progress, starts_at, content, data
) select
    tenant_id, task_id, number, type, time, actor, status, progress, starts_at, content, data
from task_entries order by tenant_id, task_id, number;
drop table task_entries;
alter table task_entries_new rename to task_entries;
create index task_output on task_entries (tenant_id, task_id, starts_at) where starts_at is not null;

create table memories_new (
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
insert into memories_new (
    tenant_id, namespace, key, memory_id, tags, version, stored_by, created_at, updated_at, value
) select
    tenant_id, namespace, key, memory_id, tags, version, stored_by, created_at, updated_at, value
from memories order by tenant_id, namespace, key;
drop table memories;
alter table memories_new rename to memories;
create unique index memories_id on memories (tenant_id, memory_id);
