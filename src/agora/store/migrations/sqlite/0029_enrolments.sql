-- The enrolment token with which an agent, or the first of those that registered it, was registered.
-- Null for all others, and for agents that were there before.
alter table agents add column enrolment text;
create index agents_enrolment on agents (tenant_id, enrolment) where retired_at is null and enrolment is not null;
