-- Tasks, their logs, workers, workflows.

-- The part of a task that changes while it is worked on; what is large is in task_data.
-- queue: where it waits, see services/tasks/queues.py. waiting: 1 while it can be claimed.
-- deadline: 2^62 where there is none, so that it orders. due_at: when a controller has to look at it.
create table tasks (
    tenant_id text collate "C" not null,
    task_id text collate "C" not null,
    task_type text collate "C" not null,
    status text collate "C" not null,
    priority bigint not null,
    assignee text collate "C",
    assigned_agent text collate "C",
    queue text collate "C" not null,
    waiting bigint not null,
    requirements text not null,
    required_model text collate "C",
    created_by text collate "C" not null,
    account_id text collate "C" not null,
    holder text collate "C",
    worker text collate "C",
    fence bigint not null,
    lease_seconds bigint not null,
    lease_until bigint,
    attempts bigint not null,
    max_attempts bigint not null,
    failures bigint not null,
    max_failures bigint,
    retry_backoff double precision not null,
    timeout bigint,
    blocked bigint not null,
    has_dependants bigint not null,
    depends_on text collate "C" not null,
    parent_id text collate "C",
    retry_of text collate "C",
    workflow_id text collate "C",
    step text collate "C",
    item bigint,
    progress double precision not null,
    milestone text,
    notes text,
    checkpoint text,
    checkpoint_number bigint,
    error text,
    entries bigint not null,
    output_size bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    available_at bigint,
    started_at bigint,
    completed_at bigint,
    deadline bigint not null,
    due_at bigint,
    primary key (tenant_id, task_id)
);
create index tasks_waiting on tasks (tenant_id, queue, priority, deadline, task_id) where waiting = 1;
create index tasks_due on tasks (tenant_id, due_at) where due_at is not null;
create index tasks_agent on tasks (tenant_id, assigned_agent, task_id);
create index tasks_open on tasks (tenant_id, assigned_agent, task_id) where completed_at is null;
create index tasks_creator on tasks (tenant_id, created_by, task_id);
create index tasks_ended on tasks (tenant_id, completed_at) where completed_at is not null;
create index tasks_workflow on tasks (tenant_id, workflow_id, task_id) where workflow_id is not null;
create index tasks_parent on tasks (tenant_id, parent_id, task_id) where parent_id is not null;
create index tasks_worker on tasks (tenant_id, worker, task_id) where worker is not null;

-- result before payload: reading a column walks over all before it
create table task_data (
    tenant_id text collate "C" not null,
    task_id text collate "C" not null,
    result text,
    payload text not null,
    metadata text not null,
    primary key (tenant_id, task_id)
);

create table task_dependencies (
    tenant_id text collate "C" not null,
    depends_on text collate "C" not null,
    task_id text collate "C" not null,
    primary key (tenant_id, depends_on, task_id)
);

-- The log of each task: what was done to it, and its output. starts_at: where a piece of output begins.
create table task_entries (
    tenant_id text collate "C" not null,
    task_id text collate "C" not null,
    number bigint not null,
    type text collate "C" not null,
    time bigint not null,
    actor text collate "C" not null,
    status text collate "C",
    progress double precision,
    content text,
    starts_at bigint,
    data text,
    primary key (tenant_id, task_id, number)
);
create index task_output on task_entries (tenant_id, task_id, starts_at) where starts_at is not null;

-- How long tasks of a type waited for and took an agent, for estimates.
create table task_durations (
    tenant_id text collate "C" not null,
    task_type text collate "C" not null,
    agent_id text collate "C" not null,
    samples bigint not null,
    wait_mean double precision not null,
    run_mean double precision not null,
    updated_at bigint not null,
    primary key (tenant_id, task_type, agent_id)
);

create table workers (
    tenant_id text collate "C" not null,
    worker_id text collate "C" not null,
    worker_name text collate "C" not null,
    owner text collate "C" not null,
    capabilities text not null,
    models text not null,
    metadata text not null,
    registered_at bigint not null,
    last_seen bigint not null,
    retired_at bigint,
    primary key (tenant_id, worker_id)
);
create unique index workers_name on workers (tenant_id, owner, worker_name) where retired_at is null;

create table workflows (
    tenant_id text collate "C" not null,
    workflow_id text collate "C" not null,
    workflow_name text collate "C" not null,
    status text collate "C" not null,
    created_by text collate "C" not null,
    account_id text collate "C" not null,
    assigned_agents text not null,
    input text not null,
    metadata text not null,
    priority bigint not null,
    graph bigint not null,
    total_steps bigint not null,
    done_steps bigint not null,
    modifications bigint not null,
    parent_id text collate "C",
    parent_step text collate "C",
    parent_item bigint,
    error text,
    created_at bigint not null,
    updated_at bigint not null,
    paused_at bigint,
    completed_at bigint,
    primary key (tenant_id, workflow_id)
);
create index workflows_creator on workflows (tenant_id, created_by, workflow_id);
create index workflows_parent on workflows (tenant_id, parent_id) where parent_id is not null;

-- definition: the step as it was given. depends_on: what it waits for, by its own words or by the order of the steps.
create table workflow_steps (
    tenant_id text collate "C" not null,
    workflow_id text collate "C" not null,
    name text collate "C" not null,
    position bigint not null,
    definition text not null,
    depends_on text collate "C" not null,
    status text collate "C" not null,
    task_id text collate "C",
    child_id text collate "C",
    items_total bigint,
    items_open bigint not null,
    items_failed bigint not null,
    ready_at bigint,
    completed_at bigint,
    result text,
    error text,
    primary key (tenant_id, workflow_id, name)
);

-- The parts of a for_each. value: the item.
create table workflow_items (
    tenant_id text collate "C" not null,
    workflow_id text collate "C" not null,
    step text collate "C" not null,
    item bigint not null,
    value text not null,
    status text collate "C" not null,
    task_id text collate "C",
    child_id text collate "C",
    result text,
    error text,
    completed_at bigint,
    primary key (tenant_id, workflow_id, step, item)
);
create index workflow_items_status on workflow_items (tenant_id, workflow_id, step, status, item);
