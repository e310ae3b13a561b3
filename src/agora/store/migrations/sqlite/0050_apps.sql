-- Apps: an orchestrator agent, the capabilities that it relies on, perhaps a workflow and agents of its own.
-- orchestrator: an agent's id. uses, agents: JSON arrays, of capabilities and of names of declared agents. workflow: JSON,
-- null without one. search_text: folded. published: 1 where registering an agent of the category app published it.
create table apps (
    tenant_id text not null,
    app_id text not null,
    name text not null,
    name_key text not null,
    alias text,
    description text not null,
    industry text not null,
    industry_key text not null,
    version text not null,
    revision integer not null,
    orchestrator text,
    uses text not null,
    visibility text not null,
    account_id text not null,
    created_by text not null,
    registrar text,
    agents text not null,
    workflow text,
    search_text text not null,
    published integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, app_id)
);
create unique index apps_name on apps (tenant_id, name_key);
create unique index apps_alias on apps (tenant_id, alias) where alias is not null;
create index apps_orchestrator on apps (tenant_id, orchestrator) where orchestrator is not null;
create index apps_registrar on apps (tenant_id, registrar) where registrar is not null;

-- Agents of the category app were the apps before there was this table: each is published as an app of its own name.
insert into apps (
    tenant_id, app_id, name, name_key, alias, description, industry, industry_key, version, revision, orchestrator, uses,
    visibility, account_id, created_by, registrar, agents, workflow, search_text, published, created_at, updated_at
)
select
    tenant_id, 'app_' || substr(agent_id, 7), agent_name, coalesce(name_key, lower(agent_name)), null, description,
    coalesce(json_extract(tags, '$[0]'), ''), lower(coalesce(json_extract(tags, '$[0]'), '')), '', 1, agent_id, '[]',
    visibility, account_id, agent_id, registrar, '[]', null,
    lower(agent_name || ' ' || description || ' ' || tags || ' ' || capabilities), 1, registered_at, registered_at
from agents where category = 'app' and retired_at is null;
