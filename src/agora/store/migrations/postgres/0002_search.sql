-- Searching agents: an index of their words, and how many have each capability.
-- Triggers keep both in step with agents; signs of life, states and ratings touch neither.
-- A retired agent is in neither.

-- Words weigh A in a name, B in capabilities, C in tags, D in a description.
create table agent_words (
    tenant_id text collate "C" not null,
    agent_id text collate "C" not null,
    words tsvector not null,
    primary key (tenant_id, agent_id)
);
create index agent_words_words on agent_words using gin (words);

-- Every word of a tenant's agents, and how many agents have it.
create table agent_terms (
    tenant_id text collate "C" not null,
    term text collate "C" not null,
    agents bigint not null,
    primary key (tenant_id, term)
);

-- agents: all that have it. private: those of them that only few callers see.
create table capability_counts (
    tenant_id text collate "C" not null,
    capability text collate "C" not null,
    agents bigint not null,
    private bigint not null,
    primary key (tenant_id, capability)
);

create index agents_private on agents (tenant_id, account_id, agent_id)
    where visibility = 'private' and retired_at is null;

-- Text as it is compared: small letters, no accents, nothing between words but blanks. A database
-- may be of the locale C, which knows the small letters of ASCII alone: then another locale is asked.
do $body$
declare
    locale text := (select quote_ident(collname) from pg_collation
        where collname in ('pg_c_utf8', 'und-x-icu', 'C.utf8', 'en_US.utf8')
            and collencoding in (-1, pg_char_to_encoding(getdatabaseencoding()))
        order by array_position(array['pg_c_utf8', 'und-x-icu', 'C.utf8', 'en_US.utf8'], collname::text) limit 1);
begin
    execute format($function$
        create function agent_text(written text) returns text language sql immutable as $$
            select normalize(regexp_replace(normalize(lower(translate(written,
                '!"#$%%&''()*+,-./:;<=>?@[\]^_`{|}~', '                                ') %s), NFD),
                '[\u0300-\u036f]', '', 'g'), NFC)
        $$ $function$, 'collate ' || coalesce(locale, '"default"'));
end
$body$;

create function agent_index(agent agents) returns void language plpgsql as $$
declare
    found tsvector := setweight(to_tsvector('simple', agent_text(agent.agent_name)), 'A')
        || setweight(to_tsvector('simple', agent_text(agent.capabilities)), 'B')
        || setweight(to_tsvector('simple', agent_text(agent.tags)), 'C')
        || setweight(to_tsvector('simple', agent_text(agent.description)), 'D');
begin
    insert into agent_words values (agent.tenant_id, agent.agent_id, found);
    insert into agent_terms select agent.tenant_id, term, 1 from unnest(tsvector_to_array(found)) as t(term)
        on conflict (tenant_id, term) do update set agents = agent_terms.agents + 1;
    insert into capability_counts
        select agent.tenant_id, capability, 1, (agent.visibility = 'private')::int
        from json_array_elements_text(agent.capabilities::json) as c(capability)
        on conflict (tenant_id, capability) do update
            set agents = capability_counts.agents + 1, private = capability_counts.private + excluded.private;
end
$$;

create function agent_unindex(agent agents) returns void language plpgsql as $$
declare
    gone text[];
begin
    delete from agent_words where tenant_id = agent.tenant_id and agent_id = agent.agent_id
        returning tsvector_to_array(words) into gone;
    update agent_terms set agents = agents - 1 where tenant_id = agent.tenant_id and term = any(gone);
    delete from agent_terms where tenant_id = agent.tenant_id and term = any(gone) and agents = 0;
    gone := array(select json_array_elements_text(agent.capabilities::json));
    update capability_counts set agents = agents - 1, private = private - (agent.visibility = 'private')::int
        where tenant_id = agent.tenant_id and capability = any(gone);
    delete from capability_counts where tenant_id = agent.tenant_id and capability = any(gone) and agents = 0;
end
$$;

-- One transaction of a tenant at a time counts, and only when it commits: it holds nobody up for
-- long, and as it takes no lock after this one, it cannot wait in a circle.
create function agent_searchable() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended(coalesce(new.tenant_id, old.tenant_id), 6));
    if tg_op <> 'INSERT' and old.retired_at is null then
        perform agent_unindex(old);
    end if;
    if tg_op <> 'DELETE' and new.retired_at is null then
        perform agent_index(new);
    end if;
    return null;
end
$$;
create constraint trigger agents_indexed after insert or delete on agents
    deferrable initially deferred for each row execute function agent_searchable();
create constraint trigger agents_reindexed
    after update of agent_name, description, capabilities, tags, visibility, retired_at on agents
    deferrable initially deferred for each row
    when ((old.agent_name, old.description, old.capabilities, old.tags, old.visibility, old.retired_at is null)
        is distinct from (new.agent_name, new.description, new.capabilities, new.tags, new.visibility, new.retired_at is null))
    execute function agent_searchable();

-- Agents that are there already.
select agent_index(a) from agents a where retired_at is null;
