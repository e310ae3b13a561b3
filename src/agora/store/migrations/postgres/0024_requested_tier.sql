-- The tier that an agent asked for, beside the one that it was granted.
alter table agents add column requested_tier text not null default 'basic';
update agents set requested_tier = service_tier;
