"""Authorization of MCP upstreams in a browser.

``POST upstream-authorize`` begins and redirects to the authorization server, ``GET upstream-callback`` is its redirect
URI, and ``GET upstream-authorized`` finishes as the signed-in user. ``GET upstream-client`` is this server's metadata
for authorization servers that accept a URL as client id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from pydantic_core import to_json

from agora.core.dispatcher import Dispatcher
from agora.core.upstream_client import build_client_document_or_none
from agora.protocols.http import Receive, Scope, Send, read_header, send_response
from agora_sdk.contract import declared
from agora_sdk.errors import NotFound

from . import forms
from .notices import Notice, NoticeCookies
from .responses import send_html, send_redirect
from .security import HOME_PATH
from .templating import render_template
from .view import View

__all__ = ["UpstreamAuthorizations"]

AUTHORIZE_OPERATION: Final = declared("upstream", "authorize")
FINISH_OPERATION: Final = declared("upstream", "finish_authorization")
UPSTREAMS_PATH: Final = f"{HOME_PATH}services/upstreams"
MAX_BODY_BYTES: Final = 16_384
CALLBACK_FIELDS: Final = ("state", "code", "iss", "error")


class UpstreamAuthorizations:
    """Redirects browsers to authorization servers and back."""

    def __init__(self, dispatcher: Dispatcher, notices: NoticeCookies, base_url: str) -> None:
        self._dispatcher, self._notices = dispatcher, notices
        self._document = build_client_document_or_none(base_url)

    async def begin_authorization(self, view: View, scope: Scope, receive: Receive, send: Send) -> None:
        """Begin the authorization that an upstream's page requests by its form, and redirect to the authorization
        server."""
        form = await forms.read_form(scope, receive, MAX_BODY_BYTES)
        view.session.require_form_token(read_header(scope, b"x-csrf-token") or form.get("csrf"))
        name = form.get("upstream") or ""
        arguments = {"upstream": name, "shared": form.get("shared") == "true"}
        authorization = (await self._dispatcher.invoke(AUTHORIZE_OPERATION, view.caller, arguments)).result
        if authorization.url is None:
            await self._return_to_upstream(send, name, Notice("done", "Upstream authorized"))
            return
        # A page that redirects: a form must not lead to another site, not even by an HTTP redirect.
        await send_html(send, 200, render_template("onward.html", {"next": authorization.url}))

    async def send_client_document(self, send: Send) -> None:
        """Send the metadata of this server as an OAuth client. Raises NotFound if its URL is not https."""
        if self._document is None:
            raise NotFound("This server has no OAuth client metadata.", fix="Set public_url to its https URL.")
        await send_response(send, 200, to_json(self._document))

    async def send_callback_page(self, send: Send, query: Mapping[str, str]) -> None:
        """Answer the redirect with a page that continues by itself: strict cookies are not sent with another site's
        redirect."""
        fields = {name: query[name] for name in CALLBACK_FIELDS if query.get(name)}
        await send_html(
            send, 200, render_template("onward.html", {"next": f"{HOME_PATH}upstream-authorized?{urlencode(fields)}"})
        )

    async def finish_authorization(self, view: View, send: Send, query: Mapping[str, str]) -> None:
        """Exchange the code, and show the upstream. Raises AgoraError if the upstream is unknown."""
        fields = {name: query[name] for name in CALLBACK_FIELDS if query.get(name)}
        result = (await self._dispatcher.invoke(FINISH_OPERATION, view.caller, fields)).result
        await self._return_to_upstream(send, result.upstream, Notice("done", "Upstream authorized"))

    async def _return_to_upstream(self, send: Send, name: str, notice: Notice) -> None:
        await send_redirect(send, f"{UPSTREAMS_PATH}/{quote(name, safe='')}", [self._notices.build_cookie(notice)])
