"""SQL of OAuth for upstreams."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import UpstreamAuthorizationRow, UpstreamClientRow, UpstreamGrantRow

__all__ = [
    "claim_refresh",
    "count_authorizations",
    "delete_authorization",
    "delete_authorizations_of_subject",
    "delete_authorizations_of_upstream",
    "delete_clients_of_upstream",
    "delete_expired_authorizations",
    "delete_grant",
    "delete_grant_generation",
    "delete_grants_of_subject",
    "delete_grants_of_upstream",
    "release_refresh",
    "select_authorization",
    "select_client",
    "select_grant",
    "select_upstreams_granted",
    "upsert_client",
    "upsert_grant",
]

BIG = "bigint"

# -- clients -----------------------------------------------------------------------------------

select_client = Query(
    """
    select * from upstream_clients
    where tenant_id = :tenant and upstream_id = :upstream_id and issuer = :issuer and redirect_uri = :redirect_uri
    """,
    UpstreamClientRow,
)
upsert_client = Write(
    """
    insert into upstream_clients (tenant_id, upstream_id, issuer, redirect_uri, client, created_at)
    values (:tenant, :upstream_id, :issuer, :redirect_uri, :client, :now)
    on conflict (tenant_id, upstream_id, issuer, redirect_uri) do update set client = excluded.client,
        created_at = excluded.created_at
    """,
    types={"client": "bytea", "now": BIG},
)
delete_clients_of_upstream = Write(
    "delete from upstream_clients where tenant_id = :tenant and upstream_id = :upstream_id"
)

# -- grants ------------------------------------------------------------------------------------

select_grant = Query(
    "select * from upstream_grants where tenant_id = :tenant and upstream_id = :upstream_id and subject = :subject",
    UpstreamGrantRow,
)
select_upstreams_granted = Query(
    """
    select upstream_id from upstream_grants
    where tenant_id = :tenant and subject = :subject
        and upstream_id in (select value from json_each(:ids))
    """,
    str,
    postgres="""
    select upstream_id from upstream_grants
    where tenant_id = :tenant and subject = :subject
        and upstream_id = any(array(select json_array_elements_text(:ids::json)))
    """,
)
upsert_grant = Write(
    """
    insert into upstream_grants (tenant_id, upstream_id, subject, issuer, scope, tokens, expires_at, generation,
        refreshing_until, created_at, updated_at)
    values (:tenant, :upstream_id, :subject, :issuer, :scope, :tokens, :expires_at, 1, 0, :now, :now)
    on conflict (tenant_id, upstream_id, subject) do update set issuer = excluded.issuer, scope = excluded.scope,
        tokens = excluded.tokens, expires_at = excluded.expires_at, generation = upstream_grants.generation + 1,
        refreshing_until = 0, updated_at = excluded.updated_at
    """,
    types={"tokens": "bytea", "expires_at": BIG, "now": BIG},
)
# One conditional update: of several servers, exactly one changes a row.
claim_refresh = Write(
    """
    update upstream_grants set refreshing_until = :until
    where tenant_id = :tenant and upstream_id = :upstream_id and subject = :subject and generation = :generation
        and refreshing_until < :now
    """,
    types={"generation": BIG, "until": BIG, "now": BIG},
)
release_refresh = Write(
    """
    update upstream_grants set refreshing_until = 0
    where tenant_id = :tenant and upstream_id = :upstream_id and subject = :subject and generation = :generation
    """,
    types={"generation": BIG},
)
delete_grant = Write(
    "delete from upstream_grants where tenant_id = :tenant and upstream_id = :upstream_id and subject = :subject"
)
delete_grant_generation = Write(
    """
    delete from upstream_grants
    where tenant_id = :tenant and upstream_id = :upstream_id and subject = :subject and generation = :generation
    """,
    types={"generation": BIG},
)
delete_grants_of_upstream = Write(
    "delete from upstream_grants where tenant_id = :tenant and upstream_id = :upstream_id"
)
delete_grants_of_subject = Write("delete from upstream_grants where tenant_id = :tenant and subject = :subject")

# -- pending authorizations --------------------------------------------------------------------

select_authorization = Query(
    "select * from upstream_authorizations where tenant_id = :tenant and state = :state", UpstreamAuthorizationRow
)
count_authorizations = Query(
    """
    select count(*) as total from upstream_authorizations
    where tenant_id = :tenant and upstream_id = :upstream_id and begun_by = :begun_by and expires_at > :now
    """,
    int,
    types={"now": BIG},
)
delete_authorization = Write("delete from upstream_authorizations where tenant_id = :tenant and state = :state")
delete_expired_authorizations = Write(
    "delete from upstream_authorizations where tenant_id = :tenant and expires_at < :now", types={"now": BIG}
)
delete_authorizations_of_upstream = Write(
    "delete from upstream_authorizations where tenant_id = :tenant and upstream_id = :upstream_id"
)
delete_authorizations_of_subject = Write(
    "delete from upstream_authorizations where tenant_id = :tenant and begun_by = :subject"
)
