-- draining_at: since when a worker takes no more tasks. provider_account: which account its model provider bills, as an
-- opaque name. limited_until: when the usage limit of that account is lifted.
alter table workers add column draining_at integer;
alter table workers add column provider_account text;
alter table workers add column limited_until integer;

-- stand_ins: JSON, ids of workers with the same repository that take the jobs of a codebase while its worker is gone.
alter table codebases add column stand_ins text not null default '[]';
