"""Single sign-on (SSO): log in through an identity provider, refresh and inspect the session, log out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .fields import Timestamp
from .operation import Exposure, Kind, Service, operation
from .results import Result

__all__ = ["Auth", "AuthConfiguration", "LoggedOut", "Login", "LoginUser", "LogoutTaken", "SignedOut", "UserInfo"]

ClientId = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=255,
        pattern=r"^[!-~]+$",
        description="Client that the refresh token was issued to; default: the server's own.",
    ),
]
RefreshToken = Annotated[str, Field(min_length=1, max_length=8192, pattern=r"^[!-~]+$")]


class LoginUser(Result):
    """The user that logged in."""

    id: str = Field(description="Id in this marketplace; stable for an SSO user.")
    subject: str = Field(description="User name at the identity provider.")
    username: str
    email: str | None = None
    name: str | None = None
    roles: list[str] = Field(default=[], description="Role names from the identity provider.")
    role: str | None = Field(default=None, description="Role in this marketplace: admin, operator, viewer or user.")


class Login(Result):
    """Tokens from the provider. Send the access token as a bearer token."""

    access_token: str = Field(repr=False)
    refresh_token: str | None = Field(default=None, repr=False)
    token_type: str = "Bearer"  # noqa: S105  (a kind, no token)
    expires_in: int | None = Field(default=None, description="Lifetime of the access token, in seconds.")
    refresh_expires_in: int | None = Field(default=None, description="Lifetime of the refresh token, in seconds.")
    user: LoginUser


class UserInfo(Result):
    """The caller's identity, for every kind of credential."""

    id: str
    sub: str = Field(description="User name at the provider for an SSO user; else the id.")
    name: str
    kind: str = Field(description="user, agent, key, task, operator or anonymous.")
    tenant: str
    account: str
    username: str | None = None
    preferred_username: str | None = None
    email: str | None = None
    issuer: str | None = None
    roles: list[str] = []
    role: str | None = None
    scopes: list[str] = []
    authority: int = 0
    concurrency_limit: int | None = Field(default=None, description="Maximum number of open tasks; null: no limit.")
    daily_job_limit: int | None = Field(
        default=None, description="Maximum number of coding jobs in a day (UTC); null: no limit."
    )
    expires_at: Timestamp | None = None


class LoggedOut(Result):
    """The session has ended; its tokens are no longer accepted."""

    logged_out: bool = True
    provider_logged_out: bool = Field(
        default=False, description="Whether the session at the identity provider has ended, too."
    )
    logout_url: str | None = Field(default=None, description="URL where a browser ends its session at the provider.")


class SignedOut(Result):
    """The monitor session has ended on every server; copies of its cookie are rejected."""

    signed_out: bool = True


class LogoutTaken(Result):
    """The logout was accepted. Tokens issued earlier to that session or user are rejected."""

    user_id: str | None = Field(default=None, description="User that logged out, if the token names one.")
    whole_person: bool = Field(description="Whether all sessions of the user have ended, or only one.")


class AuthConfiguration(Result):
    """How users log in."""

    enabled: bool = Field(description="Whether an identity provider is configured.")
    issuer: str | None = Field(
        default=None, description="Issuer URL where users log in; provider metadata is found below it."
    )
    issuers: list[str] = Field(default=[], description="All issuers whose access tokens are accepted.")
    client_id: str | None = Field(default=None, description="Public client id for programs on users' machines.")
    scope: str | None = Field(default=None, description="Scopes to ask for.")
    password: bool = Field(default=False, description="Whether /v1/auth/login accepts a name and a password.")


class Auth(Service, category="auth"):
    """SSO users, who log in through an identity provider such as Keycloak."""

    @operation("GET /v1/auth/configuration", scope="", exposure=Exposure.PUBLIC, during_halt=True)
    async def configuration(self) -> AuthConfiguration:
        """Show how users can log in."""

    @operation(
        "POST /v1/auth/login",
        scope="",
        kind=Kind.RELAY,
        exposure=Exposure.PUBLIC,
        body_limit=16_384,
        idempotent=True,
        during_halt=True,
    )
    async def login(
        self,
        username: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")],
        password: Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[^\x00]+$")],
    ) -> Login:
        """Log in with name and password, which are passed to the identity provider. The operator must enable this."""

    @operation(
        "POST /v1/auth/refresh",
        scope="",
        kind=Kind.RELAY,
        exposure=Exposure.PUBLIC,
        body_limit=32_768,
        idempotent=True,
        during_halt=True,
    )
    async def refresh(self, refresh_token: RefreshToken, client_id: ClientId = None) -> Login:
        """Exchange a refresh token for new tokens."""

    @operation("GET /v1/auth/userinfo", scope="", exposure=Exposure.PUBLIC, during_halt=True)
    async def userinfo(self) -> UserInfo:
        """Show the caller's identity, role and scopes."""

    @operation(
        "POST /v1/auth/logout",
        scope="",
        kind=Kind.RELAY,
        exposure=Exposure.PUBLIC,
        body_limit=32_768,
        idempotent=True,
        during_halt=True,
    )
    async def logout(self, refresh_token: RefreshToken | None = None, client_id: ClientId = None) -> LoggedOut:
        """Log out: end the session and its streams here, and at the identity provider if a refresh token is sent."""

    @operation(
        "POST /v1/auth/sign-out",
        scope="",
        exposure=Exposure.OPERATOR,
        body_limit=4_096,
        idempotent=True,
        during_halt=True,
    )
    async def sign_out(
        self,
        session_id: Annotated[
            str, Field(pattern=r"^mon_[0-9a-f]{32}$", description="Session id derived by the monitor.")
        ],
    ) -> SignedOut:
        """End a monitor session of any kind. Used by the monitor's pages."""

    @operation(
        "POST /v1/auth/backchannel-logout",
        scope="",
        kind=Kind.RELAY,
        exposure=Exposure.PUBLIC,
        body_limit=32_768,
        idempotent=True,
        during_halt=True,
    )
    async def backchannel_logout(
        self,
        logout_token: Annotated[
            str, Field(min_length=1, max_length=8192, description="Signed by the provider, of the type logout+jwt.")
        ],
    ) -> LogoutTaken:
        """Accept a logout token of an identity provider (OpenID Connect Back-Channel Logout 1.0).

        Providers send a form. No credential is needed, because the token is signed. An invalid or already used token
        returns 400.
        """
