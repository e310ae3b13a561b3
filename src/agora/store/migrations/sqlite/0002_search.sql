-- Searching agents: an index of their words, and how many have each capability.
-- Triggers keep both in step with agents; signs of life, states and ratings touch neither.
-- A retired agent is in neither.

-- Numbers of the index's documents: rowids of agents may change when the file is compacted.
create table agent_documents (
    document integer primary key,
    tenant_id text not null,
    agent_id text not null,
    unique (tenant_id, agent_id)
);
create virtual table agent_search using fts5(
    agent_name, capabilities, tags, description,
    content = '', prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 2'
);
create virtual table agent_vocabulary using fts5vocab(agent_search, row);

-- agents: all that have it. private: those of them that only few callers see.
create table capability_counts (
    tenant_id text not null,
    capability text not null,
    agents integer not null,
    private integer not null,
    primary key (tenant_id, capability)
) without rowid;

create index agents_private on agents (tenant_id, account_id, agent_id)
    where visibility = 'private' and retired_at is null;

create trigger agents_indexed after insert on agents when new.retired_at is null
begin
    insert into agent_documents (tenant_id, agent_id) values (new.tenant_id, new.agent_id);
    insert into agent_search (rowid, agent_name, capabilities, tags, description)
        select document, new.agent_name, new.capabilities, new.tags, new.description from agent_documents
        where tenant_id = new.tenant_id and agent_id = new.agent_id;
end;

create trigger agents_unindexed after delete on agents when old.retired_at is null
begin
    insert into agent_search (agent_search, rowid, agent_name, capabilities, tags, description)
        select 'delete', document, old.agent_name, old.capabilities, old.tags, old.description from agent_documents
        where tenant_id = old.tenant_id and agent_id = old.agent_id;
    delete from agent_documents where tenant_id = old.tenant_id and agent_id = old.agent_id;
end;

create trigger agents_reindexed after update of agent_name, description, capabilities, tags, retired_at on agents
    when (old.agent_name, old.description, old.capabilities, old.tags, old.retired_at is null)
        is not (new.agent_name, new.description, new.capabilities, new.tags, new.retired_at is null)
begin
    insert into agent_search (agent_search, rowid, agent_name, capabilities, tags, description)
        select 'delete', document, old.agent_name, old.capabilities, old.tags, old.description from agent_documents
        where old.retired_at is null and tenant_id = old.tenant_id and agent_id = old.agent_id;
    delete from agent_documents
        where new.retired_at is not null and tenant_id = old.tenant_id and agent_id = old.agent_id;
    insert or ignore into agent_documents (tenant_id, agent_id)
        select new.tenant_id, new.agent_id where new.retired_at is null;
    insert into agent_search (rowid, agent_name, capabilities, tags, description)
        select document, new.agent_name, new.capabilities, new.tags, new.description from agent_documents
        where new.retired_at is null and tenant_id = new.tenant_id and agent_id = new.agent_id;
end;

create trigger agents_counted after insert on agents when new.retired_at is null
begin
    insert into capability_counts (tenant_id, capability, agents, private)
        select new.tenant_id, value, 1, new.visibility = 'private' from json_each(new.capabilities) where true
        on conflict (tenant_id, capability) do update
            set agents = agents + excluded.agents, private = private + excluded.private;
end;

create trigger agents_uncounted after delete on agents when old.retired_at is null
begin
    update capability_counts set agents = agents - 1, private = private - (old.visibility = 'private')
        where tenant_id = old.tenant_id and capability in (select value from json_each(old.capabilities));
    delete from capability_counts
        where tenant_id = old.tenant_id and capability in (select value from json_each(old.capabilities)) and agents = 0;
end;

create trigger agents_recounted after update of capabilities, visibility, retired_at on agents
    when (old.capabilities, old.visibility, old.retired_at is null)
        is not (new.capabilities, new.visibility, new.retired_at is null)
begin
    update capability_counts set agents = agents - 1, private = private - (old.visibility = 'private')
        where old.retired_at is null and tenant_id = old.tenant_id
            and capability in (select value from json_each(old.capabilities));
    insert into capability_counts (tenant_id, capability, agents, private)
        select new.tenant_id, value, 1, new.visibility = 'private' from json_each(new.capabilities)
        where new.retired_at is null
        on conflict (tenant_id, capability) do update
            set agents = agents + excluded.agents, private = private + excluded.private;
    delete from capability_counts
        where tenant_id = old.tenant_id and capability in (select value from json_each(old.capabilities)) and agents = 0;
end;

-- Agents that are there already.
insert into agent_documents (tenant_id, agent_id)
    select tenant_id, agent_id from agents where retired_at is null order by agent_id;
insert into agent_search (rowid, agent_name, capabilities, tags, description)
    select d.document, a.agent_name, a.capabilities, a.tags, a.description from agent_documents d
    join agents a on a.tenant_id = d.tenant_id and a.agent_id = d.agent_id;
insert into capability_counts (tenant_id, capability, agents, private)
    select a.tenant_id, c.value, count(*), sum(a.visibility = 'private') from agents a, json_each(a.capabilities) c
    where a.retired_at is null group by a.tenant_id, c.value;
