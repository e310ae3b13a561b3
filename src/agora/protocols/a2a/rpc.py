"""The JSON-RPC 2.0 binding over HTTP: section 9 of A2A 1.0, and section 3.2.1 of A2A 0.3.

The method's name determines the version: each name belongs to one. A batch is answered in order as in JSON-RPC, without
streaming methods; a notification is executed without a response.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from math import isfinite
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora.core.call import Caller
from agora.core.pagination import PageBudget
from agora.protocols.http import Receive, Send, derive_batch_item_key, run_while_connected, send_response
from agora.value_classes import value_class
from agora_sdk.errors import AgoraError

from . import versions
from .dialects import CURRENT, LEGACY
from .errors import A2AError, WireError, build_protocol_error, to_wire_error
from .http_request import HttpRequest
from .methods import METHODS, find_legacy_method, require_params
from .operations import A2AOperations, A2ARequest, OpenedStream
from .streaming import SseEncoder, send_error_stream, send_stream

__all__ = ["RpcEndpoint"]

MAX_BATCH: Final = 50  #: maximum requests of a batch
WAITING_METHOD: Final = "SendMessage"  #: the method that waits for an agent


@value_class
class _RpcAnswer:
    """A response document, None for a notification, with its error for the HTTP status."""

    body: bytes | None
    error: WireError | None = None


class _Batch:
    """The results of a batch: together at most one page; the first always fits.

    Requests that wait for an agent run concurrently: in sequence, silent agents could hold the batch for the sum of all
    waits. The others run in sequence, so that none is started without room for its result.
    """

    def __init__(self, limit: int) -> None:
        self._budget, self._turn, self._byte_limit = PageBudget(limit), asyncio.Lock(), limit

    async def run_request(self, request: A2ARequest, call: Callable[[A2ARequest], Awaitable[bytes]]) -> bytes:
        """Run a request; returns its result. Raises A2AError if the batch has no room for it."""
        if request.method.name == WAITING_METHOD:
            result = await call(request)
            if not self._budget.take_if_fits((result,)):
                raise self._build_no_room_error("It was executed; read its task with GetTask")
            return result
        # The budget is checked and used under one lock: a change must not be carried out without room to report it.
        async with self._turn:
            if self._budget.full:
                raise self._build_no_room_error("Send it again, alone")
            result = await call(request)
            if not self._budget.take_if_fits((result,)):
                raise self._build_no_room_error("Send it again, alone")
            return result

    def _build_no_room_error(self, fix: str) -> A2AError:
        return build_protocol_error(
            "UNSUPPORTED_OPERATION", f"The results of a batch are limited to {self._byte_limit} bytes in total. {fix}."
        )


class RpcEndpoint:
    """Serves POST at an agent's address."""

    def __init__(self, operations: A2AOperations) -> None:
        self._operations = operations

    async def __call__(self, http_request: HttpRequest, receive: Receive, send: Send) -> None:
        """Answer one request. Raises an AgoraError for errors outside JSON-RPC."""
        caller = await http_request.authenticate_caller()
        # After the authentication, so that a stranger cannot make the server parse large bodies.
        body = await http_request.read_json_body(receive, self._operations.dispatcher, caller)
        try:
            # NaN and Infinity are not JSON; passed on, they could not be encoded in an answer.
            message = from_json(body, allow_inf_nan=False)
        except ValueError as error:
            parse_error = build_protocol_error("PARSE_ERROR", str(error)).wire_error
            await _send_answer(send, _RpcAnswer(_encode_error(None, parse_error)))
            return
        if isinstance(message, list):
            await _send_answer(
                send, await run_while_connected(receive, self._answer_batch(message, http_request, caller))
            )
            return
        await self._answer_single(message, http_request, caller, receive, send)

    async def send_error(self, send: Send, wire_error: WireError) -> None:
        """Send the error of a body that is not a request."""
        await _send_answer(send, _RpcAnswer(_encode_error(None, wire_error), wire_error))

    async def _answer_single(
        self, message: Any, http_request: HttpRequest, caller: Caller, receive: Receive, send: Send
    ) -> None:
        request: A2ARequest | None = None
        id = _read_request_id(message)
        try:
            request = _parse_request(message, http_request, caller)
            if request.method.streams:
                opened = await self._operations.open_stream(request)
                if not _is_notification(message, request):
                    await self._send_stream(opened, request, id, receive, send)
                    return
                opened.close()
                answer = _RpcAnswer(None)
            else:
                result = await http_request.run_while_connected(
                    receive, self._operations.call_operation(request), request
                )
                answer = _RpcAnswer(_encode_result(id, result))
        except A2AError as error:
            answer = _RpcAnswer(_encode_error(id, error.wire_error))
        except AgoraError as error:
            wire_error = _build_request_error(error, request)
            answer = _RpcAnswer(_encode_error(id, wire_error), wire_error)
            if (
                request is not None
                and request.method.streams
                and request.dialect.is_legacy
                and http_request.wants_events
                and not _is_notification(message, request)
            ):
                await send_error_stream(answer.body or b"", send)  # clients of 0.3 handle nothing else
                return
        await _send_answer(send, _RpcAnswer(None) if _is_notification(message, request) else answer)

    async def _answer_batch(self, messages: Sequence[Any], http_request: HttpRequest, caller: Caller) -> _RpcAnswer:
        # An empty array is an invalid request (JSON-RPC 2.0, section 6).
        if not 0 < len(messages) <= MAX_BATCH:
            what = f"A batch has 1 to {MAX_BATCH} requests."
            return _RpcAnswer(_encode_error(None, build_protocol_error("INVALID_REQUEST", what).wire_error))
        batch = _Batch(self._operations.page_bytes)
        results = await asyncio.gather(
            *[
                self._answer_batch_item(message, position, http_request, caller, batch)
                for position, message in enumerate(messages)
            ]
        )
        answers = [answer for answer in results if answer is not None]
        return _RpcAnswer(b"[%b]" % b",".join(answers) if answers else None)

    async def _answer_batch_item(
        self, message: Any, position: int, http_request: HttpRequest, caller: Caller, batch: _Batch
    ) -> bytes | None:
        """Answer one request of a batch."""
        request: A2ARequest | None = None
        id = _read_request_id(message)
        try:
            request = _parse_request(message, http_request, caller)
            if request.method.streams:
                # A batch is one JSON document, so it cannot contain a stream.
                raise build_protocol_error("UNSUPPORTED_OPERATION", f"{request.method.name} streams; send it alone.")
            request.key = derive_batch_item_key(request.key, position)
            answer = _encode_result(id, await batch.run_request(request, self._operations.call_operation))
        except A2AError as error:
            answer = _encode_error(id, error.wire_error)
        except AgoraError as error:
            answer = _encode_error(id, _build_request_error(error, request))
        return None if _is_notification(message, request) else answer

    async def _send_stream(
        self, opened: OpenedStream, request: A2ARequest, id: Any, receive: Receive, send: Send
    ) -> None:
        def encode_item(json: bytes) -> bytes:
            return _encode_result(id, request.dialect.encode_event(json, interrupts=opened.interrupts))

        def encode_error(error: AgoraError) -> bytes:
            return _encode_error(id, _build_request_error(error, request))

        await send_stream(opened, SseEncoder(encode_item, encode_error), receive, send, self._operations.buffer_limit)


def _read_request_id(message: Any) -> Any:
    """Read the id of a request; None if it has no valid one."""
    # JSON-RPC 2.0, section 5: an error about a request whose id cannot be read has the id null.
    id = message.get("id") if isinstance(message, dict) else None
    if isinstance(id, bool) or (isinstance(id, float) and not isfinite(id)):  # 1e999 cannot be encoded
        return None
    return id if isinstance(id, str | int | float) else None


def _is_notification(message: Any, request: A2ARequest | None) -> bool:
    """Whether the message is a notification: a request without an id, which gets no response."""
    return request is not None and "id" not in message


def _parse_request(message: Any, http_request: HttpRequest, caller: Caller) -> A2ARequest:
    """Parse a request. Raises A2AError, and InvalidRequest for its parameters."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise build_protocol_error("INVALID_REQUEST", "A request is an object with 'jsonrpc': '2.0'.")
    name = message.get("method")
    if not isinstance(name, str) or not name:
        raise build_protocol_error("INVALID_REQUEST", "A request has a 'method', which is a string.")
    if message.get("id") is not None and _read_request_id(message) is None:
        raise build_protocol_error("INVALID_REQUEST", "The 'id' of a request is a string or a number.")
    version = versions.negotiate_version(http_request.scope)
    method, dialect = METHODS.get(name), CURRENT
    if method is None:
        method, dialect = find_legacy_method(name), LEGACY
    if method is None:
        raise build_protocol_error("METHOD_NOT_FOUND", f"There is no method {name[:100]!r}.", fix=_suggest_method(name))
    # Answered in the other dialect, the call would succeed with a result that the client cannot read.
    if dialect.name != version:
        raise _build_wrong_version_error(name, dialect.name, version)
    arguments = method.read_arguments(require_params(message.get("params")), dialect.is_legacy)
    return http_request.build_request(method, arguments, dialect, caller)


def _build_wrong_version_error(method: str, method_version: str, request_version: str) -> A2AError:
    fix = f"Send the header 'A2A-Version: {method_version}'"
    fix += "." if request_version == versions.LEGACY else ", or none."
    return build_protocol_error(
        "VERSION_NOT_SUPPORTED",
        f"{method} is a method of A2A {method_version}, and the request is one of A2A {request_version}. {fix}",
        requested=request_version,
        supported=", ".join(versions.SUPPORTED),
    )


def _suggest_method(method: str) -> str:
    normalized = method.lower().replace("_", "").replace("/", "")
    for name in (*METHODS, *("message/send", "message/stream", "tasks/get", "tasks/cancel", "tasks/resubscribe")):
        if name.lower().replace("/", "") == normalized:
            return f"Did you mean {name}?"
    return f"Methods: {', '.join(METHODS)}; and those of A2A 0.3, such as message/send."


def _build_request_error(error: AgoraError, request: A2ARequest | None) -> WireError:
    if request is None:
        return to_wire_error(error)
    return to_wire_error(error, request.method.name, request.task_id)


def _encode_result(id: Any, result: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (to_json(id), result)


def _encode_error(id: Any, wire_error: WireError) -> bytes:
    return to_json({"jsonrpc": "2.0", "id": id, "error": wire_error.build_rpc_error()})


async def _send_answer(send: Send, answer: _RpcAnswer) -> None:
    if answer.body is None:
        await send_response(send, 202, b"")
    elif answer.error is None:
        await send_response(send, 200, answer.body)
    else:
        await send_response(send, answer.error.rpc_status, answer.body, answer.error.build_response_headers())
