"""Browser sessions: the caller of a browser, in a sealed cookie.

The cookie contains the credential, encrypted with the server's key, so no state is stored: sessions survive a restart,
and work on every server with that key. Each request checks whether the credential is still valid, and whether the user
has signed out. The cookie is HttpOnly and SameSite=Strict. With https its name begins with ``__Host-``, so that no
other host of the domain can set it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from pydantic_core import from_json, to_json

from agora.clock import SECOND, Clock
from agora.core.call import Caller
from agora.domains.identity.sign_on_port import derive_browser_key
from agora.net.sealing import Sealer
from agora.protocols.http import Scope, read_header
from agora.value_classes import value_class
from agora_sdk.errors import PermissionDenied, Unauthenticated

__all__ = ["SESSION_COOKIE", "HasEnded", "Session", "Sessions", "parse_cookies"]

SESSION_COOKIE: Final = "agora_session"
LIFETIME_SECONDS: Final = 12 * 3600  #: seconds
MAX_COOKIE_CHARACTERS: Final = 4000  #: maximum characters of a cookie in browsers


Resolve = Callable[[Scope, str], Awaitable[Caller]]  #: resolves a request and a session's credential to its caller
HasEnded = Callable[[str, str], Awaitable[bool]]  #: whether the user has ended a session, by tenant and id


@value_class
class Session:
    """A user's session. kind: method of signing in. token: for its forms. expires: seconds since 1970."""

    kind: str
    credential: str
    token: str
    expires: int
    tenant: str

    @property
    def id(self) -> str:
        """Identifies the session after its end."""
        return derive_browser_key(self.token)

    def require_form_token(self, token: str | None) -> None:
        """Require the token of a form to be this session's. Raises PermissionDenied."""
        if token is None or not hmac.compare_digest(token.encode(), self.token.encode()):
            raise PermissionDenied(
                "The form does not belong to your session.", fix="Reload the page, and send it again."
            )


class Sessions:
    """Begins and finds sessions. resolvers: resolve the credential of a session to its caller, by kind of session.

    ended: whether the user has signed out of a session, on any server. secure: whether browsers use https. name: of the
    cookie.
    """

    def __init__(
        self, sealer: Sealer, clock: Clock, resolvers: Mapping[str, Resolve], ended: HasEnded, *, secure: bool
    ) -> None:
        self._sealer, self._clock, self._resolvers, self._has_ended, self._secure = (
            sealer,
            clock,
            resolvers,
            ended,
            secure,
        )
        # Browsers accept the prefix only with Secure, over https.
        self.name = f"__Host-{SESSION_COOKIE}" if secure else SESSION_COOKIE

    # -- sessions --------------------------------------------------------------------------------

    def create_session(self, kind: str, credential: str, tenant: str) -> Session:
        """Create a session, independent of any previous one; its cookie is all that keeps it."""
        return Session(kind, credential, secrets.token_urlsafe(24), self._now_seconds() + LIFETIME_SECONDS, tenant)

    def find_session(self, scope: Scope) -> Session | None:
        """Find the session of a request's cookie; None if it is forged or expired."""
        cookie_text = parse_cookies(scope).get(self.name)
        fields = self.unseal_or_none(cookie_text, "session") if cookie_text else None
        if fields is None or len(fields) != 5:
            return None
        session = Session(str(fields[0]), str(fields[1]), str(fields[2]), int(fields[3]), str(fields[4]))
        return None if session.expires <= self._now_seconds() else session

    async def resolve_caller(self, scope: Scope, session: Session) -> Caller:
        """Resolve the caller of a session. Raises Unauthenticated if the session or its credential has ended."""
        resolve = self._resolvers.get(session.kind)
        # The expiry in the cookie, too: Max-Age binds only browsers, while a stolen cookie can be kept.
        if (
            resolve is None
            or session.expires <= self._now_seconds()
            or await self._has_ended(session.tenant, session.id)
        ):
            raise Unauthenticated("The session has ended.", fix="Sign in again.")
        return await resolve(scope, session.credential)

    def _now_seconds(self) -> int:
        return self._clock.now() // SECOND

    # -- cookies ---------------------------------------------------------------------------------

    def build_cookie(self, session: Session) -> tuple[bytes, bytes]:
        """Build the cookie header of a session."""
        fields: list[str | int] = [session.kind, session.credential, session.token, session.expires, session.tenant]
        sealed = self.seal(fields, "session")
        return self.build_set_cookie_header(self.name, sealed, LIFETIME_SECONDS)

    def build_expired_cookie(self) -> tuple[bytes, bytes]:
        """Build the header that deletes the cookie."""
        return self.build_set_cookie_header(self.name, "", 0)

    def build_set_cookie_header(
        self, name: str, value: str, seconds: int, *, path: str = "/", site: str = "Strict"
    ) -> tuple[bytes, bytes]:
        """Build a Set-Cookie header; scripts cannot read the cookie, and if strict, requests of other sites do not send
        it."""
        secure = "; Secure" if self._secure else ""
        cookie = f"{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite={site}{secure}"
        return b"set-cookie", cookie.encode("ascii")

    def seal(self, fields: list[str | int], context: str) -> str:
        """Encrypt values as a cookie's text, which only this server can read or create."""
        # The context is authenticated: a sealed notice cannot be used as a session.
        sealed = base64.urlsafe_b64encode(self._sealer.seal(to_json(fields), f"monitor:{context}")).rstrip(b"=")
        # A browser drops a longer cookie silently, and the user would be asked to sign in again and again.
        if len(sealed) > MAX_COOKIE_CHARACTERS:
            raise Unauthenticated("The credential is too long for a session.", fix="Use a token of this server.")
        return sealed.decode()

    def unseal_or_none(self, text: str, context: str) -> list[str | int] | None:
        """Decrypt values; None if the text was not sealed by this server."""
        if len(text) > MAX_COOKIE_CHARACTERS:
            return None
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            fields = from_json(self._sealer.open(sealed, f"monitor:{context}"))
        except (ValueError, binascii.Error):
            return None
        return fields if isinstance(fields, list) else None


def parse_cookies(scope: Scope) -> dict[str, str]:
    """Parse the cookies of a request by name; of duplicates the first."""
    cookie_header = read_header(scope, b"cookie") or ""
    cookies_by_name: dict[str, str] = {}
    # Browsers send the cookie of the most specific path first (RFC 6265, section 5.4).
    for part in cookie_header.split(";")[:50]:
        name, separator, value = part.strip().partition("=")
        if separator:
            cookies_by_name.setdefault(name, value)
    return cookies_by_name
