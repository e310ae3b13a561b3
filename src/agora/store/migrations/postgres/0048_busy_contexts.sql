-- busy: what becomes of a task in a context where an earlier one is under way, see the contract.
alter table agents add column busy text not null default 'enqueue';
update agents set busy = coalesce((
    select d.specification::json ->> 'busy' from declared_agents d
    where d.tenant_id = agents.tenant_id and d.agent_id = agents.agent_id), 'enqueue');

-- in_context: 1 where the task comes after the other one in their context, and any end of that one releases it.
alter table task_dependencies add column in_context bigint not null default 0;
create index task_context_predecessors on task_dependencies (tenant_id, task_id) where in_context = 1;
create index tasks_open_in_context on tasks (tenant_id, context_id, task_id)
    where context_id is not null and completed_at is null;
