"""Tokens: API keys and enrolment tokens."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .fields import AgentName, Cursor, Limit, ServiceTier, ServiceTierLike, Timestamp
from .operation import Exposure, Service, operation
from .results import Page, Result

__all__ = ["CreatedToken", "RevokedToken", "Token", "TokenPage", "Tokens"]

Scopes = Annotated[
    list[Annotated[str, Field(max_length=64, pattern=r"^(\*|[a-z]+(:[a-z_]+)?)$")]],
    Field(
        max_length=50,
        description="Scopes such as read:agents and write:messages; empty: the default scopes of an agent.",
    ),
]


class Token(Result):
    """Metadata of a key; never the key itself."""

    token_id: str
    kind: Literal["api_key", "enrolment"]
    label: str
    scopes: list[str]
    service_tier: ServiceTier = ServiceTier.BASIC
    authority: int = 0
    account: str = "default"
    created_at: Timestamp
    expires_at: Timestamp | None = None
    revoked_at: Timestamp | None = None


class CreatedToken(Token):
    token: str | None = Field(default=None, description="The key. Shown once: keep it.")


class TokenPage(Page[Token]):
    items_field: ClassVar[str] = "tokens"

    tokens: list[Token]


class RevokedToken(Result):
    token_id: str
    revoked_at: Timestamp


class Tokens(Service, category="token"):
    """API keys for programs and people, and enrolment tokens for agents."""

    @operation("POST /tokens", scope="admin", exposure=Exposure.OPERATOR, secrets=("token",))
    async def create(
        self,
        label: AgentName,
        kind: Annotated[
            Literal["api_key", "enrolment"], Field(description="An API key, or a token that allows registration.")
        ] = "api_key",
        scopes: Scopes = [],
        *,
        service_tier: ServiceTierLike = ServiceTier.BASIC,
        authority: Annotated[int, Field(ge=0, le=255)] = 0,
        account: Annotated[
            str | None,
            Field(
                min_length=1,
                max_length=64,
                pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$",
                description="Owner account of a customer or developer; default: the creator's.",
            ),
        ] = None,
        expires_in: Annotated[
            int | None, Field(ge=1, le=315_360_000, description="Lifetime in seconds; default: unlimited.")
        ] = None,
    ) -> CreatedToken:
        """Create an API key or an enrolment token."""

    @operation("GET /tokens", scope="admin", exposure=Exposure.OPERATOR)
    async def list(self, *, limit: Limit = 50, cursor: Cursor = None) -> TokenPage:
        """List the keys, newest first, without their secrets."""

    @operation(
        "DELETE /tokens/{token_id}", scope="admin", exposure=Exposure.OPERATOR, idempotent=True, destructive=True
    )
    async def revoke(
        self, token_id: Annotated[str, Field(max_length=64, pattern=r"^key_[0-9a-f]{32}$")]
    ) -> RevokedToken:
        """Revoke a key at once; open streams that use it are closed."""
