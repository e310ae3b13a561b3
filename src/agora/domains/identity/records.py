"""Records of identity: users, their sessions, API keys, and what decides on a credential."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "SESSIONS",
    "TOKENS",
    "AgentCredentialRow",
    "TaskCredentialRow",
    "TenantStatusRow",
    "TokenRow",
    "UserRow",
    "UserSessionRow",
    "UserStandingRow",
]


@record
class UserSessionRow:
    """A row of ``user_sessions``."""

    tenant_id: str
    session_id: str
    user_id: str
    person: str
    secrets: bytes
    created_at: int
    fresh_until: int
    renewing_until: int
    expires_at: int
    ended_at: int | None


SESSIONS = Table("user_sessions", UserSessionRow)


@record
class TokenRow:
    """A row of ``tokens``."""

    tenant_id: str
    token_id: str
    kind: str
    label: str
    account_id: str
    digest: bytes
    scopes: str
    service_tier: str
    authority: int
    created_at: int
    expires_at: int | None
    revoked_at: int | None


TOKENS = Table("tokens", TokenRow)


@record
class AgentCredentialRow:
    """Data that determines whether an agent's token is valid."""

    agent_name: str
    account_id: str
    service_tier: str
    status: str
    token_generation: int
    registrar: str | None
    enrolment: str | None


@record
class TaskCredentialRow:
    """Data that determines whether a task's token is valid."""

    status: str
    holder: str | None
    worker: str | None
    attempts: int
    lease_until: int | None
    created_by: str
    account_id: str


@record
class TenantStatusRow:
    """Status of a tenant, with the reason of a suspension."""

    status: str
    reason: str


@record
class UserStandingRow:
    """Role and limits set by operators for a user."""

    role: str | None
    concurrency_limit: int | None
    daily_job_limit: int | None
    disabled_at: int | None


@record
class UserRow:
    """A row of ``users``: a person who signed in through an identity provider."""

    tenant_id: str
    user_id: str
    issuer: str
    subject: str
    username: str
    email: str | None
    name: str | None
    roles: str
    provider_role: str | None
    role: str | None
    concurrency_limit: int | None
    disabled_at: int | None
    first_seen: int
    last_seen: int
    updated_at: int
    daily_job_limit: int | None
