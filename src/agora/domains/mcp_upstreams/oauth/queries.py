"""SQL of OAuth towards upstreams."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import UpstreamAuthorizationRow, UpstreamClientRow, UpstreamGrantRow

__all__ = [
    "authorization_by_state",
    "authorizations_begun",
    "claim_refresh",
    "client_of_issuer",
    "drop_authorization",
    "drop_authorizations_begun",
    "drop_expired_authorizations",
    "drop_grant",
    "drop_grant_generation",
    "drop_subject_authorizations",
    "drop_subject_grants",
    "drop_upstream_authorizations",
    "drop_upstream_clients",
    "drop_upstream_grants",
    "grant_of_subject",
    "grants_of_subject",
    "release_refresh",
    "store_client",
    "store_grant",
]

BIG = "bigint"

# -- clients -----------------------------------------------------------------------------------

client_of_issuer = Query(
    """
    select * from upstream_clients
    where tenant_id = :tenant and upstream_id = :upstream_id and issuer = :issuer and redirect_uri = :redirect_uri
    """,
    UpstreamClientRow,
)
store_client = Write(
    """
    insert into upstream_clients (tenant_id, upstream_id, issuer, redirect_uri, client, created_at)
    values (:tenant, :upstream_id, :issuer, :redirect_uri, :client, :now)
    on conflict (tenant_id, upstream_id, issuer, redirect_uri) do update set client = excluded.client,
        created_at = excluded.created_at
    """,
    types={"client": "bytea", "now": BIG},
)
drop_upstream_clients = Write("delete from upstream_clients where tenant_id = :tenant and upstream_id = :upstream_id")

# -- grants ------------------------------------------------------------------------------------

grant_of_subject = Query(
    "select * from upstream_grants where tenant_id = :tenant and upstream_id = :upstream_id and subject = :subject",
    UpstreamGrantRow,
)
grants_of_subject = Query(
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
store_grant = Write(
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
drop_grant = Write(
    "delete from upstream_grants where tenant_id = :tenant and upstream_id = :upstream_id and subject = :subject"
)
drop_grant_generation = Write(
    """
    delete from upstream_grants
    where tenant_id = :tenant and upstream_id = :upstream_id and subject = :subject and generation = :generation
    """,
    types={"generation": BIG},
)
drop_upstream_grants = Write("delete from upstream_grants where tenant_id = :tenant and upstream_id = :upstream_id")
drop_subject_grants = Write("delete from upstream_grants where tenant_id = :tenant and subject = :subject")

# -- authorizations under way ------------------------------------------------------------------

authorization_by_state = Query(
    "select * from upstream_authorizations where tenant_id = :tenant and state = :state", UpstreamAuthorizationRow
)
authorizations_begun = Query(
    """
    select count(*) as total from upstream_authorizations
    where tenant_id = :tenant and upstream_id = :upstream_id and begun_by = :begun_by and expires_at > :now
    """,
    int,
    types={"now": BIG},
)
drop_authorization = Write("delete from upstream_authorizations where tenant_id = :tenant and state = :state")
drop_authorizations_begun = Write(
    """
    delete from upstream_authorizations
    where tenant_id = :tenant and upstream_id = :upstream_id and begun_by = :begun_by
    """
)
drop_expired_authorizations = Write(
    "delete from upstream_authorizations where tenant_id = :tenant and expires_at < :now", types={"now": BIG}
)
drop_upstream_authorizations = Write(
    "delete from upstream_authorizations where tenant_id = :tenant and upstream_id = :upstream_id"
)
drop_subject_authorizations = Write(
    "delete from upstream_authorizations where tenant_id = :tenant and begun_by = :subject"
)
