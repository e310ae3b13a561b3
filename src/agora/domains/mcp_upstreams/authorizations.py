"""Authorization of upstreams: the rules of the operations, and authorization during a call."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from agora.clock import to_datetime
from agora.core.call import Call, CallClient, ClientRefused, cast_relay_to_result
from agora.domains.identity.authority import check_administration_authority, check_and_record_administration
from agora_sdk.contract import upstreams as contract
from agora_sdk.errors import (
    AgoraError,
    Conflict,
    PermissionDenied,
    Unauthenticated,
    UpstreamAuthorizationRequired,
)

from . import queries as statements
from .oauth import flow
from .oauth import queries as grant_statements
from .oauth.authorization import SHARED_SUBJECT, AuthorizationPrompt, Callback, Grant
from .oauth.challenge import AuthorizationNeeded
from .oauth.grants import UPSTREAM_GRANTS, UpstreamGrants
from .port import Endpoint
from .records import UpstreamRow
from .views import build_upstream_endpoint, require_upstream

__all__ = [
    "Authorizer",
    "begin_upstream_authorization",
    "delete_clients_and_grants",
    "finish_upstream_authorization",
    "revoke_upstream_authorization",
]

REQUEST_SECONDS: Final = 90.0  #: for discovery, registration and tokens together
WAIT_SECONDS: Final = 600.0  #: time for a person to authorize while the call waits
NOT_OAUTH_FIX: Final = "Add it with oauth=shared, user or machine."


def get_upstream_grants(call: Call) -> UpstreamGrants:
    """Return this server's grants of upstreams."""
    return call.context.ports.get(UPSTREAM_GRANTS)


async def begin_upstream_authorization(
    call: Call, upstream: str, *, shared: bool, scope: str | None
) -> contract.UpstreamAuthorization:
    """Begin an authorization, in a relay."""
    row = await _require_authorizable(call, upstream)
    subject = await _require_authorizing_subject(call, row, shared=shared)
    grants, endpoint, begun_by = get_upstream_grants(call), build_upstream_endpoint(row), call.caller.subject
    base_url = call.context.settings.own_url

    async def request_authorization() -> AuthorizationPrompt | None:
        if endpoint.oauth_mode == "machine":
            await grants.request_and_store_machine_grant(endpoint)
            return None
        return await flow.begin_authorization(grants, endpoint, subject, begun_by, base_url, scope=scope)

    async def build_authorization_answer(
        end: Call, outcome: AuthorizationPrompt | AgoraError | None
    ) -> contract.UpstreamAuthorization:
        if isinstance(outcome, AgoraError):
            raise outcome
        if outcome is None:
            await _emit_and_renew_connections(end, row, subject)
            return contract.UpstreamAuthorization(upstream=row.name, shared=True, authorized=True)
        return contract.UpstreamAuthorization(
            upstream=row.name,
            shared=subject == SHARED_SUBJECT,
            url=outcome.url,
            scope=outcome.scope,
            expires_at=to_datetime(outcome.expires_at),
        )

    call.target = row.upstream_id
    return cast_relay_to_result(request_authorization, build_authorization_answer, REQUEST_SECONDS)


async def finish_upstream_authorization(call: Call, state: str, callback: Callback) -> contract.UpstreamAuthorization:
    """Exchange the code of a callback for tokens, in a relay. This consumes the state, whatever the result."""
    grants = get_upstream_grants(call)
    authorization = await flow.take_pending_authorization(call, grants, state)
    row = await _require_authorizable(call, authorization.upstream_id)
    endpoint = build_upstream_endpoint(row)

    async def store_authorization(end: Call, outcome: Grant | AgoraError) -> contract.UpstreamAuthorization:
        if isinstance(outcome, AgoraError):
            raise outcome
        # It may have been removed during the exchange, and a grant must not outlive its upstream.
        await require_upstream(end, row.upstream_id, lock=True)
        await grants.store_grant(end, row.upstream_id, authorization.subject, outcome)
        # Only now is it effective, so only now is it recorded as an act of administration.
        if authorization.subject == SHARED_SUBJECT:
            await check_and_record_administration(end, row.upstream_id)
        await _emit_and_renew_connections(end, row, authorization.subject)
        return contract.UpstreamAuthorization(
            upstream=row.name,
            shared=authorization.subject == SHARED_SUBJECT,
            authorized=True,
            scope=outcome.scope,
            expires_at=to_datetime(outcome.expires_at) if outcome.expires_at is not None else None,
        )

    call.target = row.upstream_id
    return cast_relay_to_result(
        lambda: flow.redeem_code(grants, endpoint, authorization, callback), store_authorization, REQUEST_SECONDS
    )


async def revoke_upstream_authorization(call: Call, upstream: str, *, shared: bool) -> contract.UpstreamDeauthorization:
    """End an authorization, in a relay: first in the store, then at the authorization server."""
    row = await _require_authorizable(call, upstream)
    subject = await _require_authorizing_subject(call, row, shared=shared)
    grants, endpoint = get_upstream_grants(call), build_upstream_endpoint(row)
    key = {"upstream_id": row.upstream_id, "subject": subject}
    grant_row = await call.tx.one(grant_statements.select_grant, **key)
    # First here: a server that does not answer must not keep an authorization alive that its user has ended.
    await call.tx.execute(grant_statements.delete_grant, **key)
    if grant_row is not None:
        await _emit_and_renew_connections(call, row, subject, ended=True)

    async def revoke_at_server() -> bool:
        return grant_row is not None and await grants.revoke_grant(endpoint, grants.decrypt_grant(grant_row))

    async def build_deauthorization_answer(end: Call, outcome: bool | AgoraError) -> contract.UpstreamDeauthorization:
        revoked = outcome is True  # a grant that cannot be decrypted has been deleted here nevertheless
        return contract.UpstreamDeauthorization(upstream=row.name, shared=subject == SHARED_SUBJECT, revoked=revoked)

    call.target = row.upstream_id
    return cast_relay_to_result(revoke_at_server, build_deauthorization_answer, REQUEST_SECONDS)


async def delete_clients_and_grants(call: Call, upstream_id: str) -> None:
    """Delete clients, grants and pending authorizations of an upstream."""
    for statement in (
        grant_statements.delete_authorizations_of_upstream,
        grant_statements.delete_grants_of_upstream,
        grant_statements.delete_clients_of_upstream,
    ):
        await call.tx.execute(statement, upstream_id=upstream_id)


async def _require_authorizable(call: Call, upstream: str) -> UpstreamRow:
    row = await require_upstream(call, upstream)
    if row.oauth_mode == "none":
        raise Conflict(f"{row.name} was not added with OAuth.", fix=NOT_OAUTH_FIX)
    return row


async def _require_authorizing_subject(call: Call, row: UpstreamRow, *, shared: bool) -> str:
    """Choose the subject of an authorization. Raises PermissionDenied, Unauthenticated."""
    if row.oauth_mode != "user" or shared:
        if not call.caller.may("admin"):
            raise PermissionDenied(f"{row.name} is authorized for all callers, by an operator.", required="admin")
        await check_administration_authority(call, row.upstream_id)
        return SHARED_SUBJECT
    if call.caller.kind in ("anonymous", "enrolment", "system"):
        raise Unauthenticated("An authorization needs an identified caller.", fix="Register, or sign in.")
    return call.caller.subject


async def _emit_and_renew_connections(call: Call, row: UpstreamRow, subject: str, *, ended: bool = False) -> None:
    """Emit that an authorization was granted or ended. A change of the shared one renews all servers' connections."""
    if subject == SHARED_SUBJECT:
        await call.tx.execute(statements.increment_revision, upstream_id=row.upstream_id, now=call.now)
    data = {"upstream_id": row.upstream_id, "name": row.name, "subject": subject}
    audience = (subject,) if subject != SHARED_SUBJECT else None
    if ended:
        call.emit("agora.upstream.deauthorized", data, subject=row.upstream_id, audience=audience)
    else:
        call.emit("agora.upstream.authorized", data, subject=row.upstream_id, audience=audience)


class Authorizer:
    """Obtains an authorization during a call: asks the user to visit the URL if the client supports URL elicitation."""

    def __init__(self, call: Call, client: CallClient | None) -> None:
        self._grants, self._caller, self._client = get_upstream_grants(call), call.caller, client
        self._base_url = call.context.settings.own_url

    async def ask_user_for_grant(self, endpoint: Endpoint, error: AuthorizationNeeded) -> None:
        """Return once there is a new grant.

        Raises UpstreamAuthorizationRequired, with the URL for callers who may authorize.
        """
        subject = self._caller.subject if endpoint.oauth_mode == "user" else SHARED_SUBJECT
        if endpoint.oauth_mode == "machine" or (subject == SHARED_SUBJECT and not self._caller.may("admin")):
            raise UpstreamAuthorizationRequired(
                error.detail, fix=f"An operator authorizes it: agora upstream authorize {endpoint.name}."
            )
        if self._caller.kind in ("anonymous", "enrolment", "system"):
            raise UpstreamAuthorizationRequired(
                error.detail, fix="It needs an identified caller: register, or sign in."
            )
        # Before the person is asked: only a grant of a later generation is an answer.
        previous_grant = await self._grants.read_grant(endpoint, subject)
        authorization = await flow.begin_authorization(
            self._grants, endpoint, subject, self._caller.subject, self._base_url, error.challenge
        )
        if _accepts_url_elicitation(self._client) and await self._ask_person(endpoint, authorization):
            generation = previous_grant.generation if previous_grant is not None else 0
            if await self._grants.wait_for_grant(endpoint, subject, generation, WAIT_SECONDS):
                return
        raise UpstreamAuthorizationRequired(
            f"{endpoint.name} has to be authorized first, in a browser.",
            fix=f"Visit {authorization.url}, signed in here as the calling user, then call again.",
            url=authorization.url,
            scope=authorization.scope,
            expires_at=to_datetime(authorization.expires_at).isoformat(),
        )

    async def _ask_person(self, endpoint: Endpoint, begun: AuthorizationPrompt) -> bool:
        """Ask the user of the client to visit the URL. Returns whether the user accepts."""
        assert self._client is not None
        params: Mapping[str, Any] = {
            "mode": "url",
            "message": f"{endpoint.name} wants you to authorize this server.",
            "url": begun.url,
            "elicitationId": secrets.token_urlsafe(16),
        }
        try:
            response = await self._client.send_request("elicitation/create", params)
        except ClientRefused:
            return False
        return response.get("action") == "accept"


def _accepts_url_elicitation(client: CallClient | None) -> bool:
    """Whether a client supports elicitation in URL mode."""
    capability = client.capabilities.get("elicitation") if client is not None else None
    return isinstance(capability, Mapping) and "url" in capability
