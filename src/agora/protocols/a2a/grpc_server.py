"""gRPC: section 10 of A2A 1.0, on a port of its own, with the extra ``agora-server[grpc]``.

Messages are read into the JSON of the other bindings and written from it, so nothing is decided here. One service
serves all agents: ``tenant`` names the agent, as its card says; without one the front agent is meant.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

import grpc
import grpc.aio
from a2a.types import a2a_pb2
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from pydantic_core import from_json

from agora.core.call import Caller
from agora.protocols.http import Scope
from agora.protocols.trace_context import carrier, incoming
from agora.telemetry import PROTOCOL
from agora_sdk.errors import AgoraError, InternalError

from . import versions
from .core import Core, Request
from .dialects import CURRENT
from .errors import ERROR_INFO, Fault, Faulty, fault, faulty
from .methods import METHODS
from .session import extensions

__all__ = ["GrpcServer"]

log = logging.getLogger(__name__)

SERVICE: Final = a2a_pb2.DESCRIPTOR.services_by_name["A2AService"]
DETAILS: Final = "grpc-status-details-bin"
ENVELOPE: Final = 65_536  #: bytes that a message may have beside its body


class GrpcServer:
    """Serves A2A over gRPC. authenticate: whose request it is, by its headers. limit: bytes of a message."""

    def __init__(self, core: Core, authenticate: Callable[[Scope], Awaitable[Caller]], limit: int) -> None:
        self._core, self._authenticate = core, authenticate
        options = [("grpc.max_receive_message_length", limit + ENVELOPE), ("grpc.so_reuseport", 0)]
        self._server = grpc.aio.server(options=options)
        handlers = {method.name: self._handler(method) for method in SERVICE.methods}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),))

    async def start(self, address: str) -> int:
        """Listen at ``host:port``; answers the port. Raises OSError if it is taken."""
        try:
            port: int = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(f"Cannot listen on {address} for gRPC: the port is taken.") from error
        await self._server.start()
        return port

    async def stop(self, grace: float) -> None:
        """Let requests under way end, for so many seconds."""
        await self._server.stop(grace)

    def _handler(self, method: Any) -> Any:
        """How one method of the service is served."""
        request = getattr(a2a_pb2, method.input_type.name)
        answer = getattr(a2a_pb2, method.output_type.name, None)

        async def unary(message: Message, context: Any) -> Message:
            return await self._guarded(method.name, self._unary(method.name, answer, message, context), context)

        async def stream(message: Message, context: Any) -> AsyncIterator[Message]:
            opened = await self._guarded(method.name, self._open(method.name, message, context), context)
            async for item in self._items(opened, context):
                yield item

        reads: Callable[[bytes], Message] = request.FromString
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(stream, reads, _written)
        return grpc.unary_unary_rpc_method_handler(unary, reads, _written)

    async def _unary(self, name: str, answer: Any, message: Message, context: Any) -> Message:
        request = await self._request(name, message, context)
        try:
            body = await self._core.call(request)
        except AgoraError as error:
            raise Faulty(fault(error, name, request.task_id)) from None
        if answer is None:  # google.protobuf.Empty
            from google.protobuf.empty_pb2 import Empty

            return Empty()
        return ParseDict(from_json(body), answer(), ignore_unknown_fields=True)

    async def _open(self, name: str, message: Message, context: Any) -> tuple[Request, Any]:
        request = await self._request(name, message, context)
        try:
            return request, await self._core.open(request)
        except AgoraError as error:
            raise Faulty(fault(error, name, request.task_id)) from None

    async def _items(self, opened: tuple[Request, Any], context: Any) -> AsyncIterator[Message]:
        request, found = opened
        if found.first is not None:
            yield _item(found.first[1])
        if found.stream is None:
            return
        try:
            async for entry in found.stream:
                yield _item(entry.json)
        except AgoraError as error:
            await _abort(context, fault(error, request.method.name, request.task_id))
        finally:
            found.stream.close()

    async def _request(self, name: str, message: Message, context: Any) -> Request:
        scope = _scope(context)
        if versions.requested(scope) != versions.CURRENT:
            raise faulty("VERSION_NOT_SUPPORTED", "Over gRPC A2A 1.0 is spoken: send the metadata 'a2a-version: 1.0'.")
        caller = await self._authenticate(scope)

        async def valid() -> None:
            await self._authenticate(scope)

        method = METHODS[name]
        arguments = method.read(MessageToDict(message), False)
        return Request(method, arguments, CURRENT, caller, extensions=extensions(scope), valid=valid)

    async def _guarded(self, name: str, work: Awaitable[Any], context: Any) -> Any:
        """Do it in the caller's trace, or end the call with the error that it came to."""
        PROTOCOL.set("grpc")
        with incoming(self._core.dispatcher.tracing, f"gRPC {name}", carrier(_scope(context))) as span:
            found = await _tried(work)
            if span is not None and isinstance(found, Fault) and found.status >= 500:
                span.fail(found.grpc)
        if isinstance(found, Fault):
            await _abort(context, found)
        return found


async def _tried(work: Awaitable[Any]) -> Any:
    """What it comes to, or the error as A2A has it."""
    try:
        return await work
    except Faulty as refused:
        return refused.fault
    except AgoraError as error:
        return fault(error)
    except grpc.aio.AbortError:
        raise
    except Exception:
        log.exception("a call over gRPC failed")
        return fault(InternalError("Something went wrong on our side."))


def _written(message: Message) -> bytes:
    written: bytes = message.SerializeToString()
    return written


def _item(json: bytes) -> Message:
    return ParseDict(from_json(json), a2a_pb2.StreamResponse(), ignore_unknown_fields=True)


def _scope(context: Any) -> Scope:
    """A call's metadata as HTTP has them, for what looks at requests."""
    headers = [(key.lower().encode(), _bytes(value)) for key, value in context.invocation_metadata() or ()]
    return {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b"", "client": None}


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1", "replace")


async def _abort(context: Any, found: Fault) -> None:
    """End a call as section 10.6 says: a status with details."""
    code = getattr(grpc.StatusCode, found.grpc)
    status = status_pb2.Status(code=code.value[0], message=found.message)
    for detail in found.details():
        status.details.append(_packed(detail))
    await context.abort(code, found.message, ((DETAILS, status.SerializeToString()),))


def _packed(detail: Mapping[str, Any]) -> Packed:
    content = {key: value for key, value in detail.items() if key != "@type"}
    kind = error_details_pb2.ErrorInfo if detail["@type"] == ERROR_INFO else error_details_pb2.BadRequest
    packed = Packed()
    packed.Pack(ParseDict(content, kind()))
    return packed
