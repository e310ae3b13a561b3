"""Single sign-on: come in by an identity provider, stay, find out who you are, go."""

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
        description="Client that the refresh token was issued to; the server's own if left out.",
    ),
]
RefreshToken = Annotated[str, Field(min_length=1, max_length=8192, pattern=r"^[!-~]+$")]


class LoginUser(Result):
    """Who came in."""

    id: str = Field(description="Here; a person keeps it.")
    subject: str = Field(description="At the provider.")
    username: str
    email: str | None = None
    name: str | None = None
    roles: list[str] = Field(default=[], description="As the provider names them.")
    role: str | None = Field(default=None, description="Ours: admin, operator, viewer, user.")


class Login(Result):
    """Tokens of the provider: send the access token as a bearer token."""

    access_token: str = Field(repr=False)
    refresh_token: str | None = Field(default=None, repr=False)
    token_type: str = "Bearer"  # noqa: S105  (a kind, no token)
    expires_in: int | None = Field(default=None, description="Seconds that the access token is good for.")
    refresh_expires_in: int | None = Field(default=None, description="Seconds that the refresh token is good for.")
    user: LoginUser


class UserInfo(Result):
    """Who the caller is, whatever its credential."""

    id: str
    sub: str = Field(description="At the provider, for a person; else the id.")
    name: str
    kind: str = Field(description="user, agent, key, operator or anonymous.")
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
    concurrency_limit: int | None = Field(
        default=None, description="Tasks that may wait and run at once; null: no limit."
    )
    expires_at: Timestamp | None = None


class LoggedOut(Result):
    """The session has ended here: none of its tokens counts any more."""

    logged_out: bool = True
    provider_logged_out: bool = Field(default=False, description="Whether the provider has ended its session, too.")
    logout_url: str | None = Field(default=None, description="Where a browser ends its session at the provider.")


class SignedOut(Result):
    """That session of the monitor has ended, on every server: copies of its cookie are worth nothing."""

    signed_out: bool = True


class LogoutTaken(Result):
    """What the provider said was taken: none of the tokens of that session, or person, made until then counts any more."""

    user_id: str | None = Field(default=None, description="Who logged out there, if the provider said it.")
    whole_person: bool = Field(description="Whether all sessions of that person have ended, not just one.")


class AuthConfiguration(Result):
    """How people come in."""

    enabled: bool = Field(description="Whether there is an identity provider.")
    issuer: str | None = Field(default=None, description="The one where people sign in; its metadata is below it.")
    issuers: list[str] = Field(default=[], description="All whose access tokens are taken.")
    client_id: str | None = Field(default=None, description="Public client for programs on people's machines.")
    scope: str | None = Field(default=None, description="Scopes to ask for.")
    password: bool = Field(default=False, description="Whether /v1/auth/login takes a name and a password.")


class Auth(Service, category="auth"):
    """People who come in by an identity provider, such as Keycloak."""

    @operation("GET /v1/auth/configuration", scope="", exposure=Exposure.PUBLIC, during_halt=True)
    async def configuration(self) -> AuthConfiguration:
        """Tell how people come in."""

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
        """Come in by name and password, which are passed on to the provider, where the operator allows it."""

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
        """Get new tokens for a refresh token, before the access token expires or after."""

    @operation("GET /v1/auth/userinfo", scope="", exposure=Exposure.PUBLIC, during_halt=True)
    async def userinfo(self) -> UserInfo:
        """Tell who you are, and what you may."""

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
        """End your session: here at once, with its streams, and at the provider where the refresh token is given."""

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
            str, Field(pattern=r"^mon_[0-9a-f]{32}$", description="Id of the session, as the monitor derives it.")
        ],
    ) -> SignedOut:
        """End a session of the monitor, whatever it was begun with: the pages' own way out."""

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
        """Take an identity provider's word that somebody has logged out there (OpenID Connect Back-Channel Logout 1.0).

        Providers send a form; nobody needs a credential here, for the token is signed. One that does not count, or was
        taken before, is answered with 400.
        """
