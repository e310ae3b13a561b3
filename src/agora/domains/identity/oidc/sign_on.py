"""Single sign-on: resolves provider tokens to callers; login, refresh and logout of users."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from agora.clock import SECOND, Clock
from agora.core.call import Caller, Person
from agora.core.usage import DEFAULT_TENANT
from agora.net.sealing import Sealer
from agora.settings import Settings
from agora.store.port import Reader, Store
from agora_sdk.errors import InvalidRequest, NotFound, PermissionDenied, RateLimited, field_error

from .. import credential_queries as credentials
from .. import queries as people
from ..records import TenantStatusRow, UserStandingRow
from ..roles import list_role_scopes, rank_role_authority
from ..sign_on_port import LogoutNotice, Sighting, SignInResult, build_user_id, derive_session_key, derive_token_key
from . import access_tokens, logout_tokens
from . import role_mapping as roles
from .access_tokens import build_token_error
from .browser_sessions import (
    BrowserSessions,
    Grant,
    Session,
    SignedIn,
    SignInCookies,
    SignInRedirect,
    SystemTransaction,
    add_login_names,
)
from .configuration import TENANT, Trust
from .flows import Flows, Tokens
from .password_attempts import PasswordAttempts
from .provider import Provider

__all__ = ["SignOn", "create_sign_on"]

TIER: Final = "premium"
MAX_PENDING_VISITS: Final = 50_000  #: maximum number of unsaved sightings
MAX_ATTEMPTS: Final = 10  #: burst of password attempts per name; then one every REFILL_SECONDS seconds
REFILL_SECONDS: Final = 6.0
MAX_TRIED_NAMES: Final = 50_000  #: maximum number of names whose attempts are counted separately
MAX_NAME_CHARACTERS: Final = 255
MAX_CODE_CHARACTERS: Final = 4096


class SignOn:
    """Single sign-on with the providers of the settings. system: set once there is a dispatcher.

    authority: of administrators. known: scopes of ours, by which a token may ask for less than its role gives.
    """

    system: SystemTransaction

    def __init__(
        self,
        trust: Trust,
        store: Store,
        sealer: Sealer,
        clock: Clock,
        *,
        authority: int,
        limit: int,
        daily_job_limit: int,
        known: Collection[str],
    ) -> None:
        self.trust, self.clock = trust, clock
        self._store, self._authority, self._limit = store, authority, limit
        self._daily_job_limit = daily_job_limit
        self._known_scopes = frozenset(known) | {"act:any", "read:all"}
        self._tenants = {issuer.url: issuer.tenant for issuer in trust.issuers}
        self._providers = {issuer.url: Provider(issuer.url, clock) for issuer in trust.issuers}
        self.home = next(iter(self._providers.values()))
        self.flows = Flows(self.home, trust)
        self.monotonic: Callable[[], float] = time.monotonic  # by which attempts are given back
        self._attempts = PasswordAttempts(MAX_ATTEMPTS, REFILL_SECONDS, MAX_TRIED_NAMES)
        self.sessions = BrowserSessions(self, store, sealer, clock)
        self.states = SignInCookies(sealer, clock)
        self.seen: dict[tuple[str, str], Sighting] = {}

    async def close(self) -> None:
        """Close the connections to all providers."""
        await self.sessions.close()
        for provider in self._providers.values():
            await provider.close()

    # -- port ------------------------------------------------------------------------------------

    @property
    def issuers(self) -> Sequence[str]:
        return tuple(self._providers)

    @property
    def cli_client_id(self) -> str:
        return self.trust.cli_client_id

    @property
    def scope(self) -> str:
        return self.trust.scope

    @property
    def takes_passwords(self) -> bool:
        return self.trust.password and bool(self.trust.client_id)

    async def sign_in_with_password(self, username: str, password: str) -> SignInResult:
        """See the port."""
        if not self.takes_passwords:
            raise _build_password_login_disabled_error()
        self._consume_password_attempt(username)
        return await self._authenticate_tokens(await self.flows.exchange_password(username, password))

    async def refresh(self, refresh_token: str, client_id: str | None) -> SignInResult:
        """See the port."""
        client = self._resolve_client_id(client_id)
        if client == self.trust.client_id and self.trust.client_secret and not self.takes_passwords:
            raise _build_password_login_disabled_error()  # no token was issued to this client, so its secret could only help a stolen one
        return await self._authenticate_tokens(await self.flows.exchange_refresh_token(refresh_token, client))

    async def sign_out(
        self, caller: Caller, refresh_token: str | None, client_id: str | None
    ) -> tuple[bool, str | None]:
        """See the port."""
        client, identity = client_id, None
        if caller.person is not None and caller.person.session_id is not None:
            stored_tokens = await self.sessions.read_provider_tokens(caller.tenant, caller.person.session_id)
            client, identity = self.trust.client_id, stored_tokens.identity
            refresh_token = refresh_token or stored_tokens.refresh
        was_revoked = (
            await self.flows.revoke_token(refresh_token, self._resolve_client_id(client)) if refresh_token else False
        )
        return was_revoked, await self.flows.build_logout_url(identity)

    def read_logout_token(self, logout_token: str) -> LogoutNotice:
        """See the port."""
        token, provider = self._parse_logout_token(logout_token)
        # Our client ids belong to the first provider: at another one, anybody may have registered the same id.
        clients = self.trust.client_ids if provider is self.home else ()
        return logout_tokens.parse_logout_token(
            token.claims, provider.issuer, clients or self.trust.audiences, self.clock.now(), self.trust.skew
        )

    async def check_logout_token(self, logout_token: str) -> None:
        """See the port."""
        await access_tokens.check_signature(*self._parse_logout_token(logout_token))

    def _parse_logout_token(self, logout_token: str) -> tuple[access_tokens.UnverifiedToken, Provider]:
        token = access_tokens.parse_token(logout_token, logout_tokens.TOKEN_TYPES)
        return token, self._get_trusted_provider(token.issuer)

    def _get_trusted_provider(self, issuer: Any) -> Provider:
        provider = self._providers.get(issuer) if isinstance(issuer, str) else None
        if provider is None:
            raise build_token_error(
                "This server does not trust the token's issuer.", fix="See the setting oidc_issuers."
            )
        return provider

    def _resolve_client_id(self, client_id: str | None) -> str:
        client = client_id or self.trust.client_id
        if not client or client not in self.trust.client_ids:
            raise InvalidRequest(
                f"{client_id!r} is not a client of this server." if client_id else "The settings name no client.",
                fix="Leave client_id out, or give that of GET /v1/auth/configuration.",
                errors=[field_error("client_id", "unknown client")],
            )
        return client

    def _consume_password_attempt(self, username: str) -> None:
        """Rate-limit password attempts per name: the provider sees this server's address for all users."""
        # Providers such as Keycloak ignore the case of names.
        if not self._attempts.take_attempt(username.casefold(), self.monotonic()):
            raise RateLimited(
                "Too many passwords were tried for that name.", fix="Wait a minute.", retry_after=int(REFILL_SECONDS)
            )

    async def _authenticate_tokens(self, tokens: Tokens) -> SignInResult:
        caller = await self.authenticate_token(tokens.access)
        return SignInResult(caller, tokens.access, tokens.refresh, tokens.expires_in, tokens.refresh_expires_in)

    # -- tokens ----------------------------------------------------------------------------------

    async def authenticate_token(self, token: str) -> Caller:
        """Return the caller of an access token. Raises Unauthenticated, PermissionDenied, UpstreamUnavailable."""
        grant = await self.verify_token(token)
        return await self.authorize_grant(grant)

    async def verify_token(self, token: str) -> Grant:
        """Verify an access token and return its grant."""
        parsed = access_tokens.parse_token(token)
        provider = self._get_trusted_provider(parsed.issuer)
        ends = access_tokens.check_times_and_get_expiry(parsed.claims, self.clock.now(), self.trust.skew)
        access_tokens.check_token_purpose(
            parsed,
            self.trust.audiences,
            # At other providers than the first, the same client id may be anybody's (see read_logout_token).
            () if self.trust.strict or provider is not self.home else self.trust.client_ids,
        )
        # Last, because it may fetch keys: tokens that are refused anyway cause no request to the provider.
        await access_tokens.check_signature(parsed, provider)
        return self._build_grant(parsed.claims, provider, ends, token)

    async def authorize_grant(self, grant: Grant) -> Caller:
        """Return the caller of a grant with the user's current role and limits."""
        person = grant.person
        subject = build_user_id(person.issuer, person.subject)

        async def read_tenant_and_user(reader: Reader) -> tuple[TenantStatusRow | None, UserStandingRow | None]:
            return await reader.one(credentials.select_tenant_status), await reader.one(
                people.select_user_status, user_id=subject
            )

        tenant, row = await self._store.read(grant.tenant, read_tenant_and_user)
        if tenant is None and grant.tenant != DEFAULT_TENANT:
            raise build_token_error(
                f"There is no marketplace {grant.tenant}.",
                fix="The operator of the server creates it with agora.tenant.create.",
            )
        await self.check_not_logged_out(grant)
        if row is not None and row.disabled_at is not None:
            raise PermissionDenied("This user is disabled.", fix="An operator enables users with agora.user.update.")
        role = (row.role if row is not None else None) or person.role
        limit = row.concurrency_limit if row is not None else None
        may = roles.restrict_scopes(list_role_scopes(role, grant.tenant), grant.asked, self._known_scopes)
        daily = row.daily_job_limit if row is not None else None
        person = replace(
            person,
            limit=self._limit if limit is None else limit,
            daily_job_limit=self._daily_job_limit if daily is None else daily,
        )
        self._buffer_last_login(grant.tenant, subject, person)
        return Caller(
            tenant=grant.tenant,
            subject=subject,
            name=person.name or person.username,
            kind="user",
            scopes=may,
            tier=TIER,
            authority=rank_role_authority(may, role, grant.tenant, self._authority),
            expires_at=grant.ends,
            token_id=person.session_id,
            person=replace(person, role=role),
        )

    async def check_not_logged_out(self, grant: Grant) -> None:
        """Raise Unauthenticated if the user logged out here or, as reported by the provider, there."""
        person = grant.person
        # A login has up to three names; missing ones are empty, which no stored row is.
        token, session, alias, *_ = *person.login, "", "", ""
        names = {
            "token": token,
            "session": session,
            "alias": alias,
            "person": build_user_id(person.issuer, person.subject),
        }

        async def read_ended(reader: Reader) -> Any:
            return await reader.one(people.select_any_ended_login, **names, issued_at=person.issued_at)

        for tenant in {grant.tenant, DEFAULT_TENANT}:  # notices of providers are stored in the default tenant
            if await self._store.read(tenant, read_ended) is not None:
                raise build_token_error("The session of this token has ended: its holder has logged out.")

    def _buffer_last_login(self, tenant: str, subject: str, person: Person) -> None:
        # Bounded, because it grows while the store is unavailable. A lost sighting is made up for by the next.
        if len(self.seen) < MAX_PENDING_VISITS or (tenant, subject) in self.seen:
            self.seen[tenant, subject] = Sighting(person, self.clock.now())

    def _build_grant(self, claims: Mapping[str, Any], provider: Provider, ends: int, token: str) -> Grant:
        subject = claims.get("sub")
        if not (isinstance(subject, str) and 0 < len(subject) <= MAX_NAME_CHARACTERS and subject.isprintable()):
            raise build_token_error("The token has no subject.")
        role_names = roles.list_role_names(claims, self.trust.client_ids if provider is self.home else ())
        session = _read_text_claim(claims, "sid") or _read_text_claim(claims, "session_state")
        keys = (
            (derive_token_key(token), derive_session_key(provider.issuer, session))
            if session
            else (derive_token_key(token),)
        )
        issued = claims.get("iat")
        person = Person(
            provider.issuer,
            subject,
            _read_text_claim(claims, "preferred_username") or _read_text_claim(claims, "email") or subject,
            _read_text_claim(claims, "email"),
            _read_text_claim(claims, "name"),
            role_names,
            roles.choose_highest_role(role_names, self.trust.roles, self.trust.default_role),
            keys,
            issued_at=int(issued) * SECOND if isinstance(issued, int | float) else 0,
        )
        return Grant(
            self._choose_tenant(claims, provider.issuer), person, _read_text_claim(claims, "scope", 4096) or "", ends
        )

    def _choose_tenant(self, claims: Mapping[str, Any], issuer: str) -> str:
        """Choose the tenant of a user: the provider's, else the claim's, else the default tenant."""
        # A provider bound to a tenant cannot name another one in a claim.
        if (own := self._tenants[issuer]) is not None:
            return own
        if not self.trust.tenant_claim:
            return DEFAULT_TENANT
        value: Any = claims
        for name in self.trust.tenant_claim:
            value = value.get(name) if isinstance(value, dict) else None
        # Mappers of Keycloak write a single value of a multivalued attribute as a list.
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, str) or not TENANT.fullmatch(value):
            raise build_token_error(
                "The token names no tenant that could be one.", fix="See the setting oidc_tenant_claim."
            )
        return value

    # -- browsers --------------------------------------------------------------------------------

    async def begin_sign_in(self, next: str, redirect_uri: str) -> SignInRedirect:
        """Send a browser to the provider (authorization code with PKCE).

        next: the path to go on to. redirect_uri: where the provider sends it back. Raises UpstreamUnavailable, Conflict.
        """
        state = self.states.build_sign_in_state(next, redirect_uri)
        url = await self.flows.build_authorization_url(state.request_parameters())
        return SignInRedirect(url, self.states.encrypt_state(state))

    async def finish_sign_in(self, query: Mapping[str, str], cookie: str | None, redirect_uri: str) -> SignedIn:
        """Handle the callback of a browser from the provider. query: of the callback. cookie: set by ``begin_sign_in``.

        Raises Unauthenticated for a sign-in that is not this browser's, is over, or was used before.
        """
        state = self.states.decrypt_state_or_none(cookie)
        state_parameter = query.get("state", "")
        if (
            state is None
            or state.redirect_uri != redirect_uri
            or not hmac.compare_digest(state.state.encode(), state_parameter.encode("utf-8", "replace"))
        ):
            raise build_token_error("This sign-in was not begun by this browser, or took too long.", fix="Begin again.")
        metadata = await self.home.fetch_metadata()
        # RFC 9207 (mix-up attack): a provider that announces iss must send it, others may leave it out.
        if query.get("iss", self.home.issuer if not metadata.says_issuer else None) != self.home.issuer:
            raise build_token_error("The response came from a different provider.", fix="Begin again.")
        if not 0 < len(query.get("code", "")) <= MAX_CODE_CHARACTERS:
            reason = query.get("error_description") or query.get("error") or "no code"
            raise build_token_error(
                f"The identity provider refuses: {reason[:200] if reason.isprintable() else 'no code'}.",
                fix="Begin again.",
            )
        session_id = "ses_" + hashlib.sha256(f"session\0{state.state}".encode()).hexdigest()[:32]
        tokens = await self.flows.exchange_code(query["code"], state.verifier, redirect_uri)
        grant = await self.verify_sign_in_tokens(tokens, state.nonce)
        caller = await self.authorize_grant(grant)
        credential, expires_at = await self.sessions.store_new_session(
            caller, Session(session_id, grant, tokens.refresh, tokens.identity)
        )
        return SignedIn(credential, expires_at, state.next, caller.name)

    async def verify_sign_in_tokens(self, tokens: Tokens, nonce: str | None) -> Grant:
        """Build the grant of a sign-in or renewal, from the ID token if the access token is not for this server."""
        identity = None
        if tokens.identity is not None:
            identity = access_tokens.parse_token(tokens.identity, {"jwt"})
            if identity.issuer != self.home.issuer:
                raise build_token_error("The provider's ID token is of another provider.")
            access_tokens.check_id_token(identity, self.trust.client_id, nonce)
            ends = access_tokens.check_times_and_get_expiry(identity.claims, self.clock.now(), self.trust.skew)
            await access_tokens.check_signature(identity, self.home)
        elif nonce is not None:
            raise build_token_error("The provider sent no ID token.", fix="Let oidc_scope contain openid.")
        # Some providers issue opaque access tokens: then the ID token alone tells who signed in.
        if tokens.access.count(".") == 2 or identity is None:
            grant = await self.verify_token(tokens.access)
            if identity is None:
                return grant
            # OpenID Connect Core, section 5.3.2: tokens of two subjects must not be combined (token substitution).
            if identity.claims.get("sub") != grant.person.subject:
                raise build_token_error("The provider's tokens are of two people.")
            identity_grant = self._build_grant(identity.claims, self.home, ends, tokens.access)
            return replace(grant, person=add_login_names(grant.person, identity_grant.person.login))
        return self._build_grant(identity.claims, self.home, ends, tokens.access)

    async def renew_grant(self, refresh_token: str) -> tuple[Grant, Tokens]:
        """Renew the tokens of a browser session."""
        tokens = await self.flows.exchange_refresh_token(refresh_token, self.trust.client_id)
        return await self.verify_sign_in_tokens(tokens, None), tokens

    async def authenticate_session(self, tenant: str, session_id: str) -> Caller:
        """Return the caller of a browser session; renews it when due."""
        grant = await self.sessions.get_or_renew_grant(tenant, session_id)
        return await self.authorize_grant(grant)


def _build_password_login_disabled_error() -> NotFound:
    return NotFound(
        "Names and passwords are not passed on to the identity provider.",
        fix="Sign in by the browser, or by `agora login`; or set oidc_password_login to on.",
    )


def _read_text_claim(claims: Mapping[str, Any], name: str, longest: int = MAX_NAME_CHARACTERS) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable() else None


def create_sign_on(
    settings: Settings,
    store: Store,
    sealer: Sealer,
    clock: Clock,
    *,
    mint: Callable[[str, str], str],
    known: Collection[str],
) -> SignOn | None:
    """Create single sign-on from the settings; None without a provider. Raises ConfigurationError.

    mint: signs the credential of a browser's session, by its tenant and id.
    """
    trust = Trust.from_settings(settings)
    if trust is None:
        return None
    authority, limit = settings.admin_authority_level, settings.user_concurrency
    daily = settings.user_daily_jobs
    sign_on = SignOn(trust, store, sealer, clock, authority=authority, limit=limit, daily_job_limit=daily, known=known)
    sign_on.sessions.mint = mint
    return sign_on
