-- HTTP requests to others that have to be made. ref: what is delivered. due_at: of the next attempt; while leased, when the lease
-- ends. expires_at: when it is given up in any case. A row is deleted with its outcome.
create table outbox (
    tenant_id text collate "C" not null,
    delivery_id text collate "C" not null,
    source text collate "C" not null,
    recipient text collate "C" not null,
    account text collate "C" not null,
    ref text collate "C" not null,
    destination text collate "C" not null,
    attempts bigint not null,
    due_at bigint not null,
    leased bigint not null,
    fence bigint not null,
    expires_at bigint,
    error text,
    created_at bigint not null,
    primary key (tenant_id, delivery_id)
);
create index outbox_due on outbox (tenant_id, due_at);
create index outbox_destination on outbox (tenant_id, destination, due_at);
