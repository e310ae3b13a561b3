-- What coding jobs have changed on their branches, and what is decided about it. job_id: names the branch. conflicts: JSON array.
create table coding_reviews (
    tenant_id text collate "C" not null,
    job_id text collate "C" not null,
    task_id text collate "C" not null,
    codebase_id text collate "C" not null,
    context_id text collate "C" not null,
    worker_id text collate "C" not null,
    owner text collate "C" not null,
    requester text collate "C" not null,
    title text not null,
    state text not null,
    branch text not null,
    target text not null,
    base text not null,
    head text not null,
    revision bigint not null,
    files bigint not null,
    additions bigint not null,
    deletions bigint not null,
    conflicts text not null,
    pull_request text,
    delivery_task_id text collate "C",
    error text,
    reviewer text collate "C",
    created_at bigint not null,
    updated_at bigint not null,
    primary key (tenant_id, job_id)
);
create index coding_reviews_latest on coding_reviews (tenant_id, updated_at, job_id);
create index coding_reviews_waiting on coding_reviews (tenant_id, codebase_id, state);

-- Changed files of reviews. patch: unified diff.
create table coding_review_files (
    tenant_id text collate "C" not null,
    job_id text collate "C" not null,
    number bigint not null,
    path text not null,
    status text not null,
    additions bigint not null,
    deletions bigint not null,
    patch text not null,
    truncated bigint not null,
    primary key (tenant_id, job_id, number)
);

-- Comments on lines of reviews. follow_up_id: what has told the agent; null until then.
create table coding_review_comments (
    tenant_id text collate "C" not null,
    comment_id text collate "C" not null,
    job_id text collate "C" not null,
    number bigint not null,
    author text collate "C" not null,
    path text not null,
    line bigint not null,
    side text not null,
    code text not null,
    text text not null,
    created_at bigint not null,
    follow_up_id text collate "C",
    primary key (tenant_id, comment_id)
);
create index coding_review_comments_order on coding_review_comments (tenant_id, job_id, number);
