-- What coding jobs have changed on their branches, and what is decided about it. job_id: names the branch. conflicts: JSON array.
create table coding_reviews (
    tenant_id text not null,
    job_id text not null,
    task_id text not null,
    codebase_id text not null,
    context_id text not null,
    worker_id text not null,
    owner text not null,
    requester text not null,
    title text not null,
    state text not null,
    branch text not null,
    target text not null,
    base text not null,
    head text not null,
    revision integer not null,
    files integer not null,
    additions integer not null,
    deletions integer not null,
    conflicts text not null,
    pull_request text,
    delivery_task_id text,
    error text,
    reviewer text,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, job_id)
);
create index coding_reviews_latest on coding_reviews (tenant_id, updated_at, job_id);
create index coding_reviews_waiting on coding_reviews (tenant_id, codebase_id, state);

-- Changed files of reviews. patch: unified diff.
create table coding_review_files (
    tenant_id text not null,
    job_id text not null,
    number integer not null,
    path text not null,
    status text not null,
    additions integer not null,
    deletions integer not null,
    patch text not null,
    truncated integer not null,
    primary key (tenant_id, job_id, number)
);

-- Comments on lines of reviews. follow_up_id: what has told the agent; null until then.
create table coding_review_comments (
    tenant_id text not null,
    comment_id text not null,
    job_id text not null,
    number integer not null,
    author text not null,
    path text not null,
    line integer not null,
    side text not null,
    code text not null,
    text text not null,
    created_at integer not null,
    follow_up_id text,
    primary key (tenant_id, comment_id)
);
create index coding_review_comments_order on coding_review_comments (tenant_id, job_id, number);
