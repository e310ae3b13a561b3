-- review_limit: open reviews of a codebase at which its queued jobs are held, 0 for no limit.
alter table codebases add column review_limit bigint not null default 0;
