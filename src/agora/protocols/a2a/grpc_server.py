"""The gRPC server: section 10 of A2A 1.0, on a separate port, with the extra ``agora-server[grpc]``.

Messages are converted from and to the JSON of the other bindings, so there is no logic here. One service serves all
agents: ``tenant`` is the agent, as in its card; the default is the agent of the settings, or the front agent. Pending
output is counted for the connection of its call until the library has written it (:mod:`.grpc_connections`).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack, aclosing
from typing import Any, Final

import grpc
import grpc.aio
from a2a.types import a2a_pb2
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from pydantic_core import from_json

from agora.core.call import Caller
from agora.net.backpressure import Backpressure, Connection
from agora.protocols.http import Scope
from agora.protocols.trace_context import open_incoming_span, read_trace_carrier
from agora.settings import Settings
from agora.telemetry import CURRENT_PROTOCOL
from agora_sdk.errors import AgoraError, InternalError, PermissionDenied

from . import versions
from .dialects import CURRENT
from .errors import ERROR_INFO, A2AError, WireError, build_protocol_error, to_wire_error
from .grpc_connections import GrpcListener, bind_listener
from .http_request import read_extension_uris
from .methods import CARD_METHOD, METHODS
from .operations import A2AOperations, A2ARequest, OpenedStream

__all__ = ["GrpcServer"]

log = logging.getLogger(__name__)

SERVICE: Final = a2a_pb2.DESCRIPTOR.services_by_name["A2AService"]
DETAILS_KEY: Final = "grpc-status-details-bin"
MAX_ENVELOPE_BYTES: Final = 65_536  #: maximum bytes of a message beside its body
_ADDRESSED_METHODS: Final = frozenset(
    {"SendMessage", "SendStreamingMessage", CARD_METHOD}
)  #: methods addressed to an agent; the others have a task id
MAX_CALLS_PER_CONNECTION: Final = 100  #: concurrent calls; gRPC clients queue further ones


class GrpcServer:
    """Serves A2A over gRPC. authenticate: authenticates the caller by the request's headers. settings: with the
    limits."""

    def __init__(
        self,
        operations: A2AOperations,
        authenticate: Callable[[Scope], Awaitable[Caller]],
        settings: Settings,
        backpressure: Backpressure,
    ) -> None:
        self._operations, self._authenticate, self._default_agent = operations, authenticate, settings.a2a_grpc_agent
        # The library reports each client that left before its response as an error.
        logging.getLogger("grpc._cython.cygrpc").addFilter(_is_not_disconnect_error)
        self._listener = GrpcListener(backpressure, settings.request_timeout)
        options = [
            ("grpc.max_receive_message_length", settings.body_limit + MAX_ENVELOPE_BYTES),
            ("grpc.max_concurrent_streams", MAX_CALLS_PER_CONNECTION),
            ("grpc.http2.write_buffer_size", 0),  # a message counts as written when its reader has room for it
            # With it, a second server would start on the same port and take half of the connections.
            ("grpc.so_reuseport", 0),
        ]
        self._server = grpc.aio.server(options=options, maximum_concurrent_rpcs=settings.max_streams)
        handlers = {method.name: self._build_method_handler(method) for method in SERVICE.methods}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),))

    async def start(self, host: str, port: int) -> int:
        """Start listening; returns the port. Raises OSError if it is in use."""
        listener = bind_listener(host, port)
        # Any local program could connect here without being counted; its calls are refused, because the listener does not know it.
        target = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        await self._listener.start(listener, target)
        bound: int = listener.getsockname()[1]
        return bound

    async def stop(self, grace: float) -> None:
        """Stop, with a grace period in seconds for running requests."""
        self._listener.close()
        await self._server.stop(grace)
        # After the grace period: the library ends its calls first, so that their statuses are relayed.
        self._listener.abort_connections()

    def _build_method_handler(self, method: Any) -> Any:
        """Build the handler of a method of the service."""
        request = getattr(a2a_pb2, method.input_type.name)
        answer = getattr(a2a_pb2, method.output_type.name, None)

        async def answer_unary(message: Message, context: Any) -> Message:
            result: Message = await self._run_traced_or_abort(
                method.name, self._call_unary(method.name, answer, message, context), context
            )
            return result

        async def answer_stream(message: Message, context: Any) -> None:
            opened = await self._run_traced_or_abort(
                method.name, self._open_stream(method.name, message, context), context
            )
            await self._write_stream_items(opened, context)

        reads: Callable[[bytes], Message] = request.FromString
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(answer_stream, reads, _serialize_message)
        return grpc.unary_unary_rpc_method_handler(answer_unary, reads, _serialize_message)

    async def _call_unary(self, name: str, answer: Any, message: Message, context: Any) -> Message:
        connection = self._require_connection(context)
        request = await self._read_authenticated_request(name, message, context, connection)
        try:
            body = await self._operations.call_operation(request)
            connection.require_room_for_answer(len(body))
        except AgoraError as error:
            raise A2AError(to_wire_error(error, name, request.task_id)) from None
        stack = ExitStack()
        stack.enter_context(connection.count_unsent_bytes(len(body)))
        context.add_done_callback(lambda _: stack.close())  # the response is written, or the connection is closed
        if answer is None:  # google.protobuf.Empty
            return Empty()
        parsed: Message = ParseDict(from_json(body), answer(), ignore_unknown_fields=True)
        return parsed

    async def _open_stream(
        self, name: str, message: Message, context: Any
    ) -> tuple[A2ARequest, OpenedStream, Connection]:
        connection = self._require_connection(context)
        request = await self._read_authenticated_request(name, message, context, connection)
        try:
            return request, await self._operations.open_stream(request), connection
        except AgoraError as error:
            raise A2AError(to_wire_error(error, name, request.task_id)) from None

    async def _write_stream_items(self, opening: tuple[A2ARequest, OpenedStream, Connection], context: Any) -> None:
        """Write the items of a stream, each when its reader has room for it."""
        request, opened, connection = opening
        if opened.stream is None:
            if opened.first is not None:
                await _write_stream_item(context, connection, opened.first[1])
            return
        try:
            if opened.first is not None:
                await _write_stream_item(context, connection, opened.first[1])
            async with aclosing(opened.stream.iterate(connection)) as entries:
                async for entry in entries:
                    await _write_stream_item(context, connection, entry.json)
        except AgoraError as error:
            await _abort_call(context, to_wire_error(error, request.method.name, request.task_id))
        finally:
            opened.stream.close()

    def _require_connection(self, context: Any) -> Connection:
        """Return the connection of a call. Raises A2AError if the call did not arrive through the listener."""
        connection = self._listener.find_connection(context.peer())
        if connection is None:
            error = PermissionDenied(
                "Calls are only accepted through the listener.", fix="Use the port 'a2a_grpc_port'."
            )
            raise A2AError(to_wire_error(error))
        return connection

    async def _read_authenticated_request(
        self, name: str, message: Message, context: Any, connection: Connection
    ) -> A2ARequest:
        client = self._listener.find_client_address(context.peer())
        scope = {**_build_http_scope(context), "client": client, "agora.connection": connection}
        # The messages of 1.0 and 0.3 differ in Protocol Buffers, and only those of 1.0 are registered.
        if versions.negotiate_version(scope) != versions.CURRENT:
            raise build_protocol_error(
                "VERSION_NOT_SUPPORTED", "gRPC requires A2A 1.0: send the metadata 'a2a-version: 1.0'."
            )
        caller = await self._authenticate(scope)

        async def reauthenticate_caller() -> None:
            await self._authenticate(scope)

        method = METHODS[name]
        arguments = method.read_arguments(MessageToDict(message), False)
        if self._default_agent and name in _ADDRESSED_METHODS:
            arguments.setdefault("agent", self._default_agent)
        return A2ARequest(
            method, arguments, CURRENT, caller, extensions=read_extension_uris(scope), valid=reauthenticate_caller
        )

    async def _run_traced_or_abort(self, name: str, work: Awaitable[Any], context: Any) -> Any:
        """Run a call in the caller's trace, or abort it with its error."""
        CURRENT_PROTOCOL.set("grpc")
        with open_incoming_span(
            self._operations.dispatcher.tracing, f"gRPC {name}", read_trace_carrier(_build_http_scope(context))
        ) as span:
            result = await _await_result_or_wire_error(work)
            if span is not None and isinstance(result, WireError) and result.status >= 500:
                span.fail(result.grpc)
        # Outside the span: abort raises, which would mark the span of a refused call as failed.
        if isinstance(result, WireError):
            await _abort_call(context, result)
        return result


async def _await_result_or_wire_error(work: Awaitable[Any]) -> Any:
    """Return the result of the call, or its error in A2A's format."""
    try:
        return await work
    except A2AError as error:
        return error.wire_error
    except AgoraError as error:
        return to_wire_error(error)
    # The library's own signal of an aborted call; it must reach the library.
    except grpc.aio.AbortError:
        raise
    except Exception:
        log.exception("a call over gRPC failed")
        return to_wire_error(InternalError("Something went wrong on our side."))


def _is_not_disconnect_error(record: logging.LogRecord) -> bool:
    """Filter out the library's traceback for a response to a disconnected client."""
    return not str(record.msg).startswith("ExecuteBatchError raised in core")


def _serialize_message(message: Message) -> bytes:
    body: bytes = message.SerializeToString()
    return body


async def _write_stream_item(context: Any, connection: Connection, json: bytes) -> None:
    """Write one item of a stream; returns when its reader has room for it."""
    with connection.count_unsent_bytes(len(json)):
        await context.write(_parse_stream_item(json))


def _parse_stream_item(json: bytes) -> Message:
    return ParseDict(from_json(json), a2a_pb2.StreamResponse(), ignore_unknown_fields=True)


def _build_http_scope(context: Any) -> Scope:
    """Convert a call's metadata to an HTTP scope."""
    headers = [
        (key.lower().encode(), _encode_metadata_value(value)) for key, value in context.invocation_metadata() or ()
    ]
    return {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b"", "client": None}


def _encode_metadata_value(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1", "replace")


async def _abort_call(context: Any, wire_error: WireError) -> None:
    """Abort a call as in section 10.6: a status with details."""
    code = getattr(grpc.StatusCode, wire_error.grpc)
    status = status_pb2.Status(code=code.value[0], message=wire_error.message)
    for detail in wire_error.build_details():
        status.details.append(_pack_detail(detail))
    await context.abort(code, wire_error.message, ((DETAILS_KEY, status.SerializeToString()),))


def _pack_detail(detail: Mapping[str, Any]) -> Packed:
    content = {key: value for key, value in detail.items() if key != "@type"}
    kind = error_details_pb2.ErrorInfo if detail["@type"] == ERROR_INFO else error_details_pb2.BadRequest
    packed = Packed()
    packed.Pack(ParseDict(content, kind()))
    return packed
