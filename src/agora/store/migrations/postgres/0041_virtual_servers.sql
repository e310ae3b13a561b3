-- Sets of tools that an operator names, each served as an MCP server of its own. tools: a JSON array of names.
create table virtual_servers (
    tenant_id text collate "C" not null,
    name text collate "C" not null,
    description text not null,
    instructions text not null,
    tools text not null,
    created_by text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (tenant_id, name)
);
