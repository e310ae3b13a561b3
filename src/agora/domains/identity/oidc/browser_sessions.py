"""Browser sessions: a user stays signed in for as long as the provider renews the tokens.

The credential (``ses_...``) is signed, and names a row; the provider's tokens are sealed in that row. A request with an
expired access token renews it under a lease of the row, so that a refresh token is used once among all servers. A
sign-in in progress is stored in a sealed cookie of the browser that began it; the session's id is derived from its
state, so that it can be finished once.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import asdict, field, replace
from typing import Any, Final, Protocol, TypeVar

from pydantic_core import from_json, to_json

from agora.clock import SECOND, Clock
from agora.core.call import Call, Caller, Person
from agora.core.pkce import compute_pkce_challenge
from agora.domains.identity.records import SESSIONS, UserSessionRow
from agora.net.sealing import Sealer
from agora.store.port import Store
from agora.value_classes import value_class
from agora_sdk.errors import Overloaded, Unauthenticated

from .. import queries as people
from .access_tokens import build_token_error
from .configuration import Trust
from .flows import Tokens

__all__ = [
    "BrowserSessions",
    "Grant",
    "ProviderTokens",
    "Session",
    "SignInCookies",
    "SignInRedirect",
    "SignInState",
    "SignedIn",
    "SystemTransaction",
    "add_login_names",
]

T = TypeVar("T")

LIFETIME: Final = 12 * 3600 * SECOND
NAMES_PER_SESSION: Final = 2  #: of one session at the provider: in the access token, and in the ID token
SIGN_IN_SECONDS: Final = 600  #: seconds
# As long as a renewal takes at worst (three requests of 10 s), else two servers would use one refresh token.
LEASE: Final = 30 * SECOND
POLL_SECONDS: Final = 0.25  #: seconds between checks whether another server has renewed it
ONLY_PATH: Final = "/v1/monitor/"
MAX_COOKIE_CHARACTERS: Final = 2000
MAX_NEXT_CHARACTERS: Final = 300


@value_class
class Grant:
    """Identity and scopes of a verified token. asked: requested scopes. ends: microseconds since 1970."""

    tenant: str
    person: Person
    asked: str
    ends: int


@value_class
class SignInRedirect:
    """Redirect of a browser to ``url`` with a ``cookie`` and its lifetime in seconds."""

    url: str
    cookie: str = field(repr=False)
    max_age: int = SIGN_IN_SECONDS


@value_class
class SignedIn:
    """A completed sign-in. credential: of its session. expires_at: microseconds since 1970. next: URL to continue at."""

    credential: str = field(repr=False)
    expires_at: int
    next: str
    name: str


@value_class
class SignInState:
    """A sign-in in progress. since: microseconds since 1970."""

    state: str
    nonce: str
    verifier: str
    next: str
    redirect_uri: str
    since: int

    def request_parameters(self) -> dict[str, str]:
        """Parameters of the authorization request to the provider."""
        challenge = {"code_challenge": compute_pkce_challenge(self.verifier), "code_challenge_method": "S256"}
        return {"state": self.state, "nonce": self.nonce, "redirect_uri": self.redirect_uri, **challenge}


class SignInCookies:
    """State of sign-ins in progress, encrypted in a cookie of the browser."""

    def __init__(self, sealer: Sealer, clock: Clock) -> None:
        self._sealer, self._clock = sealer, clock

    def build_sign_in_state(self, next: str, redirect_uri: str) -> SignInState:
        """Start a sign-in."""
        safe = (
            next.startswith("/")
            # Browsers read "//host" and "/\host" as the address of another server.
            and next[1:2] not in ("/", "\\")
            and next.isprintable()
            and len(next) <= MAX_NEXT_CHARACTERS
        )
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return SignInState(state, nonce, verifier, next if safe else ONLY_PATH, redirect_uri, self._clock.now())

    def encrypt_state(self, state: SignInState) -> str:
        """Encrypt a sign-in as a cookie."""
        sealed = self._sealer.seal(to_json(asdict(state)), "sign-in")
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def decrypt_state_or_none(self, cookie: str | None) -> SignInState | None:
        """Decrypt the sign-in of a cookie; None if it is invalid or expired."""
        if not cookie or len(cookie) > MAX_COOKIE_CHARACTERS:
            return None
        try:
            sealed = base64.b64decode(cookie + "=" * (-len(cookie) % 4), altchars=b"-_", validate=True)
            state = SignInState(**from_json(self._sealer.open(sealed, "sign-in")))
        except (ValueError, binascii.Error, TypeError):
            return None
        return state if 0 <= self._clock.now() - state.since <= SIGN_IN_SECONDS * SECOND else None


@value_class
class Session:
    """A new session. refresh, identity: the provider's tokens."""

    session_id: str
    grant: Grant
    refresh: str | None = field(repr=False)
    identity: str | None = field(repr=False)


@value_class
class ProviderTokens:
    """The provider's tokens of a session; None for what it did not issue."""

    refresh: str | None = field(default=None, repr=False)
    identity: str | None = field(default=None, repr=False)


class SystemTransaction(Protocol):
    """Runs work in a transaction as the system."""

    def __call__(
        self, tenant: str, work: Callable[[Call], Coroutine[Any, Any, T]], /, *, label: str = ...
    ) -> Awaitable[T]: ...


class GrantVerifier(Protocol):
    """The interface of ``SignOn`` used by sessions."""

    @property
    def trust(self) -> Trust: ...
    @property
    def system(self) -> SystemTransaction: ...
    async def check_not_logged_out(self, grant: Grant) -> None: ...
    async def renew_grant(self, refresh_token: str) -> tuple[Grant, Tokens]: ...


class BrowserSessions:
    """The sessions of people at this server. mint: signs a credential; set where credentials are signed."""

    mint: Callable[[str, str], str]

    def __init__(self, sign_on: GrantVerifier, store: Store, sealer: Sealer, clock: Clock) -> None:
        self._sign_on, self._store, self._sealer, self._clock = sign_on, store, sealer, clock
        self._renewing: dict[str, asyncio.Task[Grant]] = {}

    async def close(self) -> None:
        """Wait for running renewals."""
        await asyncio.gather(*self._renewing.values(), return_exceptions=True)

    async def store_new_session(self, caller: Caller, session: Session) -> tuple[str, int]:
        """Store a session. Returns its credential and end. Raises Unauthenticated if it existed before."""
        now, id = self._clock.now(), session.session_id
        row = UserSessionRow(
            tenant_id=caller.tenant,
            session_id=id,
            user_id=caller.subject,
            person=_encode_grant(session.grant),
            secrets=self._encrypt_tokens(id, ProviderTokens(session.refresh, session.identity)),
            created_at=now,
            # ``ends`` includes the tolerated clock skew: without it, a session is renewed before the provider refuses
            # its token.
            fresh_until=session.grant.ends - self._sign_on.trust.skew,
            renewing_until=0,
            expires_at=now + LIFETIME,
            ended_at=None,
        )

        async def store_session(call: Call) -> None:
            # The id is derived from the state: a replayed callback finds the session of the first.
            if await call.tx.one(people.lock_session, session_id=id) is not None:
                raise build_token_error("This sign-in was finished before.", fix="Begin again.")
            call.tx.append(SESSIONS, row)
            call.target = caller.subject

        await self._sign_on.system(caller.tenant, store_session, label="agora.auth.sign_in")
        return self.mint(caller.tenant, id), now + LIFETIME

    async def read_provider_tokens(self, tenant: str, session_id: str) -> ProviderTokens:
        """Read the provider's tokens of a session."""
        row = await self._find_session_row(tenant, session_id)
        return ProviderTokens() if row is None else self._decrypt_tokens(row)

    async def get_or_renew_grant(self, tenant: str, session_id: str) -> Grant:
        """Read the grant of a session. Raises Unauthenticated if it has ended, UpstreamUnavailable."""
        row = _require_active_session(await self._find_session_row(tenant, session_id), self._clock.now())
        if row.fresh_until > self._clock.now():
            return _decode_session_grant(row)
        # Shielded: others may wait for the same renewal, and a refresh token that was sent may be used up.
        return await asyncio.shield(self._join_or_start_renewal(tenant, session_id))

    def _join_or_start_renewal(self, tenant: str, session_id: str) -> asyncio.Task[Grant]:
        """Return the running renewal of a session, or start it: one per session and server."""
        task = self._renewing.get(session_id)
        if task is None:
            task = self._renewing[session_id] = asyncio.create_task(self._renew_or_await_session(tenant, session_id))

            def forget_renewal(finished: asyncio.Task[Grant]) -> None:
                # A callback of the task and not its finally: a task that is cancelled before its first step never runs one.
                del self._renewing[session_id]
                if not finished.cancelled():
                    # Retrieved, so that asyncio does not report it when every caller has left.
                    finished.exception()

            task.add_done_callback(forget_renewal)
        return task

    async def _renew_or_await_session(self, tenant: str, session_id: str) -> Grant:
        for _ in range(int(LEASE / SECOND / POLL_SECONDS)):
            row = await self._lease_session_unless_fresh(tenant, session_id)
            if row is None:  # another server is renewing it
                await asyncio.sleep(POLL_SECONDS)
            # Another server or task has renewed it while this one waited.
            elif row.fresh_until > self._clock.now():
                return _decode_session_grant(row)
            else:
                return await self._renew_leased_or_end_session(tenant, row)
        raise Overloaded("The session is being renewed.", fix="Try again in a moment.", retry_after=2)

    async def _lease_session_unless_fresh(self, tenant: str, session_id: str) -> UserSessionRow | None:
        """Lease the session's row for renewal unless it is fresh; None while another server holds it."""

        async def take_lease(call: Call) -> UserSessionRow | None:
            row = _require_active_session(await call.tx.one(people.lock_session, session_id=session_id), call.now)
            if row.fresh_until > call.now:
                return row
            if row.renewing_until > call.now:
                return None
            await call.tx.execute(people.lease_session_renewal, session_id=session_id, until=call.now + LEASE)
            return row

        return await self._sign_on.system(tenant, take_lease, label="session.lease")

    async def _renew_leased_or_end_session(self, tenant: str, row: UserSessionRow) -> Grant:
        session_id, stored_tokens = row.session_id, self._decrypt_tokens(row)
        try:
            if stored_tokens.refresh is None:
                raise build_token_error("The session has ended: the provider renews nothing.")
            previous_grant = _decode_session_grant(row)
            # First: a session that was logged out must not use up a refresh token.
            await self._sign_on.check_not_logged_out(previous_grant)
            grant, tokens = await self._sign_on.renew_grant(stored_tokens.refresh)
            # OpenID Connect Core, section 12.2: the subject of a refreshed ID token must be the same.
            if (grant.tenant, grant.person.subject) != (previous_grant.tenant, previous_grant.person.subject):
                raise build_token_error("The provider renewed the session for another user.")
            grant = replace(
                grant, person=add_login_names(grant.person, previous_grant.person.login)
            )  # it may leave names out
        except Unauthenticated as error:
            await self._write_in_transaction(tenant, people.end_session, session_id=session_id, now=self._clock.now())
            raise build_token_error("The session has ended at the identity provider.", fix="Sign in again.") from error
        # Also for a cancellation: the lease would block other servers for its whole time.
        except BaseException:
            await self._write_in_transaction(tenant, people.release_session_renewal, session_id=session_id)
            raise
        await self._write_in_transaction(
            tenant,
            people.store_renewed_session,
            session_id=session_id,
            person=_encode_grant(grant),
            secrets=self._encrypt_tokens(session_id, _merge_tokens(stored_tokens, tokens)),
            fresh_until=grant.ends - self._sign_on.trust.skew,
        )
        return _bind_to_session(grant, row)

    async def _write_in_transaction(self, tenant: str, write: Any, **parameters: Any) -> None:
        async def write_in_transaction(call: Call) -> None:
            await call.tx.execute(write, **parameters)

        await self._sign_on.system(tenant, write_in_transaction, label="session.renew")

    async def _find_session_row(self, tenant: str, session_id: str) -> UserSessionRow | None:
        return await self._store.read(tenant, lambda reader: reader.one(people.select_session, session_id=session_id))

    def _encrypt_tokens(self, session_id: str, tokens: ProviderTokens) -> bytes:
        return self._sealer.seal(to_json(asdict(tokens)), session_id)

    def _decrypt_tokens(self, row: UserSessionRow) -> ProviderTokens:
        try:
            return ProviderTokens(**from_json(self._sealer.open(bytes(row.secrets), row.session_id)))
        except ValueError:  # encrypted with a key that the server no longer has
            return ProviderTokens()


def _merge_tokens(previous: ProviderTokens, tokens: Tokens) -> ProviderTokens:
    """Merge renewed tokens with the earlier ones: a provider may omit unchanged members."""
    return ProviderTokens(tokens.refresh or previous.refresh, tokens.identity or previous.identity)


def add_login_names(person: Person, login: Sequence[str]) -> Person:
    """Add the names of a login at the provider to a caller; at most two, the newest first."""
    token, *sessions = *person.login, *login[1:]
    return replace(person, login=(token, *list(dict.fromkeys(sessions))[:NAMES_PER_SESSION]))


def _require_active_session(row: UserSessionRow | None, now: int) -> UserSessionRow:
    if row is None or row.ended_at is not None or row.expires_at <= now:
        raise build_token_error("The session has ended.", fix="Sign in again.")
    return row


def _encode_grant(grant: Grant) -> str:
    return to_json(asdict(grant)).decode()


def _decode_session_grant(row: UserSessionRow) -> Grant:
    document: dict[str, Any] = from_json(row.person)
    person = document["person"] | {name: tuple(document["person"][name]) for name in ("roles", "login")}
    return _bind_to_session(Grant(document["tenant"], Person(**person), document["asked"], document["ends"]), row)


def _bind_to_session(grant: Grant, row: UserSessionRow) -> Grant:
    """Bind a grant to a session: it ends with the session or at the provider's expiry."""
    person = replace(grant.person, session_id=row.session_id)
    return replace(grant, person=person, ends=min(grant.ends, row.expires_at))
