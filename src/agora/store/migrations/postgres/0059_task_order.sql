-- sort_key: orders the waiting tasks of a priority: the deadline as 15 hexadecimal digits ('~' for none) and those of the id, or where the
-- task was moved to (moved = 1). What has ended waits for nothing, and keeps the empty key.
alter table tasks add column sort_key text collate "C" not null default '';
alter table tasks add column moved bigint not null default 0;
update tasks set sort_key = case when deadline >= 4611686018427387904 then '~' else lpad(to_hex(deadline), 15, '0') end || substr(task_id, 6)
    where completed_at is null;
drop index tasks_waiting;
create index tasks_waiting on tasks (tenant_id, queue, priority, sort_key, task_id) where waiting = 1;
create index tasks_moved on tasks (tenant_id, sort_key) where moved = 1;
