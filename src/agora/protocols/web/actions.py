"""Actions: a submitted form runs an operation as the user who submitted it.

``POST /v1/monitor/act/OPERATION`` with the operation's arguments as fields, the session's token as ``csrf`` (or in the
header ``X-CSRF-Token``), ``next`` for the following page, and ``idempotency_key`` so that submitting twice acts once.
The result is not shown, unless ``show`` requests it for the notice, which displays a new key once.

With ``visit`` the browser is redirected to the page of the created object.

There is no page at the URL of an action. A script that submits the form gets a toast and refreshes its page; a browser
without scripts is redirected, and shows the notice on the next page.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from agora.core.dispatcher import Dispatcher
from agora.protocols.http import Receive, Scope, Send, read_header, run_while_connected
from agora_sdk.contract import Kind, Operation
from agora_sdk.errors import AgoraError, MethodNotAllowed

from . import forms, outcomes
from .filters import format_document
from .named_agents import require_existing_agents
from .notices import Notice, NoticeCookies, render_notice, render_toast
from .responses import is_htmx_request, send_html, send_redirect
from .security import HOME_PATH, choose_safe_next_path, read_url_header
from .view import View

__all__ = ["Actions"]


class Actions:
    """Runs the operations of submitted forms, and answers with their outcome."""

    def __init__(self, dispatcher: Dispatcher, notices: NoticeCookies, body_limit: int) -> None:
        self.dispatcher, self.notices, self.body_limit = dispatcher, notices, body_limit

    async def __call__(self, name: str, view: View, scope: Scope, receive: Receive, send: Send) -> None:
        """Run an operation with the form of a request. Raises AgoraError before it runs."""
        form = await forms.read_form(scope, receive, self.body_limit)
        # Before the operation is even looked for: a forged form must have no effect, and learn nothing.
        view.session.require_form_token(read_header(scope, b"x-csrf-token") or form.get("csrf"))
        operation = self._find_operation(name, view)
        try:
            await require_existing_agents(view, form)
            result = await self._run_operation(operation, view, form, receive)
        except AgoraError as error:
            await self._send_failure(error, form, scope, send)
            return
        await self._send_success(_describe_success(operation, form, result, scope), form, scope, send)

    def _find_operation(self, name: str, view: View) -> Operation:
        operation = self.dispatcher.context.registry.resolve(name, None, view.caller.tenant)
        if operation.kind in (Kind.QUERY, Kind.STREAM):
            raise MethodNotAllowed(f"{operation.name} changes nothing: there is no form for it.", allowed=["GET"])
        return operation

    async def _run_operation(self, operation: Operation, view: View, form: forms.Form, receive: Receive) -> Any:
        call = self.dispatcher.invoke(
            operation,
            view.caller,
            forms.convert_form_to_arguments(form, operation),
            idempotency_key=form.get("idempotency_key"),
        )
        return (await run_while_connected(receive, call)).result

    async def _send_success(self, notice: Notice, form: forms.Form, scope: Scope, send: Send) -> None:
        if notice.path and form.get("visit"):
            await self._send_result_page(notice, scope, send)
        elif not is_htmx_request(scope):
            await send_redirect(send, _choose_next_path(form), [self.notices.build_cookie(notice)])
        elif form.get("next") and not _returns_to_sending_page(form, scope):
            # A redirect would be followed by the script, which would put the page into the form's place.
            away = (b"hx-redirect", _choose_next_path(form).encode("ascii"))
            await send_html(send, 200, b"", [away, self.notices.build_cookie(notice)])
        else:
            await send_html(send, 200, render_toast(notice))

    async def _send_result_page(self, notice: Notice, scope: Scope, send: Send) -> None:
        """Redirect to the page of the created object."""
        path, cookie = HOME_PATH + notice.path, self.notices.build_cookie(replace(notice, path=""))
        if is_htmx_request(scope):
            await send_html(send, 200, b"", [(b"hx-redirect", path.encode("ascii")), cookie])
        else:
            await send_redirect(send, path, [cookie])

    async def _send_failure(self, error: AgoraError, form: forms.Form, scope: Scope, send: Send) -> None:
        notice = Notice("failed", str(error))
        if is_htmx_request(scope):
            await send_html(send, error.status, render_notice(notice))
        else:
            await send_redirect(send, _choose_next_path(form), [self.notices.build_cookie(notice)])


def _describe_success(operation: Operation, form: forms.Form, result: Any, scope: Scope) -> Notice:
    """Build the notice of a successful action, with a link to the created object unless its page sent the form."""
    path = outcomes.find_result_page_path(result)
    if path and _read_sending_page_path(scope) == HOME_PATH + path:
        path = ""
    words = outcomes.describe_outcome(operation, form.get, result)
    if not form.get("show"):
        return Notice("done", words, path)
    # Only the first: operations have one secret, which is shown once and never again.
    secret = next((str(value) for name in operation.secrets if (value := getattr(result, name, None))), "")
    notice = Notice("done", words, path, secret, format_document(result))
    if operation.name == outcomes.CHAT_OPERATION:
        return replace(notice, links=outcomes.list_answer_links(result), place=outcomes.CHAT_ELEMENT_ID)
    return notice


def _returns_to_sending_page(form: forms.Form, scope: Scope) -> bool:
    """Whether a form returns to the page that sent it, which is then refreshed in place."""
    return urlsplit(_choose_next_path(form)).path == _read_sending_page_path(scope)


def _read_sending_page_path(scope: Scope) -> str:
    """Read the path of the page that sent a form from the htmx header; empty without it."""
    return read_url_header(scope, b"hx-current-url").path


def _choose_next_path(form: forms.Form) -> str:
    return choose_safe_next_path(form.get("next"))
