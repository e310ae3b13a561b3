"""Operations called over a WebSocket.

``{"id": 1, "operation": "agora.messaging.send", "arguments": {...}, "idempotency_key": "..."}`` is answered
by ``{"id": 1, "result": ...}`` or ``{"id": 1, "error": PROBLEM}``; several may be under way at once, and
answers are sent in order of completion. A stream operation is answered as in :mod:`.call_streams`. ``{"ack": 17}``
advances the durable subscription that is being read. A call may name its trace with ``traceparent`` and ``tracestate``;
else it belongs to the handshake's trace.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictInt, StrictStr, TypeAdapter, ValidationError
from pydantic_core import to_json

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.net.backpressure import Connection
from agora.protocols.http import require_json_weight_within_limit
from agora.protocols.trace_context import open_incoming_span
from agora.telemetry.context import extract_valid_trace_headers
from agora_sdk.contract import Kind
from agora_sdk.contract.validation_errors import describe_error
from agora_sdk.errors import AgoraError, InternalError, InvalidRequest, Overloaded, PayloadTooLarge, field_error

from .call_streams import CallStreams

__all__ = ["InvalidFrame", "SocketCalls"]

log = logging.getLogger(__name__)

MAX_CALLS = 32  #: calls of one socket running, or with unwritten answers; further calls wait
MAX_FIELDS = 50  #: members of a frame; each unknown one is a separate error
FIELDS_FIX = "A call has id, operation, and if needed version, arguments, idempotency_key and traceparent."
SLOT_TIMEOUT = 5.0  #: seconds that a call waits, with reading paused, before it is rejected

_Id = Annotated[StrictInt | Annotated[StrictStr, Field(max_length=200)] | None, Field()]


class InvalidFrame(Exception):
    """The frame is not in the protocol's format; the socket is closed."""


class _Frame(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)

    id: _Id = None
    operation: Annotated[StrictStr, Field(max_length=200)] | None = None
    version: Annotated[StrictStr, Field(max_length=50)] | None = None
    arguments: dict[str, JsonValue] = {}
    idempotency_key: StrictStr | None = None
    ack: StrictInt | None = None
    cancel: _Id = None
    traceparent: JsonValue = None  # an invalid one is ignored
    tracestate: JsonValue = None

    @property
    def trace_headers(self) -> Mapping[str, Any]:
        return extract_valid_trace_headers({"traceparent": self.traceparent, "tracestate": self.tracestate})


_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any], config=ConfigDict(defer_build=True))


class SocketCalls:
    """The calls of one socket. ``answer`` sends a text; ``acknowledge`` takes an acknowledged sequence.

    trace: the handshake's. connection: if known, unsent bytes are counted on it.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        caller: Callable[[], Awaitable[Caller]],
        body_limit: int,
        answer: Callable[[bytes], Awaitable[None]],
        acknowledge: Callable[[int], None],
        trace: Mapping[str, Any] = {},
        connection: Connection | None = None,
    ) -> None:
        self._dispatcher, self._caller, self._limit = dispatcher, caller, body_limit
        self._answer, self._acknowledge, self._trace = answer, acknowledge, trace
        self._connection = connection
        self._free = asyncio.Semaphore(MAX_CALLS)
        self._running: dict[asyncio.Task[None], int | str | None] = {}
        self._streams = CallStreams(dispatcher, caller, answer, connection)
        self._cancelled_ids: set[int | str | None] = set()

    async def dispatch_frame(self, text: str) -> None:
        """Wait for the caller's turn, then start the frame's call, reject it, or apply its cancel or ack. Raises
        InvalidFrame."""
        # Before parsing: the body of a greedy caller costs CPU time whether or not its call is admitted.
        await self._wait_for_parsing_turn()
        try:
            frame = self._parse_frame(text)
            if frame.cancel is not None:
                self._cancel_stream(frame.cancel)
                return
            if frame.operation is None:
                self._acknowledge(frame.ack or 0)
                return
            # Acquired before the next frame is read: a client that sends without end is held back by TCP.
            await self._acquire_slot(frame)
        except _CallRefused as refused:
            await self._answer(_encode_error(refused.id, refused.error))
        except AgoraError as error:
            await self._answer(_encode_error(None, error))
        else:
            task = asyncio.create_task(self._run_call(frame, frame.operation))
            self._running[task] = frame.id
            task.add_done_callback(self._running.pop)

    async def _wait_for_parsing_turn(self) -> None:
        """Wait for the caller's turn, because parsing frames costs CPU time, too. Errors of the caller are reported by
        its call."""
        with contextlib.suppress(AgoraError):
            await self._dispatcher.wait_for_turn(await self._caller())

    def _parse_frame(self, text: str) -> _Frame:
        document = text.encode()
        if len(document) > self._limit:
            raise PayloadTooLarge(
                f"The frame is larger than {self._limit} bytes.",
                fix="Send less, or raise the setting body_limit.",
                errors=[field_error("frame", f"longer than {self._limit} bytes")],
            )
        # Before parsing: small JSON texts can become objects of many times their size.
        require_json_weight_within_limit(document, self._limit)
        try:
            fields = _OBJECT.validate_json(text)
        except ValidationError:
            raise InvalidFrame("frames are JSON objects") from None
        # Without one of them it is another protocol: an answer could not be matched to anything, so the socket closes.
        if fields.keys().isdisjoint(("operation", "ack", "cancel")):
            raise InvalidFrame("a frame has an 'operation', an 'ack' or a 'cancel'")
        frame_id = fields.get("id")
        id = frame_id if isinstance(frame_id, int | str) else None
        if len(fields) > MAX_FIELDS:
            raise _CallRefused(id, InvalidRequest(f"A call must have fewer than {MAX_FIELDS} fields.", fix=FIELDS_FIX))
        try:
            return _Frame.model_validate(fields)
        except ValidationError as error:
            raise _CallRefused(id, _build_invalid_frame_error(error)) from None

    async def _acquire_slot(self, frame: _Frame) -> None:
        try:
            async with asyncio.timeout(SLOT_TIMEOUT):
                await self._free.acquire()
        except TimeoutError:
            error = Overloaded(
                f"{MAX_CALLS} calls of this socket are running.", fix="Wait for answers first.", retry_after=1
            )
            raise _CallRefused(frame.id, error) from None

    async def _run_call(self, frame: _Frame, name: str) -> None:
        try:
            with open_incoming_span(
                self._dispatcher.tracing, "WebSocket call", frame.trace_headers or self._trace
            ) as span:
                answer, failure = await self._run_call_to_outcome(frame, name)
                # A refused call is no failure of the server, so its span is not marked.
                if span is not None and failure is not None and failure.status >= 500:
                    span.fail(failure.code)
            self._cancelled_ids.discard(frame.id)
            if answer is not None:
                with contextlib.suppress(OSError):  # the client disconnected before its answer
                    await self._send_answer(answer)
        finally:
            self._free.release()  # not earlier: unwritten answers are held here
            self._cancelled_ids.discard(frame.id)

    async def _send_answer(self, answer: bytes) -> None:
        if self._connection is None or not self._connection.paused:
            await self._answer(answer)
        else:
            with self._connection.count_unsent_bytes(len(answer)):
                await self._answer(answer)

    async def _run_call_to_outcome(self, frame: _Frame, name: str) -> tuple[bytes | None, AgoraError | None]:
        """Run a call; returns its answer, and its error if any."""
        try:
            answer = await self._invoke_operation(frame, name)
            if answer is not None and self._connection is not None:
                # Checked before the answer is queued: if too many bytes wait already, the short error takes its place.
                self._connection.require_room_for_answer(len(answer))
            return answer, None
        except AgoraError as error:
            return _encode_error(frame.id, error), error
        except Exception:
            log.exception("%s failed over a socket", name)
            failure = InternalError("Something went wrong on our side.")
            return _encode_error(frame.id, failure), failure

    async def _invoke_operation(self, frame: _Frame, name: str) -> bytes | None:
        """Invoke a call's operation and return its answer; None if it opened a stream."""
        caller = await self._caller()
        operation = self._dispatcher.resolve_operation_or_charge(caller, name, frame.version)
        if operation.kind is Kind.STREAM:
            await self._streams.open_stream(frame.id, operation, caller, frame.arguments)
            # The cancellation arrived while the stream was being opened.
            if frame.id is not None and frame.id in self._cancelled_ids:
                self._streams.cancel_stream(frame.id)
            return None
        outcome = await self._dispatcher.invoke(
            operation, caller, frame.arguments, idempotency_key=frame.idempotency_key
        )
        notices = b',"notices":' + to_json(dict(outcome.notices)) if outcome.notices else b""
        return b'{"id":%b%b,"result":%b}' % (to_json(frame.id), notices, outcome.body)

    def _cancel_stream(self, call_id: int | str) -> None:
        """End a stream that is open or being opened."""
        self._streams.cancel_stream(call_id)
        # Not for ids that are not running: a client could fill the set with invented ones.
        if call_id in self._running.values():
            self._cancelled_ids.add(call_id)

    async def close(self, *, finish: bool = False) -> None:
        """Wait for running calls, or cancel them; their commits are not reverted."""
        # A copy: each task removes itself from the dict when it ends.
        for task in () if finish else tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._streams.close(finish=finish)


def _encode_error(call_id: int | str | None, error: AgoraError) -> bytes:
    return to_json({"id": call_id, "error": error.problem()})


def _build_invalid_frame_error(error: ValidationError) -> InvalidRequest:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    errors = [field_error(".".join(map(str, detail["loc"])), describe_error(detail)) for detail in details[:20]]
    return InvalidRequest(
        "{field}: {message}".format(**errors[0]),
        fix=FIELDS_FIX,
        errors=errors,
    )


class _CallRefused(Exception):
    def __init__(self, call_id: int | str | None, error: AgoraError) -> None:
        super().__init__(str(error))
        self.id, self.error = call_id, error
