-- Calls by the minute, of the last two hours. Each server has rows of its own: server is an id of one run of it.
-- minute: minutes since 1970. calls: those that change something; histogram: their durations, as in operation_usage.
create table call_minutes (
    tenant_id text collate "C" not null,
    minute bigint not null,
    server text collate "C" not null,
    calls bigint not null,
    reads bigint not null,
    errors bigint not null,
    histogram text not null,
    primary key (tenant_id, minute, server)
);
