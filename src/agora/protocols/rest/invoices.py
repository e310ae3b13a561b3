"""Invoices as files: ``/billing/invoices/INV-000001.html`` to print, ``.csv`` and ``.json`` for programs, ``.eml`` to
send.

``?exact=true`` shows every decimal place on the page.
"""

from __future__ import annotations

import re

from agora.core.dispatcher import Dispatcher
from agora.protocols.http import Receive, RequestAuthenticator, Scope, Send, send_problem, send_response
from agora_sdk.contract import declared
from agora_sdk.errors import AgoraError, MethodNotAllowed

__all__ = ["InvoiceFiles"]

DOCUMENT_OPERATION = declared("billing", "document")
INVOICE_PATH = re.compile(r"/billing/invoices/([A-Za-z0-9_-]{1,64})\.(html|csv|json|eml)")
POLICY_HEADER = (
    b"content-security-policy",
    b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)


class InvoiceFiles:
    """Serves an invoice's file directly; the operation returns it in JSON."""

    def __init__(self, dispatcher: Dispatcher, request_authenticator: RequestAuthenticator) -> None:
        self.dispatcher, self.request_authenticator = dispatcher, request_authenticator

    def owns_request(self, scope: Scope) -> bool:
        """Whether a path names an invoice file."""
        return INVOICE_PATH.fullmatch(scope["path"]) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._send_file(scope, send)
        except AgoraError as error:
            extra = {"allow": "GET"} if isinstance(error, MethodNotAllowed) else {}
            await send_problem(send, error, instance=scope["path"], extra_headers=extra)

    async def _send_file(self, scope: Scope, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed(f"{scope['method']} is not possible here.", fix="Use GET.", allowed=["GET"])
        match = INVOICE_PATH.fullmatch(scope["path"])
        assert match is not None
        caller = await self.request_authenticator.authenticate_request(scope)
        exact = scope["query_string"] == b"exact=true"
        arguments = {"invoice": match[1], "format": match[2], "exact": exact}
        file = (await self.dispatcher.invoke(DOCUMENT_OPERATION, caller, arguments)).result
        # Only the page is meant for a browser; its policy forbids scripts, whatever a customer's name contains.
        how = "inline" if match[2] == "html" else "attachment"
        disposition = (b"content-disposition", f'{how}; filename="{file.filename}"'.encode())
        content_type = (b"content-type", file.media_type.encode())
        await send_response(send, 200, file.content.encode(), (POLICY_HEADER, disposition), content_type=content_type)
