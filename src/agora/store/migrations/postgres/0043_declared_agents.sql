-- Agents that think with a language model. specification: JSON of its current version.
create table declared_agents (
    tenant_id text collate "C" not null,
    name text collate "C" not null,
    agent_id text collate "C" not null,
    version bigint not null,
    specification text not null,
    declared_by text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (tenant_id, name)
);
create unique index declared_agents_id on declared_agents (tenant_id, agent_id);

-- Every version of a declaration.
create table declared_agent_versions (
    tenant_id text collate "C" not null,
    name text collate "C" not null,
    version bigint not null,
    specification text not null,
    declared_by text not null,
    created_at bigint not null,
    primary key (tenant_id, name, version)
);

-- Where language models are. sealed_key: encrypted; empty without a key.
create table model_providers (
    tenant_id text collate "C" not null,
    name text collate "C" not null,
    wire text not null,
    url text not null,
    sealed_key bytea not null,
    updated_by text not null,
    updated_at bigint not null,
    primary key (tenant_id, name)
);
