-- state: ready, pending (no worker has it yet) or refused (problem says why). git_url, branch: what a worker clones; sealed_token: with
-- which token, encrypted, until it is cloned. agent_config: JSON, what its jobs use unless they say otherwise. registration_task: the task
-- that asks workers. declined: JSON, ids of the workers that have said no.
alter table codebases add column state text not null default 'ready';
alter table codebases add column problem text;
alter table codebases add column git_url text;
alter table codebases add column branch text;
alter table codebases add column sealed_token blob;
alter table codebases add column agent_config text not null default '{}';
alter table codebases add column registration_task text;
alter table codebases add column declined text not null default '[]';
