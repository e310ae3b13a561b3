-- A tenant's keys by age: a policy holds every look at them to one tenant, so an index of all tenants' is of no use.
drop index idempotency_age;
create index idempotency_age on idempotency (tenant_id, created_at);
