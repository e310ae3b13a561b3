-- watching: 0 holds the jobs that are queued for a codebase. watch_interval: seconds between two looks, at the longest.
alter table codebases add column watching integer not null default 1;
alter table codebases add column watch_interval integer not null default 5;

-- held: JSON, capabilities of a worker that it claims nothing by, because codebases of it are not watched.
alter table workers add column held text not null default '[]';

-- directory: where a session works, on its worker's machine; empty where that is its codebase.
alter table coding_sessions add column directory text not null default '';
create index coding_sessions_recent on coding_sessions (tenant_id, updated_at);
create index coding_sessions_requester on coding_sessions (tenant_id, requester, updated_at);
