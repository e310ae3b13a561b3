-- Only entries that are taken back when they are stale: those of the bridge to Redis stay due for as long as an agent does not read.
drop index bus_pending_age;
create index bus_pending_age on bus_pending (tenant_id, delivered_at) where consumer <> '' and group_name <> 'agora:redis';
