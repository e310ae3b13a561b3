-- Memory: what agents keep by key, and the words by which it is found again.

-- namespace: shared by all, but '@AGENT', which is that one's own. version: 1 when it was new.
create table memories (
    tenant_id text collate "C" not null,
    namespace text collate "C" not null,
    key text collate "C" not null,
    memory_id text collate "C" not null,
    value text not null,
    tags text not null,
    version bigint not null,
    stored_by text collate "C" not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (tenant_id, namespace, key)
);
create unique index memories_id on memories (tenant_id, memory_id);

create table memory_words (
    tenant_id text collate "C" not null,
    word text collate "C" not null,
    memory_id text collate "C" not null,
    primary key (tenant_id, word, memory_id)
);
create index memory_words_memory on memory_words (tenant_id, memory_id);

-- How many there are, so that there are not too many.
create table memory_counts (
    tenant_id text collate "C" not null,
    entries bigint not null,
    primary key (tenant_id)
);
