-- registry_name: what the MCP registry calls an upstream that was imported from it.
alter table upstreams add column registry_name text collate "C";
create unique index upstreams_registry_name on upstreams (tenant_id, registry_name) where registry_name is not null;
