-- Sets of tools that an operator names, each served as an MCP server of its own. tools: a JSON array of names.
create table virtual_servers (
    tenant_id text not null,
    name text not null,
    description text not null,
    instructions text not null,
    tools text not null,
    created_by text not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, name)
);
