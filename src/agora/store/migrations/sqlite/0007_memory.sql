-- Memory: what agents keep by key, and the words by which it is found again.

-- namespace: shared by all, but '@AGENT', which is that one's own. version: 1 when it was new.
create table memories (
    tenant_id text not null,
    namespace text not null,
    key text not null,
    memory_id text not null,
    value text not null,
    tags text not null,
    version integer not null,
    stored_by text not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, namespace, key)
) without rowid;
create unique index memories_id on memories (tenant_id, memory_id);

create table memory_words (
    tenant_id text not null,
    word text not null,
    memory_id text not null,
    primary key (tenant_id, word, memory_id)
) without rowid;
create index memory_words_memory on memory_words (tenant_id, memory_id);

-- How many there are, so that there are not too many.
create table memory_counts (
    tenant_id text not null,
    entries integer not null,
    primary key (tenant_id)
) without rowid;
