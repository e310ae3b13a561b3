"""Authorization by a person: from its URL to its callback. No state is kept in memory.

The parameter ``state`` is valid once, for ten minutes, and only for the caller who has begun the authorization. A
person who is lured to another caller's URL therefore grants nothing to that caller.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from agora.clock import SECOND
from agora.core.call import Call
from agora.core.lazy import Lazy
from agora.core.pkce import compute_pkce_challenge
from agora.core.upstream_client import CALLBACK_PATH, build_client_document_url_or_none
from agora_sdk.errors import NotFound, RateLimited, UpstreamFailed

from ..port import Endpoint
from . import queries as statements
from .authorization import AuthorizationPrompt, AuthorizationServer, Callback, Grant, PendingAuthorization
from .challenge import Challenge
from .grants import KEY_LABEL, UpstreamGrants, build_grant
from .http import OAuthHttpClient
from .records import AUTHORIZATIONS, UpstreamAuthorizationRow, UpstreamClientRow
from .token_requests import GrantRefused, OAuthClient, register_client, request_tokens

__all__ = [
    "begin_authorization",
    "discover_authorization_server",
    "redeem_code",
    "request_machine_grant",
    "take_pending_authorization",
]

LIFETIME_SECONDS: Final = 600
MAX_PENDING_FLOWS: Final = 20  #: pending authorizations per caller and upstream
OFFLINE_SCOPE: Final = "offline_access"

Discover = Callable[[OAuthHttpClient, str, Challenge | None], Awaitable[AuthorizationServer]]
#: imports the protocol's SDK
DISCOVER: Lazy[Discover] = Lazy("agora.domains.mcp_upstreams.oauth.discovery:discover_server")


async def discover_authorization_server(
    grants: UpstreamGrants, endpoint: Endpoint, challenge: Challenge | None
) -> AuthorizationServer:
    """Find the authorization server of an upstream. Raises UpstreamFailed, UpstreamUnavailable."""
    assert endpoint.url is not None
    discover = await DISCOVER.import_in_thread()
    return await discover(grants.open_oauth_client(endpoint), endpoint.url, challenge)


async def begin_authorization(
    grants: UpstreamGrants,
    endpoint: Endpoint,
    subject: str,
    begun_by: str,
    base_url: str,
    challenge: Challenge | None = None,
    scope: str | None = None,
) -> AuthorizationPrompt:
    """Find the authorization server, register a client if needed, and build the URL for a person to visit.

    base_url: of this server, for the callback. scope: requested in addition to the granted scope.
    """
    server = await discover_authorization_server(grants, endpoint, challenge)
    redirect_uri = f"{base_url}{CALLBACK_PATH}"
    client = await _choose_or_register_client(grants, endpoint, server, base_url, redirect_uri)
    granted = await grants.read_grant(endpoint, subject)
    requested_scope = scope or (challenge.scope if challenge is not None else None)
    scopes = _choose_scope(grants, endpoint, server, requested_scope, granted)
    # 64 random bytes are 86 characters: RFC 7636 allows 43 to 128.
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(32)
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": compute_pkce_challenge(verifier),
        "code_challenge_method": "S256",
        "resource": server.resource,
    }
    if scopes:
        query["scope"] = scopes
    if OFFLINE_SCOPE in scopes.split():
        query["prompt"] = "consent"  # OpenID Connect, section 11: required for a refresh token
    request = {
        "verifier": verifier,
        "redirect_uri": redirect_uri,
        "scope": scopes,
        "issuer": server.issuer,
        "names_issuer": server.names_issuer,
        "known": _build_refresh_context(server, client),
    }
    expires_at = await _store_pending_authorization(grants, endpoint, subject, begun_by, state, request)
    separator = "&" if urlsplit(server.authorization_endpoint).query else "?"
    return AuthorizationPrompt(f"{server.authorization_endpoint}{separator}{urlencode(query)}", scopes, expires_at)


async def _store_pending_authorization(
    grants: UpstreamGrants, endpoint: Endpoint, subject: str, begun_by: str, state: str, request: dict[str, Any]
) -> int:
    """Store an authorization in progress. Returns its expiry. Raises RateLimited."""
    upstream_id = endpoint.upstream_id

    async def insert_authorization(call: Call) -> int:
        # Here instead of in a job: authorizations are seldom, and only beginning one adds rows.
        await call.tx.execute(statements.delete_expired_authorizations, now=call.now)
        count = await call.tx.one(
            statements.count_authorizations, upstream_id=upstream_id, begun_by=begun_by, now=call.now
        )
        if (count or 0) >= MAX_PENDING_FLOWS:
            raise RateLimited(f"{MAX_PENDING_FLOWS} authorizations are in progress already.", retry_after=60)
        row = UpstreamAuthorizationRow(
            tenant_id=endpoint.tenant,
            state=_hash_state(state),
            upstream_id=upstream_id,
            subject=subject,
            begun_by=begun_by,
            request=grants.seal(request, upstream_id, "authorization"),
            created_at=call.now,
            expires_at=call.now + LIFETIME_SECONDS * SECOND,
        )
        call.tx.append(AUTHORIZATIONS, row)
        return row.expires_at

    return await grants.system(endpoint.tenant, insert_authorization, label=KEY_LABEL)


async def take_pending_authorization(call: Call, grants: UpstreamGrants, state: str) -> PendingAuthorization:
    """Take an authorization of the caller out of the store; it is valid once. Raises NotFound."""
    row = await call.tx.one(statements.select_authorization, state=_hash_state(state))
    if row is None or row.begun_by != call.caller.subject or row.expires_at <= call.now:
        raise NotFound(
            "You have no such authorization in progress.",
            fix="It is valid once, for ten minutes, and only for the user who started it: start again, and sign in as "
            "the same user.",
        )
    # Of two callbacks at once on PostgreSQL, only one deletes the row.
    if not await call.tx.execute(statements.delete_authorization, state=row.state):
        raise NotFound("The authorization was finished already.")
    return PendingAuthorization(
        row.upstream_id, row.subject, grants.unseal(row.request, row.upstream_id, "authorization")
    )


async def redeem_code(
    grants: UpstreamGrants, endpoint: Endpoint, pending: PendingAuthorization, callback: Callback
) -> Grant:
    """Exchange the code of a callback for tokens. Raises UpstreamFailed, UpstreamUnavailable."""
    request = pending.request
    issuer = str(request["issuer"])
    # RFC 9207, section 2.4: protects against mix-up of two authorization servers.
    if callback.issuer is None and request["names_issuer"]:
        raise UpstreamFailed("The callback does not say which authorization server it comes from.")
    if callback.issuer is not None and not hmac.compare_digest(callback.issuer.encode(), issuer.encode()):
        raise UpstreamFailed("The callback comes from another authorization server than the requested one.")
    if callback.code is None:
        raise UpstreamFailed(f"The authorization was not granted: {callback.error or 'no code'}.", fix="Begin again.")
    discovery = request["known"]
    form = {
        "grant_type": "authorization_code",
        "code": callback.code,
        "code_verifier": request["verifier"],
        "redirect_uri": request["redirect_uri"],
        "resource": discovery["resource"],
    }
    try:
        tokens = await request_tokens(
            grants.open_oauth_client(endpoint), discovery["token_endpoint"], OAuthClient(**discovery["client"]), form
        )
    except GrantRefused as error:
        # The registration has expired or was deleted there.
        if error.extra.get("upstream_error") == "invalid_client":
            await _delete_registered_clients(grants, endpoint)
        raise
    return build_grant(tokens, issuer, str(request["scope"]), discovery, grants.clock.now())


async def request_machine_grant(
    grants: UpstreamGrants, endpoint: Endpoint, challenge: Challenge | None, scope: str
) -> Grant:
    """Request a grant by client credentials. scope: previously granted. Raises UpstreamFailed, UpstreamUnavailable."""
    server = await discover_authorization_server(grants, endpoint, challenge)
    client = _find_configured_client(grants, endpoint, server)
    if client is None or client.client_secret is None:
        raise UpstreamFailed(f"{endpoint.name} has no client with a secret.", fix="Add it with oauth_client_secret.")
    previous_grant = Grant(server.issuer, scope, {}, None) if scope else None
    scopes = _choose_scope(grants, endpoint, server, challenge.scope if challenge is not None else None, previous_grant)
    # Client credentials have no refresh token (RFC 6749, section 4.4.3).
    scopes = " ".join(name for name in scopes.split() if name != OFFLINE_SCOPE)
    form = {"grant_type": "client_credentials", "resource": server.resource} | ({"scope": scopes} if scopes else {})
    tokens = await request_tokens(grants.open_oauth_client(endpoint), server.token_endpoint, client, form)
    return build_grant(tokens, server.issuer, scopes, _build_refresh_context(server, client), grants.clock.now())


# -- client identity ---------------------------------------------------------------------------


async def _choose_or_register_client(
    grants: UpstreamGrants, endpoint: Endpoint, server: AuthorizationServer, base_url: str, redirect_uri: str
) -> OAuthClient:
    """Choose the client: the configured one, else our metadata document, else a registered one, else register now."""
    configured = _find_configured_client(grants, endpoint, server)
    if configured is not None:
        return configured
    document_url = build_client_document_url_or_none(base_url) if server.takes_client_documents else None
    if document_url is not None:
        return OAuthClient(document_url)
    # By issuer too: an upstream that names another authorization server must not get this one's client.
    registration_key = {"upstream_id": endpoint.upstream_id, "issuer": server.issuer, "redirect_uri": redirect_uri}

    async def read_stored_client(call: Call) -> UpstreamClientRow | None:
        return await call.tx.one(statements.select_client, **registration_key)

    row = await grants.system(endpoint.tenant, read_stored_client, label=KEY_LABEL)
    if row is not None:
        return OAuthClient(**grants.unseal(row.client, endpoint.upstream_id, "client"))
    client = await register_client(grants.open_oauth_client(endpoint), server, redirect_uri)
    sealed = grants.seal(_build_client_document(client), endpoint.upstream_id, "client")

    async def store_client(call: Call) -> None:
        await call.tx.execute(statements.upsert_client, **registration_key, client=sealed, now=call.now)

    await grants.system(endpoint.tenant, store_client, label=KEY_LABEL)
    return client


def _find_configured_client(
    grants: UpstreamGrants, endpoint: Endpoint, server: AuthorizationServer
) -> OAuthClient | None:
    document = grants.unseal(endpoint.oauth_client, endpoint.upstream_id, "configured") if endpoint.oauth_client else {}
    client_id, secret = document.get("client_id"), document.get("client_secret")
    if client_id is None:
        return None
    if secret is None:
        return OAuthClient(client_id)
    # RFC 6749, section 2.3.1 recommends Basic.
    method = "client_secret_basic" if "client_secret_basic" in server.methods else "client_secret_post"
    return OAuthClient(client_id, secret, method)


async def _delete_registered_clients(grants: UpstreamGrants, endpoint: Endpoint) -> None:
    """Delete registered clients, because registrations may expire; the next authorization registers again."""

    async def delete_client(call: Call) -> None:
        await call.tx.execute(statements.delete_clients_of_upstream, upstream_id=endpoint.upstream_id)

    await grants.system(endpoint.tenant, delete_client, label=KEY_LABEL)


def _build_client_document(client: OAuthClient) -> dict[str, Any]:
    return {"client_id": client.client_id, "client_secret": client.client_secret, "method": client.method}


def _build_refresh_context(server: AuthorizationServer, client: OAuthClient) -> dict[str, Any]:
    """Build the context of a refresh, stored with the grant: a token is sent only to the server that issued it."""
    return {
        "token_endpoint": server.token_endpoint,
        "revocation_endpoint": server.revocation_endpoint,
        "resource": server.resource,
        "client": _build_client_document(client),
    }


def _choose_scope(
    grants: UpstreamGrants, endpoint: Endpoint, server: AuthorizationServer, wanted: str | None, granted: Grant | None
) -> str:
    """Choose the scope to request: configured and wanted scopes, or else all that the resource supports.

    Previously granted scopes are included (step-up), and ``offline_access`` if the server supports it.
    """
    document = grants.unseal(endpoint.oauth_client, endpoint.upstream_id, "configured") if endpoint.oauth_client else {}
    names = (document.get("scope") or "").split()
    names += (wanted or "").split() or ([] if names else list(server.scopes))
    names = [*(granted.scope.split() if granted is not None else ()), *names]
    if server.offline and names:
        names.append(OFFLINE_SCOPE)
    return " ".join(dict.fromkeys(names))


def _hash_state(state: str) -> str:
    # Only the digest is stored: the state itself lets its holder finish the authorization.
    return hashlib.sha256(state.encode()).hexdigest()
