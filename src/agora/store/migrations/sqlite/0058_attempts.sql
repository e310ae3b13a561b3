-- Several coding jobs with one prompt, compared, of which one is chosen. chosen: that job's id.
create table coding_attempt_groups (
    tenant_id text not null,
    group_id text not null,
    title text not null,
    codebase_id text not null,
    requester text not null,
    chosen text,
    chosen_by text,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, group_id)
) without rowid;
create index coding_attempt_groups_requester on coding_attempt_groups (tenant_id, requester, group_id);
-- variant: what the job requires of its worker, as it was asked for.
create table coding_attempts (
    tenant_id text not null,
    group_id text not null,
    number integer not null,
    task_id text not null,
    variant text not null,
    primary key (tenant_id, group_id, number)
) without rowid;
