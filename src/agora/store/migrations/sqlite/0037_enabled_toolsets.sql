-- Toolsets that a client of MCP has enabled at run time, beside those it asked for when it connected: a JSON array of names.
alter table client_sessions add column toolsets text not null default '[]';
