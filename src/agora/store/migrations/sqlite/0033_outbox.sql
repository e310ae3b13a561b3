-- HTTP requests to others that have to be made. ref: what is delivered. due_at: of the next attempt; while leased, when the lease
-- ends. expires_at: when it is given up in any case. A row is deleted with its outcome.
create table outbox (
    tenant_id text not null,
    delivery_id text not null,
    source text not null,
    recipient text not null,
    account text not null,
    ref text not null,
    destination text not null,
    attempts integer not null,
    due_at integer not null,
    leased integer not null,
    fence integer not null,
    expires_at integer,
    error text,
    created_at integer not null,
    primary key (tenant_id, delivery_id)
) without rowid;
create index outbox_due on outbox (tenant_id, due_at);
create index outbox_destination on outbox (tenant_id, destination, due_at);
