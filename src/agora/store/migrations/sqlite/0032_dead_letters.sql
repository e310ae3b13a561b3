-- Deliveries that were given up, of every source. owner: the recipient, empty if only operators are concerned. key: what its
-- source knows a letter by. detail: JSON, as the source needs it.
create table dead_letters (
    tenant_id text not null,
    letter_id text not null,
    source text not null,
    key text not null,
    owner text not null,
    account text not null,
    ref text,
    destination text not null,
    reason text not null,
    attempts integer not null,
    detail text not null,
    state text not null,
    died_at integer not null,
    settled_at integer,
    settled_by text,
    primary key (tenant_id, letter_id)
) without rowid;
create index dead_letters_state on dead_letters (tenant_id, state, letter_id);
create index dead_letters_owner on dead_letters (tenant_id, owner, state, letter_id);
create index dead_letters_key on dead_letters (tenant_id, source, key);
create index dead_letters_bound on dead_letters (tenant_id, source, owner, letter_id);

-- Until now the bus kept those of an agent on a stream beside its own; configurations of push notifications have a state.
insert into dead_letters
select e.tenant_id, 'dead_' || printf('%012x', e.created_at / 1000) || '7' || substr(lower(hex(randomblob(10))), 1, 19), 'bus', e.stream || '/' || e.number, substr(e.stream, 1, length(e.stream) - 5), coalesce(a.account_id, 'default'),
    e.ref, substr(e.stream, 1, length(e.stream) - 5), coalesce(json_extract(e.fields, '$.dead_reason'), ''), coalesce(cast(json_extract(e.fields, '$.dead_deliveries') as integer), 0),
    json_object('fields', json(e.fields), 'name', e.name, 'group', json_extract(e.fields, '$.dead_group')), 'dead', e.created_at, null, null
from bus_entries e left join agents a on a.tenant_id = e.tenant_id and a.agent_id = substr(e.stream, 1, length(e.stream) - 5)
where e.stream like 'agent\_%/dead' escape '\';
delete from bus_entries where stream like 'agent\_%/dead' escape '\';
delete from bus_streams where stream like 'agent\_%/dead' escape '\';
insert into dead_letters
select tenant_id, 'dead_' || printf('%012x', updated_at / 1000) || '7' || substr(lower(hex(randomblob(10))), 1, 19), 'push', task_id || '/' || config_id, owner, 'default', task_id,
    case when instr(url, '?') > 0 then substr(url, 1, instr(url, '?') - 1) else url end, coalesce(error, ''), attempts, json_object('config_id', config_id, 'task_id', task_id), 'dead', updated_at, null, null
from a2a_push_configs where state = 'dead';
