-- Tasks, their logs, workers, workflows.

-- The part of a task that changes while it is worked on; what is large is in task_data.
-- queue: where it waits, see services/tasks/queues.py. waiting: 1 while it can be claimed.
-- deadline: 2^62 where there is none, so that it orders. due_at: when a controller has to look at it.
create table tasks (
    tenant_id text not null,
    task_id text not null,
    task_type text not null,
    status text not null,
    priority integer not null,
    assignee text,
    assigned_agent text,
    queue text not null,
    waiting integer not null,
    requirements text not null,
    required_model text,
    created_by text not null,
    account_id text not null,
    holder text,
    worker text,
    fence integer not null,
    lease_seconds integer not null,
    lease_until integer,
    attempts integer not null,
    max_attempts integer not null,
    failures integer not null,
    max_failures integer,
    retry_backoff real not null,
    timeout integer,
    blocked integer not null,
    has_dependants integer not null,
    depends_on text not null,
    parent_id text,
    retry_of text,
    workflow_id text,
    step text,
    item integer,
    progress real not null,
    milestone text,
    notes text,
    checkpoint text,
    checkpoint_number integer,
    error text,
    entries integer not null,
    output_size integer not null,
    created_at integer not null,
    updated_at integer not null,
    available_at integer,
    started_at integer,
    completed_at integer,
    deadline integer not null,
    due_at integer,
    primary key (tenant_id, task_id)
) without rowid;
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
    tenant_id text not null,
    task_id text not null,
    result text,
    payload text not null,
    metadata text not null,
    primary key (tenant_id, task_id)
) without rowid;

create table task_dependencies (
    tenant_id text not null,
    depends_on text not null,
    task_id text not null,
    primary key (tenant_id, depends_on, task_id)
) without rowid;

-- The log of each task: what was done to it, and its output. starts_at: where a piece of output begins.
create table task_entries (
    tenant_id text not null,
    task_id text not null,
    number integer not null,
    type text not null,
    time integer not null,
    actor text not null,
    status text,
    progress real,
    content text,
    starts_at integer,
    data text,
    primary key (tenant_id, task_id, number)
) without rowid;
create index task_output on task_entries (tenant_id, task_id, starts_at) where starts_at is not null;

-- How long tasks of a type waited for and took an agent, for estimates.
create table task_durations (
    tenant_id text not null,
    task_type text not null,
    agent_id text not null,
    samples integer not null,
    wait_mean real not null,
    run_mean real not null,
    updated_at integer not null,
    primary key (tenant_id, task_type, agent_id)
) without rowid;

create table workers (
    tenant_id text not null,
    worker_id text not null,
    worker_name text not null,
    owner text not null,
    capabilities text not null,
    models text not null,
    metadata text not null,
    registered_at integer not null,
    last_seen integer not null,
    retired_at integer,
    primary key (tenant_id, worker_id)
) without rowid;
create unique index workers_name on workers (tenant_id, owner, worker_name) where retired_at is null;

create table workflows (
    tenant_id text not null,
    workflow_id text not null,
    workflow_name text not null,
    status text not null,
    created_by text not null,
    account_id text not null,
    assigned_agents text not null,
    input text not null,
    metadata text not null,
    priority integer not null,
    graph integer not null,
    total_steps integer not null,
    done_steps integer not null,
    modifications integer not null,
    parent_id text,
    parent_step text,
    parent_item integer,
    error text,
    created_at integer not null,
    updated_at integer not null,
    paused_at integer,
    completed_at integer,
    primary key (tenant_id, workflow_id)
) without rowid;
create index workflows_creator on workflows (tenant_id, created_by, workflow_id);
create index workflows_parent on workflows (tenant_id, parent_id) where parent_id is not null;

-- definition: the step as it was given. depends_on: what it waits for, by its own words or by the order of the steps.
create table workflow_steps (
    tenant_id text not null,
    workflow_id text not null,
    name text not null,
    position integer not null,
    definition text not null,
    depends_on text not null,
    status text not null,
    task_id text,
    child_id text,
    items_total integer,
    items_open integer not null,
    items_failed integer not null,
    ready_at integer,
    completed_at integer,
    result text,
    error text,
    primary key (tenant_id, workflow_id, name)
) without rowid;

-- The parts of a for_each. value: the item.
create table workflow_items (
    tenant_id text not null,
    workflow_id text not null,
    step text not null,
    item integer not null,
    value text not null,
    status text not null,
    task_id text,
    child_id text,
    result text,
    error text,
    completed_at integer,
    primary key (tenant_id, workflow_id, step, item)
) without rowid;
create index workflow_items_status on workflow_items (tenant_id, workflow_id, step, status, item);
