-- Push notifications: how far each configuration has got along its task's log, and how it fares.

-- version: of A2A, that whoever made it speaks. position: number of the stream's item that was delivered last.
-- state: active, dead (given up), done (its task has ended, and that was told). attempts: that failed, of the next item.
-- due_at: when the next one is. lease_until, fence: of the server that is delivering.
alter table a2a_push_configs add column version text collate "C" not null default '1.0';
alter table a2a_push_configs add column position bigint not null default 0;
alter table a2a_push_configs add column state text collate "C" not null default 'active';
alter table a2a_push_configs add column attempts bigint not null default 0;
alter table a2a_push_configs add column due_at bigint not null default 0;
alter table a2a_push_configs add column lease_until bigint not null default 0;
alter table a2a_push_configs add column fence bigint not null default 0;
alter table a2a_push_configs add column error text;
alter table a2a_push_configs add column updated_at bigint not null default 0;
create index a2a_push_active on a2a_push_configs (tenant_id, due_at) where state = 'active';
create index a2a_push_dead on a2a_push_configs (tenant_id, task_id, config_id) where state = 'dead';
