-- Deliveries that were given up, of every source. owner: the recipient, empty if only operators are concerned. key: what its
-- source knows a letter by. detail: JSON, as the source needs it.
create table dead_letters (
    tenant_id text collate "C" not null,
    letter_id text collate "C" not null,
    source text collate "C" not null,
    key text collate "C" not null,
    owner text collate "C" not null,
    account text collate "C" not null,
    ref text collate "C",
    destination text not null,
    reason text not null,
    attempts bigint not null,
    detail text not null,
    state text collate "C" not null,
    died_at bigint not null,
    settled_at bigint,
    settled_by text,
    primary key (tenant_id, letter_id)
);
create index dead_letters_state on dead_letters (tenant_id, state, letter_id);
create index dead_letters_owner on dead_letters (tenant_id, owner, state, letter_id);
create index dead_letters_key on dead_letters (tenant_id, source, key);
create index dead_letters_bound on dead_letters (tenant_id, source, owner, letter_id);

-- Until now the bus kept those of an agent on a stream beside its own; configurations of push notifications have a state.
insert into dead_letters
select e.tenant_id, 'dead_' || lpad(to_hex(e.created_at / 1000), 12, '0') || '7' || substr(md5(random()::text), 1, 19), 'bus', e.stream || '/' || e.number, substr(e.stream, 1, length(e.stream) - 5), coalesce(a.account_id, 'default'),
    e.ref, substr(e.stream, 1, length(e.stream) - 5), coalesce((e.fields::json->>'dead_reason'), ''), coalesce(cast((e.fields::json->>'dead_deliveries') as bigint), 0),
    json_build_object('fields', e.fields::json, 'name', e.name, 'group', (e.fields::json->>'dead_group'))::text, 'dead', e.created_at, null, null
from bus_entries e left join agents a on a.tenant_id = e.tenant_id and a.agent_id = substr(e.stream, 1, length(e.stream) - 5)
where e.stream like 'agent\_%/dead' escape '\';
delete from bus_entries where stream like 'agent\_%/dead' escape '\';
delete from bus_streams where stream like 'agent\_%/dead' escape '\';
insert into dead_letters
select tenant_id, 'dead_' || lpad(to_hex(updated_at / 1000), 12, '0') || '7' || substr(md5(random()::text), 1, 19), 'push', task_id || '/' || config_id, owner, 'default', task_id,
    split_part(url, '?', 1), coalesce(error, ''), attempts, json_build_object('config_id', config_id, 'task_id', task_id)::text, 'dead', updated_at, null, null
from a2a_push_configs where state = 'dead';
