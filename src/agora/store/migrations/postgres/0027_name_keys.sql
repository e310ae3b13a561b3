-- name_key: what names that a reader takes for one another have in common (services/names.py); one agent at a time has it.
-- Of names given before that differ in case alone, the oldest has the key; the others are found by their exact names.

alter table agents add column name_key text;
update agents set name_key = lower(agent_name) where agent_id in (
    select agent_id from (
        select agent_id, row_number() over (
            partition by tenant_id, lower(agent_name) order by registered_at, agent_id) as place
        from agents where retired_at is null
    ) as ranked where place = 1
);
create unique index agents_name_key on agents (tenant_id, name_key) where retired_at is null;
