-- Several coding jobs with one prompt, compared, of which one is chosen. chosen: that job's id.
create table coding_attempt_groups (
    tenant_id text collate "C" not null,
    group_id text collate "C" not null,
    title text collate "C" not null,
    codebase_id text collate "C" not null,
    requester text collate "C" not null,
    chosen text collate "C",
    chosen_by text collate "C",
    created_at bigint not null,
    updated_at bigint not null,
    primary key (tenant_id, group_id)
);
create index coding_attempt_groups_requester on coding_attempt_groups (tenant_id, requester, group_id);
-- variant: what the job requires of its worker, as it was asked for.
create table coding_attempts (
    tenant_id text collate "C" not null,
    group_id text collate "C" not null,
    number bigint not null,
    task_id text collate "C" not null,
    variant text collate "C" not null,
    primary key (tenant_id, group_id, number)
);
