"""The monitor as an ASGI application, at ``/v1/monitor/``.

=========================================  ===================================================================
``GET  /v1/monitor/...``                   a page, if a browser requests one
``GET  /v1/monitor/live/...?after=N``      the stream of changed fragments of a page
``POST /v1/monitor/act/OPERATION``         a form: an operation, run as the signed-in user
``POST /v1/monitor/upstream-authorize``    to an upstream's authorization server; ``upstream-callback`` and
                                           ``upstream-authorized`` back
``GET, POST /v1/monitor/sign-in``          sign-in, also by ``sso`` and ``callback``; ``POST .../sign-out``
``GET  /v1/monitor/export/json``, ``csv``  messages as a file, for the session or any credential
``GET  /v1/monitor/static/VERSION/NAME``   styles, scripts, images
=========================================  ===================================================================

Paths below ``/v1/monitor`` that the contract declares stay REST for requests that do not accept HTML.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from agora.clock import Clock, new_id
from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.lazy import Lazy
from agora.net.sealing import Sealer
from agora.protocols.http import Receive, RequestAuthenticator, Scope, Send, read_header, send_problem
from agora.settings import Settings
from agora_sdk.contract import declared
from agora_sdk.errors import (
    AgoraError,
    CursorTooOld,
    InternalError,
    MethodNotAllowed,
    NotFound,
    PermissionDenied,
    Unauthenticated,
)

from . import forms
from . import live_updates as live
from .actions import Actions
from .assets import ASSETS
from .exports import Exports
from .notices import NOTICE_COOKIE, Notice, NoticeCookies, render_notice
from .paths import is_export
from .registry import FRAGMENTS, Page, PageRedirect
from .responses import accepts_gzip, is_htmx_request, send_html, send_page, send_redirect, wants_html
from .security import HOME_PATH, choose_safe_next_path, read_url_header, require_same_origin
from .session import HasEnded, Sessions, parse_cookies
from .sign_in import LOCAL, TOKEN, SignIn, SignOn
from .templating import render_template
from .upstream_authorization import UpstreamAuthorizations
from .view import View

__all__ = ["MonitorApp"]

log = logging.getLogger(__name__)

STREAM_OPERATION = declared("monitor", "stream")
LOGOUT, SIGN_OUT = declared("auth", "logout"), declared("auth", "sign_out")
LOGIN_PATHS = frozenset({"sso", "callback", "upstream-callback", "upstream-client", "upstream-authorized"})
MAX_QUERY = 8_192
FIND_PAGE: Lazy[Callable[[str], tuple[Page, dict[str, str]] | None]] = Lazy("agora.protocols.web.pages:find_page")


async def _load_no_values(view: View) -> dict[str, Any]:
    return {}


NO_PAGE = Page("/", "Page not found", "error.html", _load_no_values)  #: the page of unknown paths


class MonitorApp:
    """Serves the monitor. ended: whether the user has signed out of a session. sign_on: single sign-on, if configured."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        request_authenticator: RequestAuthenticator,
        settings: Settings,
        sealer: Sealer,
        clock: Clock,
        ended: HasEnded,
        sign_on: SignOn | None = None,
    ) -> None:
        self.dispatcher, self.request_authenticator, self.public_url = (
            dispatcher,
            request_authenticator,
            settings.public_url,
        )
        resolvers = {TOKEN: self._authenticate_token_session, LOCAL: self._authenticate_local_session}
        secure = urlsplit(settings.own_url).scheme == "https"
        self.sessions = Sessions(sealer, clock, resolvers, ended, secure=secure)
        self.notices = NoticeCookies(self.sessions)
        self.sign_in = SignIn(request_authenticator, self.sessions, sign_on, settings.public_url)
        self.actions = Actions(dispatcher, self.notices, settings.body_limit)
        self.exports = Exports(dispatcher)
        self.upstreams = UpstreamAuthorizations(dispatcher, self.notices, settings.own_url)

    async def _authenticate_token_session(self, scope: Scope, credential: str) -> Caller:
        return await self.sign_in.authenticate_token_session(scope, credential)

    async def _authenticate_local_session(self, scope: Scope, credential: str) -> Caller:
        return await self.sign_in.authenticate_same_machine_session(scope, credential)

    # -- requests --------------------------------------------------------------------------------

    async def send_not_found(self, scope: Scope, send: Send) -> None:
        """Send the page of an unknown path."""
        error = NotFound("There is no page at this address.", fix="Check the address, or start at the dashboard.")
        await self._send_failure(error, scope, send)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        try:
            if not path.startswith(HOME_PATH):  # "/" and "/v1/monitor"
                await send_redirect(send, HOME_PATH)
                return
            await self._route_request(path.removeprefix(HOME_PATH), scope, receive, send)
        except Unauthenticated as error:
            await self._redirect_to_sign_in(error, scope, send)
        except AgoraError as error:
            await self._send_failure(error, scope, send)

    async def _route_request(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        section, _, subpath = path.partition("/")
        is_post = scope["method"] == "POST"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            raise MethodNotAllowed(f"{scope['method']} is not possible here.", allowed=["GET", "POST"])
        if is_export(scope):
            await self._send_export(scope, receive, send)
        elif section == "static" and not is_post:
            await ASSETS.send_file(subpath, scope, send)
        elif path == "sign-in":
            await (
                self.sign_in.sign_in_with_form(scope, receive, send)
                if is_post
                else self._send_sign_in_page(scope, send)
            )
        elif is_post:
            await self._route_post(section, subpath, scope, receive, send)
        elif path in LOGIN_PATHS:
            await self._route_login_redirect(path, scope, send)
        elif section == "live":
            await self._send_live(scope, receive, send)
        else:
            await self._send_page(scope, send)

    async def _route_login_redirect(self, path: str, scope: Scope, send: Send) -> None:
        """Answer the requests of redirects to and from an identity provider or an upstream's authorization server."""
        query = _parse_query(scope)
        match path:
            case "sso":
                await self.sign_in.redirect_to_provider(scope, send, query)
            case "callback":
                await self.sign_in.finish_login(scope, send, query)
            case "upstream-callback":
                await self.upstreams.send_callback_page(send, query)
            case "upstream-client":
                await self.upstreams.send_client_document(send)
            case _:
                await self.upstreams.finish_authorization(await self._create_view(scope, NO_PAGE, {}, {}), send, query)

    async def _send_sign_in_page(self, scope: Scope, send: Send) -> None:
        await self.sign_in.send_sign_in_page(scope, send, _parse_query(scope).get("next", HOME_PATH))

    async def _route_post(self, section: str, subpath: str, scope: Scope, receive: Receive, send: Send) -> None:
        # Before the session is read: a form of another site is refused, whatever cookies the browser sends with it.
        require_same_origin(scope, self.public_url)
        view = await self._create_view(scope, NO_PAGE, {}, {})
        if section == "act":
            await self.actions(subpath, view, scope, receive, send)
        elif section == "upstream-authorize":
            await self.upstreams.begin_authorization(view, scope, receive, send)
        elif section == "sign-out":
            await self._sign_out(view, scope, receive, send)
        else:
            raise MethodNotAllowed("Pages do not accept forms: send them to act/OPERATION.", allowed=["GET"])

    async def _sign_out(self, view: View, scope: Scope, receive: Receive, send: Send) -> None:
        form = await forms.read_form(scope, receive, MAX_QUERY)
        # A second check beside the origin: some browsers and proxies send neither Origin nor Referer.
        view.session.require_form_token(read_header(scope, b"x-csrf-token") or form.get("csrf"))
        session, redirect_url = view.session, f"{HOME_PATH}sign-in"
        session_caller = replace(
            view.caller, tenant=session.tenant
        )  # a server operator may currently act in another tenant
        await self.dispatcher.invoke(SIGN_OUT, session_caller, {"session_id": session.id})
        if view.caller.kind == "user":  # also end the provider's session, if it supports that
            # The session here has ended already; a provider that is away must not keep the person from signing out.
            with suppress(AgoraError):
                redirect_url = (await self.dispatcher.invoke(LOGOUT, view.caller, {})).result.logout_url or redirect_url
        # A page that redirects: a form must not lead to another site, not even by an HTTP redirect.
        await send_html(
            send, 200, render_template("onward.html", {"next": redirect_url}), [self.sessions.build_expired_cookie()]
        )

    async def _send_export(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file to a caller with a credential or a session."""
        # A program that sends a credential means it, whatever cookies it has stored.
        session = None if self.request_authenticator.read_credential(scope) else self.sessions.find_session(scope)

        async def authenticate() -> Caller:
            if session is None:
                return await self.request_authenticator.authenticate_request(scope)
            return await self.sessions.resolve_caller(scope, session)

        async def reauthenticate_caller() -> None:
            await authenticate()

        await self.exports(await authenticate(), reauthenticate_caller, scope, receive, send)

    # -- pages -----------------------------------------------------------------------------------

    async def _create_view(self, scope: Scope, page: Page, path: dict[str, str], query: dict[str, str]) -> View:
        """Create a view for the signed-in user. Raises Unauthenticated."""
        session = self.sessions.find_session(scope)
        if session is None:
            raise Unauthenticated("No user is signed in.", fix="Sign in.")
        caller = await self.sessions.resolve_caller(scope, session)
        # Read before the page is built: an event that comes meanwhile is sent by the live stream, not missed.
        channel = await self.dispatcher.feed.load_channel(caller.tenant)
        FIND_PAGE.get()  # loading registers the pages, which the view lists
        return View(self.dispatcher, caller, session, page, path, query, channel.head)

    async def _send_page(self, scope: Scope, send: Send) -> None:
        match = FIND_PAGE.get()(_read_monitor_path(scope))
        page, path = match if match is not None else (NO_PAGE, {})
        view = await self._create_view(scope, page, path, _parse_query(scope))
        # After the view: whoever is not signed in is sent to the sign-in page, also from an unknown address.
        if match is None:
            raise NotFound("There is no such page.")
        if not view.may_open(page):
            raise PermissionDenied(f"{page.title} is not visible to you.", fix="Sign in as a user who may see it.")
        notice = self.notices.read_cookie(parse_cookies(scope).get(NOTICE_COOKIE))
        try:
            body = await _render_page(page, view, notice)
        except PageRedirect as redirect:
            await send_redirect(send, redirect.path)
            return
        await send_page(scope, send, body, [self.notices.build_expired_cookie()] if notice else [])

    async def _redirect_to_sign_in(self, error: Unauthenticated, scope: Scope, send: Send) -> None:
        """Redirect a browser to the sign-in page and back; a script gets a header and redirects itself."""
        headers = [self.sessions.build_expired_cookie()] if self.sessions.name in parse_cookies(scope) else []
        if is_htmx_request(scope):
            if scope["method"] == "POST":  # the form stays, and is submitted again after signing in
                notice = Notice("failed", "Your session has ended. Sign in, then send this again.", sign_in=True)
            else:
                notice = Notice("failed", str(error))
                headers.append((b"hx-redirect", f"{HOME_PATH}sign-in".encode()))
            await send_html(send, 401, render_notice(notice), headers)
        elif not wants_html(scope):
            await send_problem(send, error, instance=scope["path"])
        elif scope["method"] == "POST":
            await send_redirect(send, f"{HOME_PATH}sign-in", headers)
        else:
            current_path = HOME_PATH + _read_monitor_path(scope)
            if scope["query_string"]:
                current_path += "?" + scope["query_string"].decode("latin-1")
            redirect_url = "" if current_path == HOME_PATH else f"?next={quote(current_path, safe='')}"
            await send_redirect(send, f"{HOME_PATH}sign-in{redirect_url}", headers)

    async def _send_failure(self, error: AgoraError, scope: Scope, send: Send) -> None:
        """Send an error as a page, or as a notice within the requesting page."""
        if is_htmx_request(scope):
            await send_html(send, error.status, render_notice(Notice("failed", str(error))))
            return
        if not wants_html(scope):
            await send_problem(send, error, instance=scope["path"])
            return
        page = _find_referring_page(scope) if scope["method"] == "POST" else None
        if page is not None:  # a page at the URL of an action could not be reloaded
            await send_redirect(send, page, [self.notices.build_cookie(Notice("failed", str(error)))])
            return
        try:
            view: View | None = await self._create_view(scope, NO_PAGE, {}, {})
        except AgoraError:
            view = None
        values = {"view": view, "notice": None, "error": error, "list_page": _find_list_page(scope, view)}
        await send_html(send, error.status, render_template("error.html", values))

    # -- live ------------------------------------------------------------------------------------

    async def _send_live(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = FIND_PAGE.get()(_read_monitor_path(scope).removeprefix("live"))
        if match is None or not match[0].live:
            raise NotFound("This page has no live updates.")
        page, path = match
        query = _parse_query(scope)
        opened_at = query.pop("after", None)  # of the stream, not of the page that its fragments link to
        # The header first: a browser reconnects with the original URL, whose position is old by then.
        after = read_header(scope, b"last-event-id") or opened_at
        view = await self._create_view(scope, page, path, query)
        if not view.may_open(page):
            raise PermissionDenied(f"{page.title} is not visible to you.")
        fragments = [FRAGMENTS[name] for name in page.live]
        if after is not None and after.isdecimal() and view.position - int(after[:18]) > live.MAX_MISSED_EVENTS:
            await live.send_reload(send)
            return

        async def reauthenticate_caller() -> None:
            await self.sessions.resolve_caller(scope, view.session)

        # No types would select all of them.
        types = sorted({type for part in fragments for type in part.on}) or ["agora.none"]
        try:
            arguments = {"types": types, "last_event_id": after}
            stream = await self.dispatcher.open_stream(
                STREAM_OPERATION, view.caller, arguments, valid=reauthenticate_caller
            )
        # Retention has deleted events since the page was built: it cannot be brought up to date in parts.
        except CursorTooOld:
            await live.send_reload(send)
            return
        await live.serve_fragments(stream, view, fragments, receive, send, compressed=accepts_gzip(scope))


async def _render_page(page: Page, view: View, notice: Notice | None) -> bytes:
    """Render a page as HTML. Raises InternalError for an error in the page itself."""
    try:
        return render_template(page.template, {"view": view, "notice": notice, **await page.build(view)})
    except (AgoraError, PageRedirect):
        raise
    except Exception as error:
        incident = new_id("err")
        log.exception("the page %r failed (%s)", page.path, incident)
        raise InternalError("The page could not be shown.", incident=incident) from error


def _find_list_page(scope: Scope, view: View | None) -> Page | None:
    """Find the list page of a missing object, where the user can continue; None if the user may open none."""
    root, _, subpath = _read_monitor_path(scope).partition("/")
    if view is None or not subpath:
        return None
    return next((page for page in view.navigation if page.path == root), None)


def _find_referring_page(scope: Scope) -> str | None:
    """Find the path of the monitor's page that sent a form, if the browser sends a referrer."""
    referer = read_url_header(scope, b"referer")
    return choose_safe_next_path(f"{referer.path}?{referer.query}") if referer.path.startswith(HOME_PATH) else None


def _read_monitor_path(scope: Scope) -> str:
    """Read the raw path below ``/v1/monitor/``."""
    # The raw path: an encoded slash in the name of an object is no separator.
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    return raw.split(b"?", 1)[0].decode("latin-1").removeprefix(HOME_PATH)


def _parse_query(scope: Scope) -> dict[str, str]:
    query: bytes = scope["query_string"]
    if len(query) > MAX_QUERY:
        raise NotFound("The address is too long.")
    return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=False))
