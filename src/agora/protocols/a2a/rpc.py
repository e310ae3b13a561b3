"""JSON-RPC 2.0 over HTTP: section 9 of A2A 1.0, and section 3.2.1 of A2A 0.3.

The method's name tells the version: each name belongs to one. A batch is answered as JSON-RPC says, in order,
without the methods that stream; a notification is carried out and not answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora.core.call import Caller
from agora.protocols.http import Receive, Send, respond, while_connected
from agora_sdk.errors import AgoraError

from . import versions
from .core import Core, Request
from .dialects import CURRENT, LEGACY
from .errors import Fault, Faulty, fault, faulty
from .methods import METHODS, legacy_method, params_of
from .session import Session, check_type
from .streaming import Render, failed, stream

__all__ = ["RpcEndpoint"]

BATCH_LIMIT: Final = 50  #: requests of one batch


@dataclass(frozen=True, slots=True)
class _Answer:
    """A response document, or none for a notification; and what HTTP says beside it."""

    body: bytes | None
    fault: Fault | None = None


class RpcEndpoint:
    """Answers POST at an agent's address."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def __call__(self, session: Session, receive: Receive, send: Send) -> None:
        """Answer one request. Raises an AgoraError for what is no JSON-RPC matter."""
        caller = await session.caller()
        body = await session.body(receive)
        check_type(session.scope, body)
        try:
            message = from_json(body, allow_inf_nan=False)
        except ValueError as error:
            found = faulty("PARSE_ERROR", str(error)).fault
            await _respond(send, _Answer(_failure(None, found)))
            return
        if isinstance(message, list):
            await _respond(send, await while_connected(receive, self._batch(message, session, caller)))
            return
        await self._single(message, session, caller, receive, send)

    async def refuse(self, send: Send, found: Fault) -> None:
        """Answer what could not even be read as a request."""
        await _respond(send, _Answer(_failure(None, found), found))

    async def _single(self, message: Any, session: Session, caller: Caller, receive: Receive, send: Send) -> None:
        request: Request | None = None
        id = _id(message)
        try:
            request = _read(message, session, caller)
            if request.method.streams:
                await self._stream(request, id, receive, send)
                return
            answer = _Answer(_result(id, await session.patiently(receive, self._core.call(request), request)))
        except Faulty as refused:
            answer = _Answer(_failure(id, refused.fault))
        except AgoraError as error:
            found = _fault(error, request)
            answer = _Answer(_failure(id, found), found)
            if request is not None and request.method.streams and request.dialect.old and session.wants_events:
                await failed(answer.body or b"", send)  # clients of 0.3 look at nothing else
                return
        await _respond(send, _Answer(None) if _is_silent(message, request) else answer)

    async def _batch(self, messages: Sequence[Any], session: Session, caller: Caller) -> _Answer:
        if not 0 < len(messages) <= BATCH_LIMIT:
            what = f"A batch has 1 to {BATCH_LIMIT} requests."
            return _Answer(_failure(None, faulty("INVALID_REQUEST", what).fault))
        # at once: one after the other, silent agents could hold the request for as many times the longest wait
        found = await asyncio.gather(*[self._one(message, session, caller) for message in messages])
        answers = [answer for answer in found if answer is not None]
        return _Answer(b"[%b]" % b",".join(answers) if answers else None)

    async def _one(self, message: Any, session: Session, caller: Caller) -> bytes | None:
        """The response to one request of a batch."""
        request: Request | None = None
        id = _id(message)
        try:
            request = _read(message, session, caller)
            if request.method.streams:
                raise faulty("UNSUPPORTED_OPERATION", f"{request.method.name} streams; send it alone.")
            answer = _result(id, await self._core.call(request))
        except Faulty as refused:
            answer = _failure(id, refused.fault)
        except AgoraError as error:
            answer = _failure(id, _fault(error, request))
        return None if _is_silent(message, request) else answer

    async def _stream(self, request: Request, id: Any, receive: Receive, send: Send) -> None:
        opened = await self._core.open(request)

        def item(json: bytes) -> bytes:
            return _result(id, request.dialect.event(json, interrupts=opened.interrupts))

        def error(error: AgoraError) -> bytes:
            return _failure(id, _fault(error, request))

        await stream(opened, Render(item, error), receive, send, self._core.buffer_limit)


def _id(message: Any) -> Any:
    """The id to answer under; null where there is none that could be."""
    found = message.get("id") if isinstance(message, dict) else None
    if isinstance(found, bool) or (isinstance(found, float) and not isfinite(found)):  # 1e999 could not be written
        return None
    return found if isinstance(found, str | int | float) else None


def _is_silent(message: Any, request: Request | None) -> bool:
    """Whether it is a notification: a request without an id, which wants no answer."""
    return request is not None and "id" not in message


def _read(message: Any, session: Session, caller: Caller) -> Request:
    """One request of the wire. Raises Faulty, and InvalidRequest for its parameters."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise faulty("INVALID_REQUEST", "A request is an object with 'jsonrpc': '2.0'.")
    given = message.get("method")
    if not isinstance(given, str) or not given:
        raise faulty("INVALID_REQUEST", "A request has a 'method', which is a string.")
    if message.get("id") is not None and _id(message) is None:
        raise faulty("INVALID_REQUEST", "The 'id' of a request is a string or a number.")
    version = versions.requested(session.scope)
    method, dialect = METHODS.get(given), CURRENT
    if method is None:
        method, dialect = legacy_method(given), LEGACY
    if method is None:
        raise faulty("METHOD_NOT_FOUND", f"There is no method {given[:100]!r}.", fix=_hint(given))
    if dialect.name != version:
        raise _other_version(given, dialect.name, version)
    arguments = method.read(params_of(message.get("params")), dialect.old)
    return session.request(method, arguments, dialect, caller)


def _other_version(given: str, spoken: str, version: str) -> Faulty:
    fix = f"Send the header 'A2A-Version: {spoken}'"
    fix += "." if version == versions.LEGACY else ", or none."
    return faulty(
        "VERSION_NOT_SUPPORTED",
        f"{given} is a method of A2A {spoken}, and the request is one of A2A {version}. {fix}",
        requested=version,
        supported=", ".join(versions.SUPPORTED),
    )


def _hint(given: str) -> str:
    wanted = given.lower().replace("_", "").replace("/", "")
    for name in (*METHODS, *("message/send", "message/stream", "tasks/get", "tasks/cancel", "tasks/resubscribe")):
        if name.lower().replace("/", "") == wanted:
            return f"Did you mean {name}?"
    return f"These are: {', '.join(METHODS)}; and those of A2A 0.3, such as message/send."


def _fault(error: AgoraError, request: Request | None) -> Fault:
    if request is None:
        return fault(error)
    return fault(error, request.method.name, request.task_id)


def _result(id: Any, result: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (to_json(id), result)


def _failure(id: Any, found: Fault) -> bytes:
    return to_json({"jsonrpc": "2.0", "id": id, "error": found.rpc()})


async def _respond(send: Send, answer: _Answer) -> None:
    if answer.body is None:
        await respond(send, 202, b"")
    elif answer.fault is None:
        await respond(send, 200, answer.body)
    else:
        await respond(send, answer.fault.rpc_status, answer.body, answer.fault.headers())
