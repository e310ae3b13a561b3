"""Operations called over a WebSocket.

``{"id": 1, "operation": "agora.messaging.send", "arguments": {...}, "idempotency_key": "..."}`` is answered
by ``{"id": 1, "result": ...}`` or ``{"id": 1, "error": PROBLEM}``; several may be under way at once, and
answers come as they are ready. A stream operation is answered as :mod:`.streams` says. ``{"ack": 17}``
advances the durable subscription that is being read. A call may say with ``traceparent`` and ``tracestate`` to which trace
it belongs; else it belongs to that of the handshake.
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
from agora.protocols.http import check_json_weight
from agora.protocols.trace_context import open_incoming_span
from agora.telemetry.context import extract_trace
from agora_sdk.contract import Kind
from agora_sdk.contract.validation_errors import describe_error
from agora_sdk.errors import AgoraError, InternalError, InvalidRequest, Overloaded, PayloadTooLarge, field_error

from .streams import Streams

__all__ = ["Calls", "InvalidFrame"]

log = logging.getLogger(__name__)

MAX_CALLS = 32  #: calls of one socket under way, or answered and not written yet; what comes then waits
MAX_FIELDS = 50  #: of a frame; each unknown one is an error of its own
FIELDS = "A call has id, operation, and if needed version, arguments, idempotency_key and traceparent."
SLOT_TIMEOUT = 5.0  #: how long it waits, with the socket not read, until it is refused

_Id = Annotated[StrictInt | Annotated[StrictStr, Field(max_length=200)] | None, Field()]


class InvalidFrame(Exception):
    """A frame that is nothing of ours; the socket is closed."""


class _Frame(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)

    id: _Id = None
    operation: Annotated[StrictStr, Field(max_length=200)] | None = None
    version: Annotated[StrictStr, Field(max_length=50)] | None = None
    arguments: dict[str, JsonValue] = {}
    idempotency_key: StrictStr | None = None
    ack: StrictInt | None = None
    cancel: _Id = None
    traceparent: JsonValue = None  # what is none is not followed, and no fault
    tracestate: JsonValue = None

    @property
    def trace_headers(self) -> Mapping[str, Any]:
        return extract_trace({"traceparent": self.traceparent, "tracestate": self.tracestate})


_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any], config=ConfigDict(defer_build=True))


class Calls:
    """The calls of one socket. ``answer`` sends a text; ``acknowledge`` takes an acknowledged sequence.

    trace: to which the handshake belonged. connection: where it is known, what waits for the socket is counted.
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
        self._streams = Streams(dispatcher, caller, answer, connection)
        self._cancelled: set[int | str | None] = set()

    async def handle_frame(self, text: str) -> None:
        """Take one frame: start its call, or refuse it. Raises Garbage."""
        await self._wait_for_turn()
        try:
            frame = self._parse_frame(text)
            if frame.cancel is not None:
                self._cancel_stream(frame.cancel)
                return
            if frame.operation is None:
                self._acknowledge(frame.ack or 0)
                return
            await self._acquire_slot(frame)
        except _CallRefused as refused:
            await self._answer(_encode_error(refused.id, refused.error))
        except AgoraError as error:
            await self._answer(_encode_error(None, error))
        else:
            task = asyncio.create_task(self._run_call(frame, frame.operation))
            self._running[task] = frame.id
            task.add_done_callback(self._running.pop)

    async def _wait_for_turn(self) -> None:
        """Wait for the caller's turn: reading frames is work too. What is wrong with the caller, its call will say."""
        with contextlib.suppress(AgoraError):
            await self._dispatcher.wait_for_turn(await self._caller())

    def _parse_frame(self, text: str) -> _Frame:
        if len(text) > self._limit:
            raise PayloadTooLarge(
                f"The frame is larger than {self._limit} bytes.",
                fix="Send less, or raise the setting body_limit.",
                errors=[field_error("frame", f"longer than {self._limit} bytes")],
            )
        check_json_weight(text.encode(), self._limit)
        try:
            fields = _OBJECT.validate_json(text)
        except ValidationError:
            raise InvalidFrame("frames are JSON objects") from None
        if fields.keys().isdisjoint(("operation", "ack", "cancel")):
            raise InvalidFrame("a frame has an 'operation', an 'ack' or a 'cancel'")
        frame_id = fields.get("id")
        id = frame_id if isinstance(frame_id, int | str) else None
        if len(fields) > MAX_FIELDS:
            raise _CallRefused(id, InvalidRequest(f"A call has fewer than {MAX_FIELDS} fields.", fix=FIELDS))
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
                if span is not None and failure is not None and failure.status >= 500:
                    span.fail(failure.code)
            self._cancelled.discard(frame.id)
            if answer is not None:
                with contextlib.suppress(OSError):  # the client left before its answer
                    await self._send_answer(answer)
        finally:
            self._free.release()  # not before: what is not written yet is held here
            self._cancelled.discard(frame.id)

    async def _send_answer(self, answer: bytes) -> None:
        if self._connection is None or not self._connection.paused:
            await self._answer(answer)
        else:
            with self._connection.count_bytes(len(answer)):
                await self._answer(answer)

    async def _run_call_to_outcome(self, frame: _Frame, name: str) -> tuple[bytes | None, AgoraError | None]:
        """What to answer to a call, and the error that it came to, if any."""
        try:
            answer = await self._invoke_operation(frame, name)
            if answer is not None and self._connection is not None:
                self._connection.admit_answer(len(answer))
            return answer, None
        except AgoraError as error:
            return _encode_error(frame.id, error), error
        except Exception:
            log.exception("%s failed over a socket", name)
            failure = InternalError("Something went wrong on our side.")
            return _encode_error(frame.id, failure), failure

    async def _invoke_operation(self, frame: _Frame, name: str) -> bytes | None:
        """The answer to a call; none yet where it opened a stream."""
        caller = await self._caller()
        operation = self._dispatcher.find_operation(caller, name, frame.version)
        if operation.kind is Kind.STREAM:
            await self._streams.open(frame.id, operation, caller, frame.arguments)
            if frame.id is not None and frame.id in self._cancelled:
                self._streams.cancel_stream(frame.id)
            return None
        outcome = await self._dispatcher.invoke(
            operation, caller, frame.arguments, idempotency_key=frame.idempotency_key
        )
        notices = b',"notices":' + to_json(dict(outcome.notices)) if outcome.notices else b""
        return b'{"id":%b%b,"result":%b}' % (to_json(frame.id), notices, outcome.body)

    def _cancel_stream(self, call_id: int | str) -> None:
        """End a stream, be it open or about to be."""
        self._streams.cancel_stream(call_id)
        if call_id in self._running.values():
            self._cancelled.add(call_id)

    async def close(self, *, finish: bool = False) -> None:
        """Wait for running calls, or cancel them; what they committed stays."""
        for task in () if finish else tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._streams.close(finish=finish)


def _encode_error(call_id: int | str | None, error: AgoraError) -> bytes:
    return to_json({"id": call_id, "error": error.problem()})


def _build_invalid_frame_error(error: ValidationError) -> InvalidRequest:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    errors = [field_error(".".join(map(str, fault["loc"])), describe_error(fault)) for fault in faults[:20]]
    return InvalidRequest(
        "{field}: {message}".format(**errors[0]),
        fix=FIELDS,
        errors=errors,
    )


class _CallRefused(Exception):
    def __init__(self, call_id: int | str | None, error: AgoraError) -> None:
        super().__init__(str(error))
        self.id, self.error = call_id, error
