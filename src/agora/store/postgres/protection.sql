-- Who may see which rows: run after every migration, and whenever it differs from what the database was given.
-- It may be run again and again. A table of a migration to come is protected by having a column tenant_id.
--
--   agora_runtime   what the server works as: owns nothing, reads and changes rows of the tenant that is set
--   agora_admin     maintenance: every row; the functions below run as it

-- -- roles -------------------------------------------------------------------------------------------

do $$
begin
    begin
        if not exists (select from pg_roles where rolname = 'agora_runtime') then
            create role agora_runtime nologin;
        end if;
        if not exists (select from pg_roles where rolname = 'agora_admin') then
            create role agora_admin nologin;
        end if;
    exception when duplicate_object or unique_violation then
        null;  -- made meanwhile, for another database of this server
    end;
    if not pg_has_role('agora_runtime', 'member') or not pg_has_role('agora_admin', 'member') then
        execute format('grant agora_runtime, agora_admin to %I', current_user);
    end if;
end $$;

do $$
begin
    execute format('grant usage, create on schema %I to agora_admin', current_schema());
    execute format('grant usage on schema %I to agora_runtime', current_schema());
end $$;

-- -- tables ------------------------------------------------------------------------------------------

do $$
declare
    name text;
    plain boolean;
begin
    for name, plain in
        select quote_ident(c.relname), not (c.relrowsecurity and c.relforcerowsecurity) from pg_class c
        where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and exists (
            select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
    loop
        if plain then
            execute format('alter table %s enable row level security, force row level security', name);
        end if;
        execute format('drop policy if exists tenant_isolation on %s', name);
        execute format('create policy tenant_isolation on %s using (tenant_id = get_current_tenant_id())
            with check (tenant_id = get_current_tenant_id())', name);
        execute format('drop policy if exists maintenance on %s', name);
        execute format('create policy maintenance on %s to agora_admin using (true) with check (true)', name);
        execute format('revoke all on %s from public', name);
        execute format('grant select, insert, update, delete on %s to agora_runtime, agora_admin', name);
    end loop;
end $$;

revoke insert, update, delete on tenants from agora_runtime;
grant select on schema_migrations to agora_runtime, agora_admin;

create or replace view rls_status as
    select n.nspname as schemaname, c.relname as tablename, c.relrowsecurity as rls_enabled,
        c.relforcerowsecurity as rls_forced,
        (select count(*) from pg_policy p where p.polrelid = c.oid) as policy_count
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
        and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\_toast%'
    order by 1, 2;
grant select on rls_status to agora_runtime, agora_admin;

-- Functions of an earlier release, whatever they took.
do $$
declare
    it regprocedure;
begin
    for it in select oid from pg_proc where pronamespace = current_schema()::regnamespace and proname like 'agora\_%' loop
        execute format('drop function %s', it);
    end loop;
end $$;

-- -- what precedes the tenant --------------------------------------------------------------------------

create or replace function agora_tenant_ids() returns setof text language sql stable security definer as $$
    select tenant_id from tenants where status not in ('deleting', 'deleted')
    union select h.tenant_id from event_heads h where not exists (
        select from tenants t where t.tenant_id = h.tenant_id and t.status in ('deleting', 'deleted'))
    order by 1
$$;

create or replace function agora_credential(wanted bytea) returns setof tokens language sql stable security definer
rows 1 as $$ select * from tokens where digest = wanted $$;

-- -- what the home tenant may do to others -----------------------------------------------------------

create or replace function agora_at_home() returns void language plpgsql stable as $$
begin
    if get_current_tenant_id() is distinct from 'default' then
        raise insufficient_privilege using message = 'tenants are administered from the tenant default';
    end if;
end $$;

create or replace function agora_tenants(after text, most bigint) returns setof tenants language plpgsql
stable security definer as $$
begin
    perform agora_at_home();
    return query select * from tenants where tenant_id > after and status <> 'deleted' order by tenant_id limit most;
end $$;

create or replace function agora_tenant(wanted text) returns setof tenants language plpgsql
stable security definer rows 1 as $$
begin
    perform agora_at_home();
    return query select * from tenants where tenant_id = wanted and status <> 'deleted';
end $$;

create or replace function agora_tenant_counts(wanted text) returns table (agents bigint, instances bigint)
language plpgsql stable security definer rows 1 as $$
begin
    perform agora_at_home();
    return query select
        (select count(*) from agents a where a.tenant_id = wanted and a.retired_at is null and a.account_id <> 'builtin'),
        (select count(*) from instances i where i.tenant_id = wanted and i.stopped_at is null);
end $$;

create or replace function agora_tenant_add(id text, name text, metadata text, now bigint, by text)
returns setof text language plpgsql security definer as $$
begin
    perform agora_at_home();
    return query insert into tenants as t
        (tenant_id, name, status, reason, metadata, created_at, created_by, status_since, updated_at)
        values (id, name, 'active', '', metadata, now, by, now, now)
        on conflict do nothing returning t.tenant_id;
end $$;

create or replace function agora_tenant_set(
    id text, was text, name text, status text, reason text, metadata text, since bigint, now bigint
) returns setof text language plpgsql security definer as $$
#variable_conflict use_variable
begin
    perform agora_at_home();
    return query update tenants as t set name = agora_tenant_set.name, status = agora_tenant_set.status,
            reason = agora_tenant_set.reason, metadata = agora_tenant_set.metadata, status_since = since, updated_at = now
        where t.tenant_id = id and t.status = was and t.status not in ('deleting', 'deleted')
        returning t.tenant_id;
end $$;

-- The servers that run instances, for a new tenant: as they say themselves to each tenant from time to time.
create or replace function agora_tenant_hosts(id text, now bigint) returns setof text language plpgsql
security definer as $$
begin
    perform agora_at_home();
    return query insert into hosts as h (tenant_id, host_id, name, kind, agent_id, region, engines, capacity, private,
            closed, seen_at, created_at)
        select id, o.host_id, o.name, o.kind, null, o.region, o.engines, o.capacity, o.private, 0, o.seen_at, now
        from hosts o where o.tenant_id = 'default' and o.kind = 'server'
        on conflict do nothing returning h.host_id;
end $$;

-- A key for its administrators: never with more authority than the operator may give.
create or replace function agora_tenant_key(
    id text, token_id text, label text, digest bytea, scopes text, authority bigint, now bigint
) returns setof text language plpgsql security definer as $$
begin
    perform agora_at_home();
    return query insert into tokens as k (tenant_id, token_id, kind, label, account_id, digest, scopes, service_tier,
            authority, created_at)
        select id, agora_tenant_key.token_id, 'api_key', agora_tenant_key.label, 'default', agora_tenant_key.digest,
            agora_tenant_key.scopes, 'enterprise', agora_tenant_key.authority, now
        where exists (select from tenants t where t.tenant_id = id and t.status = 'active')
        returning k.token_id;
end $$;

-- The id stays, so that nobody gets it again.
create or replace function agora_tenant_drop(wanted text, now bigint) returns setof text language plpgsql
security definer as $$
begin
    perform agora_at_home();
    return query update tenants as t
        set status = 'deleted', name = '', reason = '', metadata = '{}', status_since = now, updated_at = now
        where t.tenant_id = wanted and t.status = 'deleting' returning t.tenant_id;
end $$;

-- -- what a policy would keep from an index ------------------------------------------------------------

-- PostgreSQL asks an index of words only where it need not fear that the question tells of rows it may not.
create or replace function agora_agents_with(wanted tsquery) returns table (agent_id text, words tsvector)
language sql stable security definer as $$
    select w.agent_id, w.words from agent_words w where w.tenant_id = get_current_tenant_id() and w.words @@ wanted
$$;

-- -- whose the functions are -----------------------------------------------------------------------------

do $$
declare
    it regprocedure;
begin
    for it in select oid from pg_proc where pronamespace = current_schema()::regnamespace and proname like 'agora\_%' loop
        execute format('alter function %s set search_path = pg_catalog, %I, pg_temp', it, current_schema());
        execute format('revoke all on function %s from public', it);
        execute format('grant execute on function %s to agora_runtime, agora_admin', it);
        execute format('alter function %s owner to agora_admin', it);
    end loop;
    execute format('revoke create on schema %I from agora_admin', current_schema());
end $$;
