-- What is kept of its host for an instance, beside memory and cores: GPUs.
alter table instances add column reserved_gpus integer not null default 0;

-- The last output of an instance that has ended. begins: offset of its first byte. size: bytes written in all.
create table instance_output (
    tenant_id text not null,
    instance_id text not null,
    begins integer not null,
    size integer not null,
    data blob not null,
    primary key (tenant_id, instance_id)
);
