-- Whom a name meant at a time: agents that have left are looked up by name, too.
create index agents_named on agents (tenant_id, agent_name, registered_at);
