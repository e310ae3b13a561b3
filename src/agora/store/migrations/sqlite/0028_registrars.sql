-- Who answers for an agent with limits of its own: the first of those that registered it, or the address of a stranger.
-- Null where an operator or an enrolment token registered it, and of agents that were there before: they answer for themselves.
alter table agents add column registrar text;
create index agents_registrar on agents (tenant_id, registrar) where retired_at is null and registrar is not null;
