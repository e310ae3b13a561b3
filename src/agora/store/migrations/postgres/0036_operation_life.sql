-- What an operator said with a status: JSON with replacement, sunset_date and migration_guide, each of them optional.
alter table operation_status add column details text;
