"""Signing in and out.

A user signs in with any kind of token; locally with one click, because a local caller without a token is the operator
of a loopback server; and with an identity provider, if configured: ``GET /v1/monitor/sso`` redirects to it, and ``GET
/v1/monitor/callback`` is its redirect URI.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Final, Protocol

from agora.core.call import Caller
from agora.protocols.http import Receive, RequestAuthenticator, Scope, Send, read_header
from agora_sdk.errors import AgoraError, Conflict, NotFound, PermissionDenied, Unauthenticated

from . import forms
from .responses import Headers, send_html, send_redirect
from .security import HOME_PATH, choose_safe_next_path, require_same_origin
from .session import Session, Sessions, parse_cookies
from .templating import render_template

__all__ = ["FORM_COOKIE", "LOCAL", "TOKEN", "SignIn", "SignOn"]

FORM_COOKIE: Final = "agora_sign_in"
FORM_LIFETIME_SECONDS: Final = 3600
MAX_BODY_BYTES: Final = 16_384
LOCAL, TOKEN = "local", "token"
CALLBACK_PATH: Final = f"{HOME_PATH}callback"
LOGIN_COOKIE: Final = "agora_sso"


class LoginRedirect(Protocol):
    """URL to which a browser is redirected, with a cookie and its lifetime in seconds."""

    @property
    def url(self) -> str: ...
    @property
    def cookie(self) -> str: ...
    @property
    def max_age(self) -> int: ...


class LoginResult(Protocol):
    """The credential of the session, and the following page."""

    @property
    def credential(self) -> str: ...
    @property
    def next(self) -> str: ...


class SignOn(Protocol):
    """Single sign-on at an identity provider."""

    async def begin_sign_in(self, next: str, redirect_uri: str) -> LoginRedirect: ...
    async def finish_sign_in(self, query: Mapping[str, str], cookie: str | None, redirect_uri: str) -> LoginResult: ...


class SignIn:
    """The sign-in page and its form."""

    def __init__(
        self, request_authenticator: RequestAuthenticator, sessions: Sessions, sign_on: SignOn | None, public_url: str
    ) -> None:
        self.request_authenticator, self.sessions, self.sign_on, self.public_url = (
            request_authenticator,
            sessions,
            sign_on,
            public_url,
        )

    # -- callers of sessions ----------------------------------------------------------------------

    async def authenticate_token_session(self, scope: Scope, credential: str) -> Caller:
        """Return the caller of a session begun with a token."""
        return self._require_role(await self.request_authenticator.authenticate_request(scope, credential))

    async def authenticate_same_machine_session(self, scope: Scope, credential: str) -> Caller:
        """Return the caller of a local session without a token, which is valid only for local requests."""
        # Checked with each request, not at the sign-in only: the cookie may be copied to another machine.
        if not self.request_authenticator.is_local(scope):
            raise Unauthenticated("This session is only valid on the server machine.", fix="Sign in with a token.")
        return await self.request_authenticator.authenticate_request(scope)

    def _require_role(self, caller: Caller) -> Caller:
        if caller.kind == "user" and not caller.scopes:
            raise PermissionDenied("You do not have a role on this server.", fix="Ask an operator for one.")
        if caller.kind == "enrolment" or not caller.scopes:
            raise PermissionDenied("This token only registers agents.", fix="Sign in with another token.")
        return caller

    # -- the page --------------------------------------------------------------------------------

    async def send_sign_in_page(
        self,
        scope: Scope,
        send: Send,
        next: str,
        error_text: str | None = None,
        status: int = 200,
        headers: Headers = (),
    ) -> None:
        """Send the page, which continues with a path of the monitor."""
        # Before a session exists, the cookie and the form hold the same value (double submit), which another site cannot read.
        token = secrets.token_urlsafe(24)
        values = {
            "token": token,
            "next": choose_safe_next_path(next),
            "local": self.request_authenticator.is_local(scope),
            "others": [] if self.sign_on is None else [{"name": "single sign-on", "path": f"{HOME_PATH}sso"}],
            "trouble": error_text,
        }
        cookie = self.sessions.build_set_cookie_header(
            FORM_COOKIE, self.sessions.seal([token], "sign-in"), FORM_LIFETIME_SECONDS
        )
        await send_html(send, status, render_template("sign_in.html", values), [cookie, *headers])

    async def sign_in_with_form(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sign in with the sent form: begin a session and redirect, or show the page with the error."""
        form = await forms.read_form(scope, receive, MAX_BODY_BYTES)
        next = choose_safe_next_path(form.get("next"))
        try:
            self._require_own_form(scope, form)
            session = await self._create_session(scope, form)
        except AgoraError as error:
            await self.send_sign_in_page(scope, send, next, str(error), error.status)
            return
        await send_redirect(
            send, next, [self.sessions.build_cookie(session), self.sessions.build_set_cookie_header(FORM_COOKIE, "", 0)]
        )

    def _require_own_form(self, scope: Scope, form: forms.Form) -> None:
        """Require that the form was sent by the sign-in page (raises PermissionDenied), so that no other site can sign a user in, even as another
        user."""
        require_same_origin(scope, self.public_url)
        cookie_text = parse_cookies(scope).get(FORM_COOKIE)
        fields = self.sessions.unseal_or_none(cookie_text, "sign-in") if cookie_text else None
        token = form.get("csrf") or ""
        if not fields or not hmac.compare_digest(str(fields[0]).encode(), token.encode()):
            raise PermissionDenied("The page has expired, or cookies are disabled.", fix="Send it again.")

    async def _create_session(self, scope: Scope, form: forms.Form) -> Session:
        credential = (form.get("token") or "").strip()
        if credential:
            caller = await self.authenticate_token_session(scope, credential)
            return self.sessions.create_session(TOKEN, credential, caller.tenant)
        if form.get("way") == LOCAL:
            caller = await self.authenticate_same_machine_session(scope, "")
            return self.sessions.create_session(LOCAL, "", caller.tenant)
        raise Unauthenticated("There is no token.", fix="Paste the admin token, a key, or an agent's token.")

    # -- through an identity provider ------------------------------------------------------------

    async def redirect_to_provider(self, scope: Scope, send: Send, query: Mapping[str, str]) -> None:
        """Redirect the browser to the provider."""
        try:
            login = await self._require_provider().begin_sign_in(
                choose_safe_next_path(query.get("next")), self._build_callback_url(scope)
            )
        except AgoraError as error:
            await self.send_sign_in_page(
                scope, send, choose_safe_next_path(query.get("next")), str(error), error.status
            )
            return
        # Lax: the provider redirects from its own site.
        cookie = self.sessions.build_set_cookie_header(
            LOGIN_COOKIE, login.cookie, login.max_age, path=CALLBACK_PATH, site="Lax"
        )
        await send_redirect(send, login.url, [cookie])

    async def finish_login(self, scope: Scope, send: Send, query: Mapping[str, str]) -> None:
        """Handle the redirect from the provider: set the session cookie on a page that continues by itself.

        An HTTP redirect would count as the provider's request, which strict cookies are not sent with.
        """
        # In every outcome: the state in the cookie is valid for one login.
        expired_cookie = self.sessions.build_set_cookie_header(LOGIN_COOKIE, "", 0, path=CALLBACK_PATH, site="Lax")
        try:
            login = await self._require_provider().finish_sign_in(
                query, parse_cookies(scope).get(LOGIN_COOKIE), self._build_callback_url(scope)
            )
            caller = await self.authenticate_token_session(scope, login.credential)
        except AgoraError as error:
            await self.send_sign_in_page(scope, send, HOME_PATH, str(error), error.status, [expired_cookie])
            return
        # A new session after each login, so that one planted before it is worth nothing (session fixation).
        session = self.sessions.create_session(TOKEN, login.credential, caller.tenant)
        body = render_template("onward.html", {"next": choose_safe_next_path(login.next)})
        await send_html(send, 200, body, [self.sessions.build_cookie(session), expired_cookie])

    def _require_provider(self) -> SignOn:
        if self.sign_on is None:
            raise NotFound("There is no identity provider.", fix="Sign in with a token.")
        return self.sign_on

    def _build_callback_url(self, scope: Scope) -> str:
        """Build the redirect URI for the provider. Raises Conflict if only the request's Host header names this server.

        Otherwise, whoever controls a host name that pointed to this server could later point it elsewhere and receive
        the authorization codes of its users, if the provider accepts any redirect URI.
        """
        host = read_header(scope, b"host")
        if not self.public_url and not self.request_authenticator.is_own_host(host):
            raise Conflict(
                "This address is not an address of the server.",
                fix="Set public_url to the address under which browsers reach it.",
            )
        base = self.public_url.rstrip("/") or f"{scope.get('scheme', 'http')}://{host}"
        return f"{base}{CALLBACK_PATH}"
