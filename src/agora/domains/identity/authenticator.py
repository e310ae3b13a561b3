"""The authenticator: resolves a credential to a caller.

Verified credentials are cached for a short time; an event that changes a caller (deregistered, updated,
revoked) drops it from the cache at once.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic_core import from_json

from agora.clock import Clock
from agora.core import scopes
from agora.core.call import Caller
from agora.domains.tenants.service import ADMINISTRATIVE_TENANT, is_installation_operator
from agora.settings import Settings
from agora.store.port import Reader, Store, StoredEvent
from agora_sdk.errors import NotFound, PermissionDenied, Unauthenticated

from . import credential_queries as credentials
from .ended_sessions import EndedSessions
from .records import TenantStatusRow
from .signing import MAX_CREDENTIAL_CHARACTERS, TASK_TOKEN_PREFIX, Signer
from .task_tokens import authenticate_task_token

if TYPE_CHECKING:
    from .oidc.sign_on import SignOn

__all__ = ["Authenticator"]

MAX_TENANT_CHARACTERS = 63  # characters
DELETED_STATES = ("deleting", "deleted")  # of a tenant
# Bounds how long a change is missed whose event did not reach this server.
CACHE_SECONDS = 30.0
CACHE_SIZE = 10_000
JWT_PREFIX = "eyJ"  # how a JSON object begins in base64url
CACHE_CLEARING_EVENTS = (
    "agora.agent.",
    "agora.token.",
    "agora.override.",
    "agora.user.",
    "agora.session.",
    "agora.tenant.",
)


class Authenticator:
    """Resolves credentials to callers. Raises Unauthenticated for invalid ones.

    sign_on: where people of identity providers are known; None without any. ended: which sessions of the monitor have.
    """

    def __init__(self, store: Store, signer: Signer, settings: Settings, clock: Clock, admin_token: str) -> None:
        self._store, self._signer, self._settings, self._clock = store, signer, settings, clock
        self._admin_digest = signer.compute_digest(admin_token)
        self._static = _build_static_callers(settings, signer)
        self._cache: dict[str, tuple[Caller, float]] = {}
        self._changes = 0
        self.ended = EndedSessions(store)
        self.sign_on: SignOn | None = None
        authority = settings.admin_authority_level
        self.operator = Caller("default", "operator", "operator", "operator", scopes.ALL_SCOPES, authority=authority)
        self._local_operator = replace(self.operator, has_credential=False)
        self.anonymous = Caller(
            "default", "anonymous", "anonymous", "anonymous", scopes.ANONYMOUS, has_credential=False
        )
        self.newcomer = Caller("default", "anonymous", "anonymous", "enrolment", scopes.ENROLMENT, has_credential=False)

    def find_cached_or_anonymous_caller(self, credential: str | None, *, local: bool) -> Caller | None:
        """Return the caller if it is cached."""
        if credential is None:
            if local:
                return self._local_operator
            return self.newcomer if self._settings.open_registration else self.anonymous
        entry = self._cache.get(credential)
        if entry is None or entry[1] < time.monotonic():
            return None
        caller = entry[0]
        # No event tells that a credential expires, so the cache must not outlive it.
        return None if caller.expires_at is not None and caller.expires_at <= self._clock.now() else caller

    async def authenticate(self, credential: str | None, *, local: bool = False) -> Caller:
        """Return the caller of a credential; without one, the anonymous or local caller of the address."""
        caller = self.find_cached_or_anonymous_caller(credential, local=local)
        if caller is None:
            assert credential is not None
            # Read before the row: an event that arrives during the read makes its result outdated.
            version = self._changes
            caller = await self._verify_credential(credential)
            # The home tenant cannot be suspended or deleted, so its callers need no look-up.
            if caller.tenant != ADMINISTRATIVE_TENANT:
                await self._check_tenant_served(caller.tenant)
            # A task token ends with its task's lease, which is no event of those that drop cached callers.
            if version == self._changes and not credential.startswith(
                TASK_TOKEN_PREFIX
            ):  # otherwise the data just read may be outdated
                if len(self._cache) >= CACHE_SIZE:
                    self._cache.clear()
                self._cache[credential] = (caller, time.monotonic() + CACHE_SECONDS)
        return caller

    async def act_in_tenant(self, caller: Caller, tenant: str) -> Caller:
        """Return the caller acting in a named tenant: its own, or any tenant for an operator of the installation.

        Raises PermissionDenied to everybody else, whether there is such a tenant or not.
        """
        if tenant == caller.tenant:
            return caller
        if not is_installation_operator(caller, self._settings.admin_authority_level):
            raise PermissionDenied(
                "Your credential belongs to another tenant.",
                fix="Leave the header X-Agora-Tenant out: a credential determines its tenant.",
            )
        row = (
            await self._store.read(tenant, _read_tenant_status)
            # PostgreSQL refuses NUL in a text; such a header is an unknown tenant and not a server error.
            if len(tenant) <= MAX_TENANT_CHARACTERS and "\0" not in tenant
            else None
        )
        if row is None or row.status in DELETED_STATES:
            raise NotFound(
                f"There is no tenant {tenant[:MAX_TENANT_CHARACTERS]!r}.", fix="Tenants are listed at GET /tenants."
            )
        return replace(caller, tenant=tenant)

    async def _check_tenant_served(self, tenant: str) -> None:
        """Raise an error if the tenant's callers are refused."""
        row = await self._store.read(tenant, _read_tenant_status)
        if row is None or row.status in DELETED_STATES:
            raise _build_credential_error("The marketplace of this credential no longer exists.", "Ask an operator.")
        if row.status != "active":
            because = f": {row.reason.rstrip('.')}" if row.reason else ""
            raise PermissionDenied(
                f"The marketplace is suspended{because}.",
                fix="The operator of the server resumes it with agora.tenant.resume.",
            )

    def forget_all(self) -> None:
        """Drop every cached caller."""
        self._changes += 1
        self._cache.clear()
        self.ended.forget_all()

    def forget_changed_callers(self, events: Sequence[StoredEvent]) -> None:
        """Drop cached callers that these events may have changed."""
        self.ended.forget_ended(events)
        subjects = {stored.event.subject for stored in events if stored.event.type.startswith(CACHE_CLEARING_EVENTS)}
        if subjects:
            self._changes += 1
            stale = [
                key for key, (caller, _) in self._cache.items() if not subjects.isdisjoint(_list_caller_names(caller))
            ]
            for key in stale:
                del self._cache[key]

    async def _verify_credential(self, credential: str) -> Caller:
        # Before the length check: tokens of providers are longer than ours, and have a limit of their own.
        if self.sign_on is not None and credential.startswith(JWT_PREFIX):
            return await self.sign_on.authenticate_token(credential)
        if len(credential) > MAX_CREDENTIAL_CHARACTERS:
            raise _build_credential_error("The credential is too long.")
        if credential.startswith("agt_"):
            return await self._verify_agent_token(credential)
        if credential.startswith(TASK_TOKEN_PREFIX):
            return await self._verify_task_token(credential)
        digest = self._signer.compute_digest(credential)
        # Digests of a fixed length are compared, in constant time: neither length nor prefix of the token is disclosed.
        if hmac.compare_digest(digest, self._admin_digest):
            return self.operator
        # Looked up by digest: the time of a look-up says nothing about a token.
        if digest in self._static:
            return self._static[digest]
        if credential.startswith(("agfy_", "enr_")):
            return await self._verify_api_key(digest)
        if self.sign_on is not None and credential.startswith("ses_"):
            return await self._verify_session_token(credential, self.sign_on)
        raise _build_credential_error("The credential is not known here.")

    async def _verify_agent_token(self, token: str) -> Caller:
        claims = self._signer.verify_agent_token(token)
        if claims is None:
            raise _build_credential_error("The agent token is invalid.")

        row = await self._store.read(
            claims.tenant, lambda reader: reader.one(credentials.select_agent_credential, agent_id=claims.agent_id)
        )
        if row is None or row.token_generation != claims.generation or row.status == "retired":
            raise _build_credential_error(
                "The agent token has ended: the agent was deregistered.", "Register the agent again."
            )
        if row.status == "suspended":
            raise PermissionDenied(
                "The agent is suspended.", fix="An operator activates it again: agora.admin.manage, action 'activate'."
            )
        return Caller(
            tenant=claims.tenant,
            subject=claims.agent_id,
            name=row.agent_name,
            kind="agent",
            scopes=scopes.AGENT,
            account=row.account_id,
            tier=row.service_tier,
            generation=claims.generation,
            registrar=row.registrar,
            enrolment=row.enrolment,
        )

    async def _verify_task_token(self, token: str) -> Caller:
        claims = self._signer.verify_task_token(token)
        if claims is None:
            raise _build_credential_error("The task token is invalid.")
        now = self._clock.now()
        return await self._store.read(
            claims.tenant, lambda reader: authenticate_task_token(reader, self._settings, claims, now)
        )

    async def _verify_session_token(self, token: str, sign_on: SignOn) -> Caller:
        session = self._signer.verify_session_token(token)
        if session is None:
            raise _build_credential_error("The session token is invalid.", "Sign in again.")
        return await sign_on.authenticate_session(*session)

    async def _verify_api_key(self, digest: bytes) -> Caller:
        # A key does not name its tenant: this is a query beyond tenants (ADR 17), by a digest that nobody can guess.
        row = await self._store.read("", lambda reader: reader.one(credentials.select_key_by_digest, digest=digest))
        if row is None or row.revoked_at is not None:
            raise _build_credential_error(
                "The key is not known here, or was revoked.", "Ask an operator for another one."
            )
        if row.expires_at is not None and row.expires_at <= self._clock.now():
            raise _build_credential_error("The key has expired.", "Ask an operator for another one.")
        enrolment = row.kind == "enrolment"
        return Caller(
            tenant=row.tenant_id,
            subject=row.token_id,
            name=row.label,
            kind="enrolment" if enrolment else "key",
            scopes=scopes.ENROLMENT if enrolment else frozenset(from_json(row.scopes)) or scopes.AGENT,
            account=row.account_id,
            tier=row.service_tier,
            authority=row.authority,
            expires_at=row.expires_at,
            token_id=row.token_id,
            enrolment=row.token_id if enrolment else None,
        )


def _list_caller_names(caller: Caller) -> tuple[str | None, ...]:
    """The subjects under which events may refer to a caller."""
    login = () if caller.person is None else caller.person.login
    return (caller.subject, caller.token_id, caller.tenant, *login)


async def _read_tenant_status(reader: Reader) -> TenantStatusRow | None:
    return await reader.one(credentials.select_tenant_status)


def _build_credential_error(
    detail: str, fix: str = "Check the token; a new one comes from registering, or from an operator."
) -> Unauthenticated:
    return Unauthenticated(detail, fix=fix)


def _build_static_callers(settings: Settings, signer: Signer) -> dict[bytes, Caller]:
    callers = {}
    for name, token, role in settings.named_tokens:
        allowed = scopes.ALL_SCOPES if role == "admin" else scopes.AGENT
        authority = settings.admin_authority_level if role == "admin" else 0
        callers[signer.compute_digest(token)] = Caller(
            "default", f"static:{name}", name, "key", allowed, tier="enterprise", authority=authority
        )
    return callers
