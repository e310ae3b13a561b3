"""Grants of upstreams' authorization servers: stored encrypted, cached briefly, and each renewed once across servers.

An authorization server that rotates refresh tokens accepts each of them once: if two servers used the same one, the
grant would be lost. Therefore a renewal is first claimed in the grant's row; servers without the claim wait for the
next generation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, Protocol, TypeVar

from pydantic_core import from_json, to_json

from agora.clock import SECOND, Clock
from agora.core.call import Call
from agora.core.lazy import Lazy
from agora.core.ports import Port
from agora.net.egress_policy import EgressPolicy
from agora.net.sealing import Sealer
from agora.store.port import Store
from agora_sdk.errors import AgoraError, UpstreamUnavailable

from ..port import Endpoint
from . import queries as statements
from .authorization import SHARED_SUBJECT, Grant
from .challenge import Challenge
from .http import OAuthHttpClient
from .records import UpstreamGrantRow
from .token_requests import GrantRefused, OAuthClient, Tokens, request_tokens, revoke_token

__all__ = ["UPSTREAM_GRANTS", "GrantTokens", "UpstreamGrants", "build_grant"]

T = TypeVar("T")
KEY_LABEL: Final = "upstream.oauth"
# Changes on other servers arrive as events (jobs.receive_committed_events); this only bounds how long a missed one lasts.
CACHE_SECONDS: Final = 30
RENEW_BEFORE_SECONDS: Final = 30  #: a token is renewed so long before its expiry
LEASE_SECONDS: Final = 45  #: lease of the server that renews a grant: longer than its requests can take
POLL_SECONDS: Final = 0.2

#: lazy, because that module imports this one
MACHINE_GRANT: Lazy[Callable[..., Coroutine[Any, Any, Grant]]] = Lazy(
    "agora.domains.mcp_upstreams.oauth.flow:request_machine_grant"
)

Key = tuple[str, str, str]  #: tenant, upstream id, subject


class SystemTransaction(Protocol):
    """Runs work in a transaction of the system."""

    async def __call__(
        self, tenant: str, work: Callable[[Call], Coroutine[Any, Any, T]], *, label: str = KEY_LABEL
    ) -> T: ...


class UpstreamGrants:
    """Manages the grants. system: set once the dispatcher exists."""

    system: SystemTransaction

    def __init__(self, store: Store, sealer: Sealer, clock: Clock) -> None:
        self._store, self._sealer, self.clock = store, sealer, clock
        self._cache: dict[Key, tuple[Grant | None, int]] = {}
        self._locks: dict[Key, asyncio.Lock] = {}

    def open_oauth_client(self, endpoint: Endpoint) -> OAuthHttpClient:
        """Open an HTTP client for the authorization server of an upstream, under the upstream's egress policy."""
        policy = EgressPolicy(private=endpoint.private)
        return OAuthHttpClient(policy, private=endpoint.private)

    # -- sealed documents ------------------------------------------------------------------------

    def seal(self, document: Mapping[str, Any], upstream_id: str, kind: str) -> bytes:
        """Encrypt a document for the store. kind: authenticated with it, so that documents cannot be swapped."""
        return self._sealer.seal(to_json(dict(document)), f"{upstream_id}:{kind}")

    def unseal(self, sealed: bytes, upstream_id: str, kind: str) -> dict[str, Any]:
        """Decrypt a document. Raises UpstreamUnavailable if it was encrypted with another key."""
        try:
            document: dict[str, Any] = from_json(self._sealer.open(bytes(sealed), f"{upstream_id}:{kind}"))
        except ValueError:
            raise UpstreamUnavailable(
                "The authorization of the upstream cannot be decrypted: the server's signing key has changed.",
                fix="Authorize it again.",
            ) from None
        return document

    def decrypt_grant(self, row: UpstreamGrantRow) -> Grant:
        """Decrypt a stored grant. Raises UpstreamUnavailable."""
        tokens = self.unseal(row.tokens, row.upstream_id, f"grant:{row.subject}")
        return Grant(row.issuer, row.scope, tokens, row.expires_at, row.generation)

    # -- the store -------------------------------------------------------------------------------

    async def store_grant(self, call: Call, upstream_id: str, subject: str, grant: Grant) -> None:
        """Store a grant within a call, replacing an earlier one."""
        await call.tx.execute(
            statements.upsert_grant,
            upstream_id=upstream_id,
            subject=subject,
            issuer=grant.issuer,
            scope=grant.scope,
            tokens=self.seal(grant.tokens, upstream_id, f"grant:{subject}"),
            expires_at=grant.expires_at,
            now=call.now,
        )
        self._cache.pop((call.caller.tenant, upstream_id, subject), None)

    async def read_grant(self, endpoint: Endpoint, subject: str, *, cached: bool = False) -> Grant | None:
        """Read the grant of a subject; None if there is none. cached: allow a value up to 30 s old."""
        key = (*endpoint.key, subject)
        now = self.clock.now()
        # A negative age: the clock was set back, and the entry would seem fresh for too long.
        if cached and key in self._cache and 0 <= now - self._cache[key][1] < CACHE_SECONDS * SECOND:
            return self._cache[key][0]

        row = await self._store.read(
            endpoint.tenant,
            lambda reader: reader.one(statements.select_grant, upstream_id=endpoint.upstream_id, subject=subject),
        )
        grant = self.decrypt_grant(row) if row is not None else None
        self._cache[key] = (grant, now)
        return grant

    def forget_cached_grants(self, tenant: str) -> None:
        """Invalidate a tenant's cached grants after a change."""
        for key in [key for key in self._cache if key[0] == tenant]:
            del self._cache[key]
        # A lock that is held stays: another one under its key would let a second renewal begin.
        self._locks = {key: lock for key, lock in self._locks.items() if lock.locked()}

    # -- tokens ----------------------------------------------------------------------------------

    async def get_or_renew_token(self, endpoint: Endpoint, subject: str) -> str | None:
        """Find a valid access token; None if a person has to authorize. Raises UpstreamUnavailable."""
        grant = await self.read_grant(endpoint, subject, cached=True)
        if grant is None:
            return await self._renew_token(endpoint, subject, 0, None) if endpoint.oauth_mode == "machine" else None
        if not self._ends_soon(grant):
            return str(grant.tokens["access"])
        try:
            return await self._renew_token(endpoint, subject, grant.generation, None)
        except UpstreamUnavailable:
            if grant.expires_at is not None and grant.expires_at > self.clock.now():
                return str(grant.tokens["access"])  # still valid for some seconds
            raise

    async def renew_rejected_token(
        self, endpoint: Endpoint, subject: str, rejected: str | None, challenge: Challenge
    ) -> str | None:
        """Find a token other than the rejected one; None if a person has to authorize. Raises UpstreamUnavailable."""
        grant = await self.read_grant(endpoint, subject)
        if grant is not None and grant.tokens["access"] != rejected:
            return str(grant.tokens["access"])
        machine = endpoint.oauth_mode == "machine"
        if (grant is None or challenge.status == 403) and not machine:
            return None  # a refresh cannot extend the granted scope
        return await self._renew_token(endpoint, subject, grant.generation if grant is not None else 0, challenge)

    def _ends_soon(self, grant: Grant) -> bool:
        return grant.expires_at is not None and grant.expires_at <= self.clock.now() + RENEW_BEFORE_SECONDS * SECOND

    async def _renew_token(
        self, endpoint: Endpoint, subject: str, generation: int, challenge: Challenge | None
    ) -> str | None:
        """Return the token of a later generation, renewing the grant if needed."""
        # Within this server, by a lock; across servers, by the claim in the row.
        async with self._locks.setdefault((*endpoint.key, subject), asyncio.Lock()):
            # Longer than a lease: by then, the claim of a server that died while it renewed has expired.
            until = self.clock.now() + (LEASE_SECONDS + 5) * SECOND
            while self.clock.now() < until:
                grant = await self.read_grant(endpoint, subject)
                if grant is not None and grant.generation > generation:
                    return str(grant.tokens["access"])
                if grant is None:
                    return await self._request_and_save_machine_grant(endpoint, challenge, "")
                if await self.claim_renewal(endpoint, subject, grant):
                    return await self._refresh_grant(endpoint, subject, grant, challenge)
                await asyncio.sleep(POLL_SECONDS)
        raise UpstreamUnavailable(f"The authorization of {endpoint.name} is being renewed.", retry_after=1)

    async def claim_renewal(self, endpoint: Endpoint, subject: str, grant: Grant) -> bool:
        async def claim_row(call: Call) -> bool:
            return bool(
                await call.tx.execute(
                    statements.claim_refresh,
                    upstream_id=endpoint.upstream_id,
                    subject=subject,
                    generation=grant.generation,
                    now=call.now,
                    until=call.now + LEASE_SECONDS * SECOND,
                )
            )

        return await self.system(endpoint.tenant, claim_row, label=KEY_LABEL)

    async def _request_and_save_machine_grant(
        self, endpoint: Endpoint, challenge: Challenge | None, scope: str
    ) -> str | None:
        if endpoint.oauth_mode != "machine":
            return None
        grant = await MACHINE_GRANT.get()(self, endpoint, challenge, scope)
        await self._save_grant(endpoint, SHARED_SUBJECT, grant)
        return str(grant.tokens["access"])

    async def _refresh_grant(
        self, endpoint: Endpoint, subject: str, grant: Grant, challenge: Challenge | None
    ) -> str | None:
        """Renew a grant after claiming its renewal. A refusal ends the grant."""
        try:
            if endpoint.oauth_mode == "machine":
                return await self._request_and_save_machine_grant(endpoint, challenge, grant.scope)
            if grant.tokens.get("refresh") is None:
                raise GrantRefused("There is no refresh token.")
            tokens = await _request_refresh(self.open_oauth_client(endpoint), grant)
        except GrantRefused:
            await self._delete_grant_and_emit(endpoint, subject, grant)
            return None
        except BaseException as error:
            # Otherwise nobody could renew until the claim expires.
            await asyncio.shield(self._release_renewal(endpoint, subject, grant))
            if isinstance(error, AgoraError) and not isinstance(error, UpstreamUnavailable):
                raise UpstreamUnavailable(error.detail, fix=error.fix, retry_after=5) from None
            raise
        renewed = build_grant(tokens, grant.issuer, grant.scope, grant.tokens, self.clock.now())
        # Shielded: the old refresh token is used up, so the new one must be stored even if the caller is cancelled.
        await asyncio.shield(self._save_grant(endpoint, subject, renewed))
        return tokens.access

    async def _save_grant(self, endpoint: Endpoint, subject: str, grant: Grant) -> None:
        await self.system(
            endpoint.tenant, lambda call: self.store_grant(call, endpoint.upstream_id, subject, grant), label=KEY_LABEL
        )
        # Again, after the commit: a read in between may have cached the grant before.
        self._cache.pop((*endpoint.key, subject), None)

    async def _delete_grant_and_emit(self, endpoint: Endpoint, subject: str, grant: Grant) -> None:
        key = {"upstream_id": endpoint.upstream_id, "subject": subject, "generation": grant.generation}

        async def delete_grant_row(call: Call) -> None:
            # Only this generation: a person may have authorized again meanwhile.
            if await call.tx.execute(statements.delete_grant_generation, **key):
                data = {"upstream_id": endpoint.upstream_id, "name": endpoint.name, "subject": subject}
                audience = (subject,) if subject else None
                call.emit("agora.upstream.deauthorized", data, subject=endpoint.upstream_id, audience=audience)

        await self.system(endpoint.tenant, delete_grant_row, label=KEY_LABEL)
        self._cache.pop((*endpoint.key, subject), None)

    async def _release_renewal(self, endpoint: Endpoint, subject: str, grant: Grant) -> None:
        key = {"upstream_id": endpoint.upstream_id, "subject": subject, "generation": grant.generation}

        async def release_row(call: Call) -> None:
            await call.tx.execute(statements.release_refresh, **key)

        await self.system(endpoint.tenant, release_row, label=KEY_LABEL)

    async def request_and_store_machine_grant(self, endpoint: Endpoint) -> None:
        """Get the shared grant by client credentials. Raises UpstreamFailed, UpstreamUnavailable."""
        await self._request_and_save_machine_grant(endpoint, None, "")

    # -- authorization ---------------------------------------------------------------------------

    async def wait_for_grant(self, endpoint: Endpoint, subject: str, generation: int, seconds: float) -> bool:
        """Wait for a grant of another generation (0: none). Returns whether it arrived in time."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    grant = await self.read_grant(endpoint, subject)
                    if grant is not None and grant.generation != generation:
                        return True
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            return False

    async def revoke_grant(self, endpoint: Endpoint, grant: Grant) -> bool:
        """Revoke a grant at its authorization server. Returns whether the server did."""
        revocation_endpoint, token = (
            grant.tokens.get("revocation_endpoint"),
            grant.tokens.get("refresh") or grant.tokens["access"],
        )
        if revocation_endpoint is None:
            return False
        hint = "refresh_token" if grant.tokens.get("refresh") else "access_token"
        try:
            return await revoke_token(
                self.open_oauth_client(endpoint),
                revocation_endpoint,
                OAuthClient(**grant.tokens["client"]),
                token,
                hint,
            )
        except AgoraError:
            return False


class GrantTokens:
    """Tokens of one subject for one upstream: :class:`.authorization.AccessTokens`."""

    def __init__(self, grants: UpstreamGrants, endpoint: Endpoint, subject: str) -> None:
        self._grants, self._endpoint, self._subject = grants, endpoint, subject

    async def current_token(self) -> str | None:
        """Return the token to send; None if there is none. Raises UpstreamUnavailable."""
        return await self._grants.get_or_renew_token(self._endpoint, self._subject)

    async def renew_token(self, rejected: str | None, challenge: Challenge) -> str | None:
        """Return a token other than the rejected one; None if a person has to authorize. Raises UpstreamUnavailable."""
        return await self._grants.renew_rejected_token(self._endpoint, self._subject, rejected, challenge)


def build_grant(tokens: Tokens, issuer: str, scope: str, refresh_context: Mapping[str, Any], now: int) -> Grant:
    """Build a grant from a token response. scope: requested. refresh_context: the context of a refresh.

    If the response has no refresh token, the previous one remains valid.
    """
    document = {**refresh_context, "access": tokens.access, "refresh": tokens.refresh or refresh_context.get("refresh")}
    expires_at = now + tokens.expires_in * SECOND if tokens.expires_in is not None else None
    return Grant(issuer, tokens.scope if tokens.scope is not None else scope, document, expires_at)


async def _request_refresh(http: OAuthHttpClient, grant: Grant) -> Tokens:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": grant.tokens["refresh"],
        "resource": grant.tokens["resource"],
    }
    return await request_tokens(http, grant.tokens["token_endpoint"], OAuthClient(**grant.tokens["client"]), form)


UPSTREAM_GRANTS: Port[UpstreamGrants] = Port("grants of upstreams' authorization servers")
