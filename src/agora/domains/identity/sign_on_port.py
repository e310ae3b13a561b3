"""The port to single sign-on, implemented by :mod:`.oidc`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import field
from typing import Final, Protocol

from agora.core.call import Caller, Person
from agora.core.ports import Port
from agora.value_classes import value_class

__all__ = [
    "SIGN_ON",
    "LogoutNotice",
    "Sighting",
    "SignInResult",
    "SignOn",
    "build_user_id",
    "derive_browser_key",
    "derive_notice_key",
    "derive_session_key",
    "derive_token_key",
]

HASH_DIGITS: Final = 32


@value_class
class SignInResult:
    """The result of a login: the provider's tokens and the caller here."""

    caller: Caller
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int | None
    refresh_expires_in: int | None


@value_class
class Sighting:
    """A user that was authenticated. at: microseconds since 1970."""

    person: Person
    at: int


@value_class
class LogoutNotice:
    """A logout notification of a provider.

    login: key of the ended session, or of the user if all sessions ended. user_id: the user's id, if the
    notification names the user. notice: key of this notification, which is accepted once. at: tokens issued until then
    end; until: expiry of the notification; microseconds since 1970.
    """

    login: str
    user_id: str | None
    notice: str
    at: int
    until: int


class SignOn(Protocol):
    """Login and logout of users. None of these methods may be awaited inside a transaction.

    seen: users seen since the last write, by tenant and id.
    """

    seen: dict[tuple[str, str], Sighting]

    @property
    def issuers(self) -> Sequence[str]:
        """URLs of the providers; users sign in at the first one."""

    @property
    def cli_client_id(self) -> str:
        """Public client of the command line; empty if there is none."""

    @property
    def scope(self) -> str:
        """Scopes to ask for."""

    @property
    def takes_passwords(self) -> bool:
        """Whether names and passwords are passed on."""

    async def sign_in_with_password(self, username: str, password: str) -> SignInResult:
        """Sign in with a password. Raises Unauthenticated, RateLimited, UpstreamFailed."""

    async def refresh(self, refresh_token: str, client_id: str | None) -> SignInResult:
        """Renew a sign-in by its refresh token. Raises Unauthenticated, InvalidRequest, UpstreamFailed."""

    def read_logout_token(self, logout_token: str) -> LogoutNotice:
        """Parse a logout token without verifying its signature. Raises Unauthenticated if it cannot be one."""

    async def check_logout_token(self, logout_token: str) -> None:
        """Verify the signature. Raises Unauthenticated, or UpstreamUnavailable if the provider's keys cannot be fetched."""

    async def sign_out(
        self, caller: Caller, refresh_token: str | None, client_id: str | None
    ) -> tuple[bool, str | None]:
        """Log out at the provider. Returns whether it ended the session, and the URL where a browser ends its own."""


def build_user_id(issuer: str, subject: str) -> str:
    """The local user id of a provider's subject."""
    return "usr_" + hashlib.sha256(f"{issuer}\0{subject}".encode()).hexdigest()[:HASH_DIGITS]


def derive_token_key(token: str) -> str:
    """Key of one token in the table of ended sessions."""
    return "tok_" + hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()[:HASH_DIGITS]


def derive_session_key(issuer: str, session: str) -> str:
    """Key of a session at a provider (the claim ``sid``)."""
    return "sid_" + hashlib.sha256(f"{issuer}\0{session}".encode()).hexdigest()[:HASH_DIGITS]


def derive_notice_key(issuer: str, jti: str) -> str:
    """Key of one logout token of a provider."""
    return "jti_" + hashlib.sha256(f"{issuer}\0{jti}".encode()).hexdigest()[:HASH_DIGITS]


def derive_browser_key(token: str) -> str:
    """Derive the id of a monitor session from the token in its forms."""
    return "mon_" + hashlib.sha256(token.encode()).hexdigest()[:HASH_DIGITS]


#: provided where an identity provider is configured
SIGN_ON: Port[SignOn] = Port("single sign-on")
