-- Attempts of an agent that failed in a row: three put it into the state error, the next completed task sets it to 0.
alter table agents add column consecutive_failures bigint not null default 0;
