"""SSO users who have logged in, with the role and limits set by the operator."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .fields import Cursor, Limit, Timestamp
from .operation import Exposure, Service, operation
from .results import Page, Result

__all__ = ["User", "UserPage", "Users"]

UserId = Annotated[str, Field(max_length=64, pattern=r"^usr_[0-9a-f]{32}$", description="Id of the user.")]
Role = Literal["admin", "operator", "viewer", "user"]


class User(Result):
    """An SSO user. The record is created at the first login."""

    user_id: str
    username: str
    email: str | None = None
    name: str | None = None
    issuer: str
    subject: str
    roles: list[str] = Field(default=[], description="Name at the identity provider, as of the last login.")
    role: str | None = Field(default=None, description="Role in this marketplace: admin, operator, viewer or user.")
    role_given_here: bool = Field(
        default=False, description="Whether the role was set here and overrides the identity provider."
    )
    concurrency_limit: int | None = Field(
        default=None, description="Maximum number of open tasks; null: the setting user_concurrency."
    )
    daily_job_limit: int | None = Field(
        default=None, description="Maximum number of coding jobs in a day (UTC); null: the setting user_daily_jobs."
    )
    open_tasks: int | None = Field(default=None, description="Number of open tasks; omitted in lists.")
    jobs_today: int | None = Field(
        default=None, description="Number of coding jobs requested since 00:00 UTC; omitted in lists."
    )
    disabled: bool = False
    first_seen: Timestamp
    last_seen: Timestamp


class UserPage(Page[User]):
    items_field: ClassVar[str] = "users"

    users: list[User]


class Users(Service, category="user"):
    """People who sign in through an identity provider."""

    @operation("GET /v1/users", scope="admin", exposure=Exposure.OPERATOR)
    async def list(self, *, limit: Limit = 50, cursor: Cursor = None) -> UserPage:
        """List SSO users by name."""

    @operation("GET /v1/users/{user_id}", scope="admin", exposure=Exposure.OPERATOR)
    async def get(self, user_id: UserId) -> User:
        """Show a user."""

    @operation("PATCH /v1/users/{user_id}", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def update(
        self,
        user_id: UserId,
        *,
        role: Annotated[
            Role | Literal["provider"] | None,
            Field(
                description="Role that overrides the provider's; 'provider' removes the override. Unchanged if omitted."
            ),
        ] = None,
        concurrency_limit: Annotated[
            int | None,
            Field(
                ge=-1, le=1_000_000, description="Open tasks. 0: no limit; -1: use the setting. Unchanged if omitted."
            ),
        ] = None,
        daily_job_limit: Annotated[
            int | None,
            Field(
                ge=-1,
                le=1_000_000,
                description="Coding jobs per day. 0: no limit; -1: use the setting. Unchanged if omitted.",
            ),
        ] = None,
        disabled: Annotated[bool | None, Field(description="Block or unblock the user. Unchanged if omitted.")] = None,
    ) -> User:
        """Change a user's role or limits, or block or unblock the user. Takes effect at once."""
