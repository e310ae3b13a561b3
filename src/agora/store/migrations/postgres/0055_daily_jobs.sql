-- daily_job_limit: coding jobs that a person may ask for in a day, null for the setting. user_daily_jobs: how many they have asked for on
-- their last day; day: days since 1970, UTC.
alter table users add column daily_job_limit bigint;
create table user_daily_jobs (
    tenant_id text collate "C" not null,
    user_id text collate "C" not null,
    day bigint not null,
    jobs bigint not null,
    primary key (tenant_id, user_id)
);
