"""Signing in and out.

A person signs in with a token, of any kind that the server knows; on the machine itself with one press, for whoever may call
a loopback server without a token is its operator; and, where there is an identity provider, through that: ``GET
/v1/monitor/sso`` leads there, ``GET /v1/monitor/callback`` back.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Final, Protocol

from agora.core.call import Caller
from agora.protocols.http import Access, Receive, Scope, Send, header
from agora_sdk.errors import AgoraError, Conflict, NotFound, PermissionDenied, Unauthenticated

from . import forms
from .responses import Headers, html, redirect
from .security import HOME, check_origin, inside
from .session import Session, Sessions, cookies
from .templating import render

__all__ = ["LOCAL", "SIGN_IN", "TOKEN", "SignIn", "SignOn"]

SIGN_IN: Final = "agora_sign_in"
SECONDS: Final = 3600
BODY_LIMIT: Final = 16_384
LOCAL, TOKEN = "local", "token"
CALLBACK: Final = f"{HOME}callback"
UNDER_WAY: Final = "agora_sso"


class Begun(Protocol):
    """Where a browser is sent, and a cookie that it keeps for so many seconds."""

    @property
    def url(self) -> str: ...
    @property
    def cookie(self) -> str: ...
    @property
    def max_age(self) -> int: ...


class SignedIn(Protocol):
    """Who came back from there: the credential of the session, and where to go on."""

    @property
    def credential(self) -> str: ...
    @property
    def next(self) -> str: ...


class SignOn(Protocol):
    """Signing in at an identity provider."""

    async def begin(self, next: str, redirect_uri: str) -> Begun: ...
    async def finish(self, query: Mapping[str, str], cookie: str | None, redirect_uri: str) -> SignedIn: ...


class SignIn:
    """The page where one signs in, and its form."""

    def __init__(self, access: Access, sessions: Sessions, sign_on: SignOn | None, public_url: str) -> None:
        self.access, self.sessions, self.sign_on, self.public_url = access, sessions, sign_on, public_url

    # -- from a session to its caller ------------------------------------------------------------

    async def by_token(self, scope: Scope, credential: str) -> Caller:
        """The caller of a session begun with a token."""
        return self._person(await self.access.authenticate(scope, credential))

    async def by_place(self, scope: Scope, credential: str) -> Caller:
        """The caller of a session begun on this machine without one: for as long as its requests come from there."""
        if not self.access.is_local(scope):
            raise Unauthenticated("This session is good on the machine alone.", fix="Sign in with a token.")
        return await self.access.authenticate(scope)

    def _person(self, caller: Caller) -> Caller:
        if caller.kind == "user" and not caller.scopes:
            raise PermissionDenied("You have no role here yet.", fix="Ask an operator for one.")
        if caller.kind == "enrolment" or not caller.scopes:
            raise PermissionDenied("This token only registers agents.", fix="Sign in with another one.")
        return caller

    # -- the page --------------------------------------------------------------------------------

    async def show(
        self, scope: Scope, send: Send, next: str, trouble: str | None = None, status: int = 200, headers: Headers = ()
    ) -> None:
        """The page; it leads on to a path of ours."""
        token = secrets.token_urlsafe(24)
        values = {
            "token": token,
            "next": inside(next),
            "local": self.access.is_local(scope),
            "others": [] if self.sign_on is None else [{"name": "single sign-on", "path": f"{HOME}sso"}],
            "trouble": trouble,
        }
        kept = self.sessions.keep(SIGN_IN, self.sessions.seal([token], "sign-in"), SECONDS)
        await html(send, status, render("sign_in.html", values), [kept, *headers])

    async def enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the form: begin a session, or say what is wrong."""
        form = await forms.read(scope, receive, BODY_LIMIT)
        next = inside(form.get("next"))
        try:
            self._check(scope, form)
            session = await self._session(scope, form)
        except AgoraError as error:
            await self.show(scope, send, next, str(error), error.status)
            return
        await redirect(send, next, [self.sessions.cookie(session), self.sessions.keep(SIGN_IN, "", 0)])

    def _check(self, scope: Scope, form: forms.Form) -> None:
        """Nobody else's page may sign a person in, not even as somebody else."""
        check_origin(scope, self.public_url)
        given = cookies(scope).get(SIGN_IN)
        fields = self.sessions.open(given, "sign-in") if given else None
        token = form.get("csrf") or ""
        if not fields or not hmac.compare_digest(str(fields[0]).encode(), token.encode()):
            raise PermissionDenied("The page is too old, or cookies are turned off.", fix="Send it again.")

    async def _session(self, scope: Scope, form: forms.Form) -> Session:
        credential = (form.get("token") or "").strip()
        if credential:
            caller = await self.by_token(scope, credential)
            return self.sessions.begin(TOKEN, credential, caller.tenant)
        if form.get("way") == LOCAL:
            caller = await self.by_place(scope, "")
            return self.sessions.begin(LOCAL, "", caller.tenant)
        raise Unauthenticated("There is no token.", fix="Paste the admin token, a key, or an agent's token.")

    # -- through an identity provider ------------------------------------------------------------

    async def leave(self, scope: Scope, send: Send, query: Mapping[str, str]) -> None:
        """Send the browser to the provider."""
        try:
            begun = await self._provider().begin(inside(query.get("next")), self._callback(scope))
        except AgoraError as error:
            await self.show(scope, send, inside(query.get("next")), str(error), error.status)
            return
        # Lax: the provider sends the browser back from its own site.
        kept = self.sessions.keep(UNDER_WAY, begun.cookie, begun.max_age, path=CALLBACK, site="Lax")
        await redirect(send, begun.url, [kept])

    async def come_back(self, scope: Scope, send: Send, query: Mapping[str, str]) -> None:
        """Take the browser back: it gets its session, on a page that goes on by itself.

        A redirection would still count as the provider's, and strict cookies would not come with it.
        """
        forgotten = self.sessions.keep(UNDER_WAY, "", 0, path=CALLBACK, site="Lax")
        try:
            done = await self._provider().finish(query, cookies(scope).get(UNDER_WAY), self._callback(scope))
            caller = await self.by_token(scope, done.credential)
        except AgoraError as error:
            await self.show(scope, send, HOME, str(error), error.status, [forgotten])
            return
        session = self.sessions.begin(TOKEN, done.credential, caller.tenant)
        body = render("onward.html", {"next": inside(done.next)})
        await html(send, 200, body, [self.sessions.cookie(session), forgotten])

    def _provider(self) -> SignOn:
        if self.sign_on is None:
            raise NotFound("There is no identity provider.", fix="Sign in with a token.")
        return self.sign_on

    def _callback(self, scope: Scope) -> str:
        """Where the provider sends the browser. Raises Conflict where only the request says what we are called.

        Whoever has a name pointed here, and later elsewhere, would be sent the code of everybody who came by that name,
        if the provider lets us go anywhere.
        """
        host = header(scope, b"host")
        if not self.public_url and not self.access.is_ours(host):
            raise Conflict(
                "The server does not know this address as its own.",
                fix="Set public_url to the address under which browsers reach it.",
            )
        base = self.public_url.rstrip("/") or f"{scope.get('scheme', 'http')}://{host}"
        return f"{base}{CALLBACK}"
