-- What a server writes, and deletes in the same transaction, to find out whether the database takes writes.

create table storage_probes (
    tenant_id text not null,
    token text not null,
    primary key (tenant_id, token)
);
