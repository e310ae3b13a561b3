-- Who has administered what last, and with which authority: it takes as much to change it again.
-- target: an id, OPERATION@VERSION, tier:AGENT_ID, or budget:ACCOUNT:AGENT_ID:CURRENCY.

create table administration (
    tenant_id text not null,
    target text not null,
    authority bigint not null,
    administered_at bigint not null,
    administered_by text not null,
    primary key (tenant_id, target)
);

-- Whose doing the older ones are is not known: they are the operator's, in other tenants their administrators'.
insert into administration (tenant_id, target, authority, administered_at, administered_by)
select tenant_id, target, case tenant_id when 'default' then 255 else 200 end, 0, 'migration' from (
    select tenant_id, token_id as target from tokens where revoked_at is null
    union select tenant_id, agent_id from agents where status = 'suspended'
    union select tenant_id, operation || '@' || version from operation_status
    union select tenant_id, user_id from users where role is not null or disabled_at is not null
    union select tenant_id, upstream_id from upstreams
    union select tenant_id, host_id from hosts where kind = 'agent'
    union select tenant_id, 'remote:' || agent_id from a2a_remotes
    union select tenant_id, 'budget:' || account_id || ':' || agent_id || ':' || currency
        from billing_budgets where set_by = 'operator'
) as older;
