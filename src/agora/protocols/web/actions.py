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
from agora.protocols.http import Receive, Scope, Send, header, while_connected
from agora_sdk.contract import Kind, Operation
from agora_sdk.errors import AgoraError, MethodNotAllowed

from . import forms, outcomes
from .notices import Notices, piece
from .responses import html, is_piece, redirect
from .security import inside
from .templating import render
from .view import View

__all__ = ["Acts"]


class Acts:
    """Runs operations for forms."""

    def __init__(self, dispatcher: Dispatcher, notices: Notices, body_limit: int) -> None:
        self.dispatcher, self.notices, self.body_limit = dispatcher, notices, body_limit

    async def __call__(self, name: str, view: View, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the operation of that name with the form of a request. Raises AgoraError before it runs."""
        form = await forms.read(scope, receive, self.body_limit)
        view.session.check(header(scope, b"x-csrf-token") or form.get("csrf"))
        operation = self._operation(name, view)
        try:
            result = await self._run(operation, view, form, receive)
        except AgoraError as error:
            await self._failed(error, form, scope, send)
            return
        if form.get("show"):
            values = {"view": view, "notice": None, "operation": operation, "result": result, "next": _next(form)}
            await html(send, 200, render("acted.html", values))
        else:
            await self._done(operation, form, scope, send)

    def _operation(self, name: str, view: View) -> Operation:
        operation = self.dispatcher.context.catalogue.find(name, None, view.caller.tenant)
        if operation.kind in (Kind.QUERY, Kind.STREAM):
            raise MethodNotAllowed(f"{operation.name} changes nothing: there is no form for it.", allowed=["GET"])
        return operation

    async def _run(self, operation: Operation, view: View, form: forms.Form, receive: Receive) -> Any:
        call = self.dispatcher.invoke(
            operation,
            view.caller,
            forms.arguments(form, operation),
            idempotency_key=form.get("idempotency_key"),
        )
        return (await while_connected(receive, call)).result

    async def _done(self, operation: Operation, form: forms.Form, scope: Scope, send: Send) -> None:
        words = outcomes.said(operation, form.get)
        if not is_piece(scope):
            await redirect(send, _next(form), [self.notices.cookie("done", words)])
        elif form.get("next"):
            away = (b"hx-redirect", _next(form).encode("ascii"))
            await html(send, 200, b"", [away, self.notices.cookie("done", words)])
        else:
            done = to_json({"agora:done": {"operation": operation.name}})
            await html(send, 200, piece("done", words), [(b"hx-trigger", done)])

    async def _failed(self, error: AgoraError, form: forms.Form, scope: Scope, send: Send) -> None:
        if is_piece(scope):
            await html(send, error.status, piece("failed", str(error)))
        else:
            await redirect(send, _next(form), [self.notices.cookie("failed", str(error))])


def _next(form: forms.Form) -> str:
    return inside(form.get("next"))
