"""Single sign-on: the operations of the contract over the port of :mod:`.sign_on_port`."""

from __future__ import annotations

from typing import Final

from agora.clock import SECOND, to_datetime
from agora.core.call import BoundService, Call, Caller, cast_relay_to_result
from agora.domains.identity.sign_on_port import SIGN_ON
from agora.domains.tenants.service import ADMINISTRATIVE_TENANT
from agora_sdk.contract import auth as contract
from agora_sdk.contract import implements
from agora_sdk.errors import (
    AgoraError,
    InvalidRequest,
    MalformedRequest,
    NotFound,
    Unauthenticated,
    UpstreamFailed,
    field_error,
)

from . import queries as people
from .sign_on_port import LogoutNotice, SignInResult, SignOn

__all__ = ["AuthService"]

PROVIDER_TIMEOUT_SECONDS: Final = 15.0  #: for the provider's answer
DAY: Final = 86_400 * SECOND  #: after which no access token made before is still valid
WEEK: Final = 7 * DAY  #: the same, of unused tokens


class AuthService(BoundService, contract.Auth):
    """Login and logout of users."""

    @implements
    async def configuration(self) -> contract.AuthConfiguration:
        sign_on = self.call.context.ports.find(SIGN_ON)
        if sign_on is None:
            return contract.AuthConfiguration(enabled=False)
        return contract.AuthConfiguration(
            enabled=True,
            issuer=sign_on.issuers[0],
            issuers=list(sign_on.issuers),
            client_id=sign_on.cli_client_id or None,
            scope=sign_on.scope,
            password=sign_on.takes_passwords,
        )

    @implements
    async def login(self, username: str, password: str) -> contract.Login:
        sign_on = self._require_sign_on()
        return cast_relay_to_result(
            lambda: sign_on.sign_in_with_password(username, password), _build_login_result, PROVIDER_TIMEOUT_SECONDS
        )

    @implements
    async def refresh(self, refresh_token: str, client_id: str | None = None) -> contract.Login:
        sign_on = self._require_sign_on()
        return cast_relay_to_result(
            lambda: sign_on.refresh(refresh_token, client_id), _build_login_result, PROVIDER_TIMEOUT_SECONDS
        )

    @implements
    async def userinfo(self) -> contract.UserInfo:
        caller = self.call.caller
        person = caller.person
        info = contract.UserInfo(
            id=caller.subject,
            sub=caller.subject,
            name=caller.name,
            kind=caller.kind,
            tenant=caller.tenant,
            account=caller.account,
            scopes=sorted(caller.scopes),
            authority=caller.authority,
            expires_at=to_datetime(caller.expires_at) if caller.expires_at else None,
        )
        if person is not None:
            info.sub, info.issuer, info.email = person.subject, person.issuer, person.email
            info.username = info.preferred_username = person.username
            info.roles, info.role = list(person.roles), person.role
            info.concurrency_limit = person.limit or None
            info.daily_job_limit = person.daily_job_limit or None
        return info

    @implements
    async def logout(self, refresh_token: str | None = None, client_id: str | None = None) -> contract.LoggedOut:
        sign_on, call, caller = self._require_sign_on(), self.call, self.call.caller
        await _record_local_logout(call)

        async def build_logout_answer(end: Call, outcome: tuple[bool, str | None] | AgoraError) -> contract.LoggedOut:
            if isinstance(outcome, UpstreamFailed | Unauthenticated):  # the session has ended on this server
                outcome = (False, None)
            if isinstance(outcome, AgoraError):
                raise outcome
            was_ended, url = outcome
            return contract.LoggedOut(provider_logged_out=was_ended, logout_url=url)

        return cast_relay_to_result(
            lambda: sign_on.sign_out(caller, refresh_token, client_id), build_logout_answer, PROVIDER_TIMEOUT_SECONDS
        )

    @implements
    async def sign_out(self, session_id: str) -> contract.SignedOut:
        call, caller = self.call, self.call.caller
        if caller.kind == "anonymous":
            raise Unauthenticated("No user is signed in.", fix="Send the credential that the session was begun with.")
        await call.tx.execute(people.insert_ended_login, login=session_id, now=call.now, forget_at=call.now + DAY)
        _emit_session_ended(call, caller.subject, caller.subject)
        return contract.SignedOut()

    @implements
    async def backchannel_logout(self, logout_token: str) -> contract.LogoutTaken:
        sign_on, call = self._require_sign_on(), self.call
        if (
            call.caller.tenant != ADMINISTRATIVE_TENANT
        ):  # the notice does not name a tenant, so it is stored in the default one
            raise InvalidRequest(
                "Logout notifications of providers apply to the whole server.",
                fix="Leave the header X-Agora-Tenant out.",
            )
        try:
            notice = sign_on.read_logout_token(logout_token)
        except Unauthenticated as error:
            raise _build_logout_error(error.detail, error.fix) from error

        async def build_backchannel_answer(end: Call, outcome: AgoraError | None) -> contract.LogoutTaken:
            if isinstance(outcome, Unauthenticated):
                raise _build_logout_error(outcome.detail, outcome.fix)
            if isinstance(outcome, AgoraError):
                raise outcome
            return await _record_logout_once(end, notice)

        return cast_relay_to_result(
            lambda: sign_on.check_logout_token(logout_token), build_backchannel_answer, PROVIDER_TIMEOUT_SECONDS
        )

    def _require_sign_on(self) -> SignOn:
        """The port. Results of its operations must not be stored, so none takes an idempotency key."""
        sign_on = self.call.context.ports.find(SIGN_ON)
        if sign_on is None:
            raise NotFound(
                "This server has no identity provider.",
                fix="An operator names one in the settings: oidc_issuers, or keycloak_url and keycloak_realm.",
            )
        if self.call.idempotency_key is not None:
            raise InvalidRequest(
                "Tokens are not kept, so they cannot be answered again.",
                fix="Leave the Idempotency-Key out.",
                errors=[field_error("Idempotency-Key", "not for this operation")],
            )
        return sign_on


async def _build_login_result(call: Call, outcome: SignInResult | AgoraError) -> contract.Login:
    if isinstance(outcome, AgoraError):
        raise outcome
    call.target = outcome.caller.subject
    return contract.Login(
        access_token=outcome.access_token,
        refresh_token=outcome.refresh_token,
        expires_in=outcome.expires_in,
        refresh_expires_in=outcome.refresh_expires_in,
        user=_build_login_user(outcome.caller),
    )


def _build_login_user(caller: Caller) -> contract.LoginUser:
    person = caller.person
    assert person is not None, "a session of an identity provider belongs to a user"
    return contract.LoginUser(
        id=caller.subject,
        subject=person.subject,
        username=person.username,
        email=person.email,
        name=person.name,
        roles=list(person.roles),
        role=person.role,
    )


async def _record_local_logout(call: Call) -> None:
    """Invalidate all tokens of the session here, also if the provider fails."""
    caller = call.caller
    if caller.person is None:
        raise InvalidRequest(
            "Your credential does not belong to a session.",
            fix="Agents deregister; keys are revoked with DELETE /tokens/{token_id}.",
        )
    # No token of the session is valid longer, so the row can be deleted then.
    forget_at = max(caller.expires_at or 0, call.now + DAY)
    for login in caller.person.login:
        await call.tx.execute(people.insert_ended_login, login=login, now=call.now, forget_at=forget_at)
    if caller.person.session_id is not None:
        await call.tx.execute(people.end_session, session_id=caller.person.session_id, now=call.now)
    _emit_session_ended(call, caller.subject, caller.subject)


async def _record_logout_once(call: Call, notice: LogoutNotice) -> contract.LogoutTaken:
    """Record a back-channel logout, once per logout token."""
    now, user_id = call.now, notice.user_id
    # Back-Channel Logout 1.0, section 2.6: a jti is accepted once.
    if not await call.tx.execute(people.insert_first_use, login=notice.notice, now=now, forget_at=notice.until):
        raise _build_logout_error("The logout token was taken before.", "Nothing is left to be done.")
    await call.tx.execute(people.insert_ended_login, login=notice.login, now=notice.at, forget_at=now + WEEK)
    _emit_session_ended(call, user_id or notice.login, user_id)
    return contract.LogoutTaken(user_id=user_id, whole_person=notice.login == user_id)


def _emit_session_ended(call: Call, subject: str, user_id: str | None) -> None:
    """Log that a session has ended: every server drops cached callers and rechecks open streams."""
    call.target = subject
    audience = () if user_id is None else (user_id,)
    call.emit("agora.session.ended", {"user_id": user_id}, subject=subject, audience=audience)


def _build_logout_error(detail: str, fix: str | None) -> MalformedRequest:
    """Build the error of an invalid logout token (section 2.8: status 400 and an OAuth error)."""
    oauth_error = {"error": "invalid_request", "error_description": detail}
    return MalformedRequest(detail, fix=fix, errors=[field_error("logout_token", detail)], **oauth_error)
