"""Acts: a form that is sent runs an operation as the person who sent it.

``POST /v1/monitor/act/OPERATION`` with the operation's arguments as fields, the session's token as ``csrf`` (or in the header
``X-CSRF-Token``), ``next`` for where to go afterwards, ``idempotency_key`` so that sending it twice acts once. What the
operation answers is not shown unless ``show`` asks for it: then the answer is a page with it, which is how a new key is
seen once.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from agora.core.dispatcher import Dispatcher
from agora.protocols.http import Receive, Scope, Send, read_header, while_connected
from agora_sdk.contract import Kind, Operation
from agora_sdk.errors import AgoraError, MethodNotAllowed

from . import forms, outcomes
from .named_agents import check_named_agents
from .notices import Notices, render_notice
from .responses import is_htmx_request, send_html, send_redirect
from .security import safe_next_path
from .templating import render_template
from .view import View

__all__ = ["Actions"]


class Actions:
    """Runs operations for forms."""

    def __init__(self, dispatcher: Dispatcher, notices: Notices, body_limit: int) -> None:
        self.dispatcher, self.notices, self.body_limit = dispatcher, notices, body_limit

    async def __call__(self, name: str, view: View, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the operation of that name with the form of a request. Raises AgoraError before it runs."""
        form = await forms.read_form(scope, receive, self.body_limit)
        view.session.check_form_token(read_header(scope, b"x-csrf-token") or form.get("csrf"))
        operation = self._find_operation(name, view)
        try:
            await check_named_agents(view, form)
            result = await self._run_operation(operation, view, form, receive)
        except AgoraError as error:
            await self._send_failure(error, form, scope, send)
            return
        if form.get("show"):
            values = {"view": view, "notice": None, "operation": operation, "result": result, "next": _next_path(form)}
            await send_html(send, 200, render_template("acted.html", values))
        else:
            await self._send_success(operation, form, scope, send)

    def _find_operation(self, name: str, view: View) -> Operation:
        operation = self.dispatcher.context.registry.find(name, None, view.caller.tenant)
        if operation.kind in (Kind.QUERY, Kind.STREAM):
            raise MethodNotAllowed(f"{operation.name} changes nothing: there is no form for it.", allowed=["GET"])
        return operation

    async def _run_operation(self, operation: Operation, view: View, form: forms.Form, receive: Receive) -> Any:
        call = self.dispatcher.invoke(
            operation,
            view.caller,
            forms.to_arguments(form, operation),
            idempotency_key=form.get("idempotency_key"),
        )
        return (await while_connected(receive, call)).result

    async def _send_success(self, operation: Operation, form: forms.Form, scope: Scope, send: Send) -> None:
        words = outcomes.describe_outcome(operation, form.get)
        if not is_htmx_request(scope):
            await send_redirect(send, _next_path(form), [self.notices.cookie("done", words)])
        elif form.get("next"):
            away = (b"hx-redirect", _next_path(form).encode("ascii"))
            await send_html(send, 200, b"", [away, self.notices.cookie("done", words)])
        else:
            trigger = to_json({"agora:done": {"operation": operation.name}})
            await send_html(send, 200, render_notice("done", words), [(b"hx-trigger", trigger)])

    async def _send_failure(self, error: AgoraError, form: forms.Form, scope: Scope, send: Send) -> None:
        if is_htmx_request(scope):
            await send_html(send, error.status, render_notice("failed", str(error)))
        else:
            await send_redirect(send, _next_path(form), [self.notices.cookie("failed", str(error))])


def _next_path(form: forms.Form) -> str:
    return safe_next_path(form.get("next"))
