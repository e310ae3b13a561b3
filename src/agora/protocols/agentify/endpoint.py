"""The agent protocol over HTTP: a posted message and its reply in the same response.

=======================================  =======================================================================
``POST /agent/message``                  to the recipients of the message; without any, to the marketplace itself
``POST /agents/AGENT/agent/message``     the same; without recipients, to that agent
=======================================  =======================================================================

200 is a reply, including a failure or refusal of the agent; 202 the receipt of a message without a reply (yet). Other
statuses are errors of the message, in the protocol's format.
"""

from __future__ import annotations

import logging
import re

from pydantic_core import to_json

from agora.clock import new_id
from agora.core.dispatcher import Dispatcher
from agora.protocols.http import (
    Receive,
    RequestAuthenticator,
    Scope,
    Send,
    read_body,
    read_header,
    run_while_connected,
    send_problem,
    send_response,
)
from agora.settings import Settings
from agora_sdk.errors import (
    AgoraError,
    InternalError,
    MethodNotAllowed,
    Unauthenticated,
    UnsupportedMediaType,
)

from .exchange import MessageExchange, expects_reply
from .messages import Document, IncomingMessage, build_error_message, parse_message

__all__ = ["AgentifyApp"]

log = logging.getLogger(__name__)

PATH = re.compile(r"(?:/agents/([^/]{1,600}))?/agent/message/?")
PREFER_WAIT = re.compile(r"\bwait=(\d{1,4})\b")


class AgentifyApp:
    """ASGI application of ``/agent/message``."""

    def __init__(self, dispatcher: Dispatcher, request_authenticator: RequestAuthenticator, settings: Settings) -> None:
        self._exchange, self._request_authenticator, self._settings = (
            MessageExchange(dispatcher),
            request_authenticator,
            settings,
        )
        self._dispatcher = dispatcher

    def owns_request(self, scope: Scope) -> bool:
        """Whether a request belongs to this protocol."""
        path: str = scope["path"]
        return path.endswith(("/agent/message", "/agent/message/")) and PATH.fullmatch(path) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            error = MethodNotAllowed(
                f"{scope['method']} is not possible at {scope['path']}.", fix="Use POST.", allowed=["POST"]
            )
            await send_problem(send, error, instance=scope["path"], extra_headers={"allow": "POST"})
            return
        message: IncomingMessage | None = None
        try:
            message = await self._read_message(scope, receive)
            status, document = await self._send_or_call(message, scope, receive)
        except AgoraError as error:
            status, document = error.status, build_error_message(error, message)
        except Exception:
            incident = new_id("err")
            log.exception("a message failed (%s)", incident)
            internal = InternalError("Something went wrong on our side.", incident=incident)
            status, document = internal.status, build_error_message(internal, message)
        await send_response(send, status, to_json(document), _build_response_headers(status, document))

    async def _read_message(self, scope: Scope, receive: Receive) -> IncomingMessage:
        # Before the caller is known: the credential may be in the message.
        body = await read_body(scope, receive, self._settings.body_limit)
        kind = (read_header(scope, b"content-type") or "").split(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise UnsupportedMediaType(
                f"The body is {kind or 'of no type'}, not JSON.", fix="Send 'Content-Type: application/json'."
            )
        await self._wait_for_parsing_turn(scope, len(body))
        message = parse_message(body)
        match = PATH.fullmatch(scope["path"])
        if match is not None and match[1] is not None and not message.document.get("to"):
            message.document["to"] = [match[1]]
        return message

    async def _wait_for_parsing_turn(self, scope: Scope, size: int) -> None:
        """Wait for the turn to parse a body. Raises Overloaded.

        The credential may be in the message, and a refused one is reported with the message: until it is parsed, such
        a caller is one without a credential.
        """
        caller = await self._request_authenticator.authenticate_or_anonymous(scope)
        await self._dispatcher.wait_for_turn(caller, size)

    async def _send_or_call(self, message: IncomingMessage, scope: Scope, receive: Receive) -> tuple[int, Document]:
        credential = self._request_authenticator.read_credential(scope) or message.credential
        caller = await self._request_authenticator.authenticate_request(scope, credential)
        if self._exchange.is_operation_call(message):
            return await run_while_connected(receive, self._exchange.answer_operation_call(message, caller))
        receipt = await self._exchange.send_message(message, caller, read_header(scope, b"idempotency-key"))
        seconds = _read_preferred_wait(read_header(scope, b"prefer") or "")
        if receipt.unregistered and len(receipt.unregistered) == receipt.recipients and seconds is None:
            seconds = 0.0  # no recipient is registered, so the receipt is sent immediately
        if seconds != 0 and (receipt.answer is not None or expects_reply(message)):
            reply = await run_while_connected(receive, self._exchange.wait_for_reply(message, caller, receipt, seconds))
            if reply is not None:
                return 200, reply
        return 202, self._exchange.build_receipt(message, receipt)


def _build_response_headers(status: int, document: Document) -> list[tuple[bytes, bytes]]:
    details = document["payload"].get("details") if isinstance(document.get("payload"), dict) else None
    if status == Unauthenticated.status:
        return [(b"www-authenticate", b'Bearer realm="agora"')]
    if status in (429, 503) and isinstance(details, dict):
        return [(b"retry-after", str(int(details.get("retry_after", 1))).encode())]
    return []


def _read_preferred_wait(prefer: str) -> float | None:
    """Read the seconds to wait from the header ``Prefer`` (RFC 7240): 0 for respond-async, N for wait=N."""
    if "respond-async" in prefer.lower():
        return 0.0
    match = PREFER_WAIT.search(prefer)
    return float(match[1]) if match else None
