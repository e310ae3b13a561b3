"""Sessions of browsers: a person stays signed in for as long as the provider renews what it said.

The credential (``ses_...``) is signed, and names a row; the provider's tokens are sealed in that row. Whoever needs a
session whose token has run out renews it, under a lease of the row, so that a refresh token is used once, whichever server
is asked. A sign-in that is under way is in a sealed cookie of the browser that began it; its session's id comes of its
state, so that it can be finished once.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from pydantic_core import from_json, to_json

from agora.clock import Clock
from agora.core.call import Call, Caller, Person
from agora.store.port import Reader, Row, Store
from agora_sdk.errors import Overloaded, Unauthenticated

from .. import queries as people
from .access_tokens import refuse
from .flows import Tokens, challenge_of

if TYPE_CHECKING:
    from .sign_on import Grant, SignOn

__all__ = ["Begun", "Kept", "SealedState", "Session", "Sessions", "SignedIn", "State", "known_as"]

SECOND: Final = 1_000_000
LIFETIME: Final = 12 * 3600 * SECOND
NAMES: Final = 2  #: of one session at the provider: in the access token, and in the ID token
SIGNING_IN: Final = 600  #: seconds
LEASE: Final = 30 * SECOND
LOOKING: Final = 0.25  #: seconds between looks whether another server has renewed it
ONLY_PATH: Final = "/v1/monitor/"
LONGEST_COOKIE: Final = 2000
LONGEST_NEXT: Final = 300


class Sealer(Protocol):
    """Encrypts what is kept."""

    def seal(self, data: bytes, context: str) -> bytes: ...
    def open(self, sealed: bytes, context: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Begun:
    """A browser is sent to ``url``, and keeps ``cookie`` for so many seconds."""

    url: str
    cookie: str = field(repr=False)
    max_age: int = SIGNING_IN


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser is back. credential: of its session. expires_at: microseconds since 1970. next: where it goes on."""

    credential: str = field(repr=False)
    expires_at: int
    next: str
    name: str


@dataclass(frozen=True, slots=True)
class State:
    """A sign-in under way. since: microseconds since 1970."""

    state: str
    nonce: str
    verifier: str
    next: str
    redirect_uri: str
    since: int

    def parameters(self) -> dict[str, str]:
        """What the provider is told of it."""
        challenge = {"code_challenge": challenge_of(self.verifier), "code_challenge_method": "S256"}
        return {"state": self.state, "nonce": self.nonce, "redirect_uri": self.redirect_uri, **challenge}


class SealedState:
    """Sign-ins under way, each in a cookie of its browser."""

    def __init__(self, sealer: Sealer, clock: Clock) -> None:
        self._sealer, self._clock = sealer, clock

    def new(self, next: str, redirect_uri: str) -> State:
        """A sign-in that begins."""
        safe = (
            next.startswith("/") and next[1:2] not in ("/", "\\") and next.isprintable() and len(next) <= LONGEST_NEXT
        )
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return State(state, nonce, verifier, next if safe else ONLY_PATH, redirect_uri, self._clock.now())

    def seal(self, state: State) -> str:
        """The cookie of a sign-in."""
        sealed = self._sealer.seal(to_json(asdict(state)), "sign-in")
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, cookie: str | None) -> State | None:
        """The sign-in of a cookie; None if it is none, or of long ago."""
        if not cookie or len(cookie) > LONGEST_COOKIE:
            return None
        try:
            sealed = base64.b64decode(cookie + "=" * (-len(cookie) % 4), altchars=b"-_", validate=True)
            state = State(**from_json(self._sealer.open(sealed, "sign-in")))
        except (ValueError, binascii.Error, TypeError):
            return None
        return state if 0 <= self._clock.now() - state.since <= SIGNING_IN * SECOND else None


@dataclass(frozen=True, slots=True)
class Session:
    """A session that begins. refresh, identity: the provider's tokens."""

    session_id: str
    grant: Grant
    refresh: str | None = field(repr=False)
    identity: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """The provider's tokens of a session."""

    refresh: str | None = field(default=None, repr=False)
    identity: str | None = field(default=None, repr=False)


class Sessions:
    """The sessions of people at this server. mint: signs a credential; set where credentials are signed."""

    mint: Callable[[str, str], str]

    def __init__(self, sign_on: SignOn, store: Store, sealer: Sealer, clock: Clock) -> None:
        self._sign_on, self._store, self._sealer, self._clock = sign_on, store, sealer, clock
        self._renewing: dict[str, asyncio.Task[Grant]] = {}

    async def close(self) -> None:
        """Finish what is under way."""
        await asyncio.gather(*self._renewing.values(), return_exceptions=True)

    async def begin(self, caller: Caller, session: Session) -> tuple[str, int]:
        """Keep a session; answers its credential, and when it ends. Raises Unauthenticated for one there was before."""
        now, id = self._clock.now(), session.session_id
        row = (
            caller.tenant,
            id,
            caller.subject,
            _packed(session.grant),
            self._seal(id, Kept(session.refresh, session.identity)),
            now,
            session.grant.ends - self._sign_on.trust.skew,
            0,
            now + LIFETIME,
            None,
        )

        async def work(call: Call) -> None:
            if await call.tx.one(people.locked_session, session_id=id) is not None:
                raise refuse("This sign-in was finished before.", fix="Begin again.")
            call.tx.append(people.SESSIONS, row)
            call.target = caller.subject

        await self._sign_on.system(caller.tenant, work, label="agora.auth.sign_in")
        return self.mint(caller.tenant, id), now + LIFETIME

    async def kept(self, tenant: str, session_id: str) -> Kept:
        """The provider's tokens of a session."""
        row = await self._row(tenant, session_id)
        return Kept() if row is None else self._open(row)

    async def grant(self, tenant: str, session_id: str) -> Grant:
        """What a session gives now. Raises Unauthenticated when it is over, UpstreamUnavailable."""
        row = _alive(await self._row(tenant, session_id), self._clock.now())
        if row["fresh_until"] > self._clock.now():
            return _unpacked(row)
        return await asyncio.shield(self._renewal(tenant, session_id))

    def _renewal(self, tenant: str, session_id: str) -> asyncio.Task[Grant]:
        """The one renewal of a session that this server is at."""
        task = self._renewing.get(session_id)
        if task is None:
            task = self._renewing[session_id] = asyncio.create_task(self._renew(tenant, session_id))

            def over(done: asyncio.Task[Grant]) -> None:
                del self._renewing[session_id]
                if not done.cancelled():
                    done.exception()

            task.add_done_callback(over)
        return task

    async def _renew(self, tenant: str, session_id: str) -> Grant:
        for _ in range(int(LEASE / SECOND / LOOKING)):
            row = await self._leased(tenant, session_id)
            if row is None:  # another server is at it
                await asyncio.sleep(LOOKING)
            elif row["fresh_until"] > self._clock.now():
                return _unpacked(row)
            else:
                return await self._renewed(tenant, row)
        raise Overloaded("The session is being renewed.", fix="Try again in a moment.", retry_after=2)

    async def _leased(self, tenant: str, session_id: str) -> Row | None:
        """The session's row, to be renewed by us unless it is fresh; None while it is another's."""

        async def work(call: Call) -> Row | None:
            row = _alive(await call.tx.one(people.locked_session, session_id=session_id), call.now)
            if row["fresh_until"] > call.now:
                return row
            if row["renewing_until"] > call.now:
                return None
            await call.tx.execute(people.lease, session_id=session_id, until=call.now + LEASE)
            return row

        return await self._sign_on.system(tenant, work, label="session.lease")

    async def _renewed(self, tenant: str, row: Row) -> Grant:
        session_id, kept = row["session_id"], self._open(row)
        try:
            if kept.refresh is None:
                raise refuse("The session has ended: the provider renews nothing.")
            before = _unpacked(row)
            await self._sign_on.check_login(before)
            grant, tokens = await self._sign_on.renew(kept.refresh)
            if (grant.tenant, grant.person.subject) != (before.tenant, before.person.subject):
                raise refuse("The provider renewed the session for somebody else.")
            grant = replace(grant, person=known_as(grant.person, before.person.login))  # it may leave names out
        except Unauthenticated as error:
            await self._write(tenant, people.end_session, session_id=session_id, now=self._clock.now())
            raise refuse("The session has ended at the identity provider.", fix="Sign in again.") from error
        except BaseException:
            await self._write(tenant, people.release, session_id=session_id)
            raise
        await self._write(
            tenant,
            people.renewed,
            session_id=session_id,
            person=_packed(grant),
            secrets=self._seal(session_id, _after(kept, tokens)),
            fresh_until=grant.ends - self._sign_on.trust.skew,
        )
        return _named(grant, row)

    async def _write(self, tenant: str, write: Any, **parameters: Any) -> None:
        async def work(call: Call) -> None:
            await call.tx.execute(write, **parameters)

        await self._sign_on.system(tenant, work, label="session.renew")

    async def _row(self, tenant: str, session_id: str) -> Row | None:
        async def look_up(reader: Reader) -> Row | None:
            return await reader.one(people.session, session_id=session_id)

        return await self._store.read(tenant, look_up)

    def _seal(self, session_id: str, kept: Kept) -> bytes:
        return self._sealer.seal(to_json(asdict(kept)), session_id)

    def _open(self, row: Row) -> Kept:
        try:
            return Kept(**from_json(self._sealer.open(bytes(row["secrets"]), row["session_id"])))
        except ValueError:  # sealed with a key that the server has not any more
            return Kept()


def _after(kept: Kept, tokens: Tokens) -> Kept:
    """What is kept after a renewal: a provider may leave out what stays as it is."""
    return Kept(tokens.refresh or kept.refresh, tokens.identity or kept.identity)


def known_as(person: Person, login: Sequence[str]) -> Person:
    """Somebody whose session at the provider goes by those names, too; by two at most, the newest first."""
    token, *sessions = *person.login, *login[1:]
    return replace(person, login=(token, *list(dict.fromkeys(sessions))[:NAMES]))


def _alive(row: Row | None, now: int) -> Row:
    if row is None or row["ended_at"] is not None or row["expires_at"] <= now:
        raise refuse("The session has ended.", fix="Sign in again.")
    return row


def _packed(grant: Grant) -> str:
    return to_json(asdict(grant)).decode()


def _unpacked(row: Row) -> Grant:
    from .sign_on import Grant

    found: dict[str, Any] = from_json(row["person"])
    person = found["person"] | {name: tuple(found["person"][name]) for name in ("roles", "login")}
    return _named(Grant(found["tenant"], Person(**person), found["asked"], found["ends"]), row)


def _named(grant: Grant, row: Row) -> Grant:
    """A grant as a session's: it ends with what the provider said, and nothing but the session ends it before."""
    person = replace(grant.person, session_id=row["session_id"])
    return replace(grant, person=person, ends=min(grant.ends, row["expires_at"]))
