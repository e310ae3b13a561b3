"""Streams: live events of the marketplace, or of one task."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

from . import sse, websocket, wire
from .backoff import Backoff
from .contract import Stream
from .contract.events import Event, Events
from .contract.workers import Workers
from .errors import InvalidRequest
from .tail import ConnectionMethod, Tail
from .transport import AsyncTransport, BlockingTransport, run_blocking

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .contract import Operation
    from .session import Session

__all__ = ["EventStream", "follow_task_offers", "open_event_stream"]

T = TypeVar("T")


def open_event_stream(
    session: Session,
    types: Sequence[str],
    *,
    skips_gaps: bool = False,
    on_listening: Callable[[], None] | None = None,
) -> EventStream[Event]:
    """Open a stream of the events of these types, for long-lived readers.

    skips_gaps: continue with the oldest available event instead of raising CursorTooOld.
    on_listening: called whenever the server has opened the stream, at first and after each interruption.
    """
    operation = Events.operations["stream"]
    arguments = wire.bind_arguments(operation, (list(types),), {})
    return EventStream(session, operation, arguments, skips_gaps=skips_gaps, on_listening=on_listening)


def follow_task_offers(session: Session, worker_id: str, on_listening: Callable[[], None]) -> EventStream[Event]:
    """Follow the tasks offered to a worker and its changes. on_listening: called whenever the server has opened the
    stream."""
    operation = Workers.operations["stream"]
    arguments = wire.bind_arguments(operation, (worker_id,), {})
    return EventStream(session, operation, arguments, skips_gaps=True, on_listening=on_listening)


class EventStream(Stream[T]):
    """Items of a stream operation, read with ``for`` or with ``async for``.

    ::

        async with client.event.stream(["agora.message.*"]) as events:
            async for event in events:
                print(event.type, event.data)

    In synchronous code the call returns when the server has opened the stream; so does ``await
    client.event.stream(...)``.
    Events come over WebSocket, or as Server-Sent Events if WebSocket is refused; other streams always over
    SSE. A broken connection is reopened and the stream resumes after the last item seen, without losses or
    duplicates. ``position`` is the number of that item, to be passed as ``last_event_id`` later.
    Events never end; the stream of a task's entries ends with the task.

    Iterating raises :class:`agora_sdk.errors.CursorTooOld` (its ``oldest`` is the first available position) when
    events were missed for longer than the server keeps them, :class:`ServerUnreachable` if the server
    never answered, and other permanent errors.

    For a durable subscription (``subscription_id=``) the server stores the position: an item is acknowledged when
    the next one is requested.
    """

    def __init__(
        self,
        session: Session,
        operation: Operation,
        arguments: BaseModel,
        *,
        skips_gaps: bool = False,
        on_listening: Callable[[], None] | None = None,
    ) -> None:
        self._session, self._operation, self._arguments = session, operation, arguments
        self._identity = session.identity.bind_to_current_agent()  # it may be read in another task or thread
        self._skips_gaps, self._on_listening = skips_gaps, on_listening
        self._tail: Tail | None = None
        self._is_closed = False

    @property
    def position(self) -> int | None:
        """Number of the last item seen, or the position at connection."""
        return self._tail.position if self._tail else None

    def tail(self, io: BlockingTransport | AsyncTransport) -> Tail:
        """The reader of this stream, created on first use as synchronous or asynchronous."""
        if self._tail is None:
            methods = [ConnectionMethod(sse.open_channel, self._build_target)]
            if self._operation.name == "agora.event.stream":
                methods.insert(0, ConnectionMethod(websocket.open_channel, self._build_socket_target))
            self._tail = Tail(
                io,
                methods,
                self._build_request_headers,
                Backoff(self._session.options.retries),
                skips_gaps=self._skips_gaps,
                on_listening=self._on_listening,
            )
            # close() may have been called before the first use.
            self._tail.ended = self._is_closed
            self._io = io
        elif self._io is not io:
            raise InvalidRequest("This stream is read synchronously and asynchronously.", fix="Open one for each.")
        return self._tail

    @property
    def _is_durable(self) -> bool:
        """Whether the server stores the position in this stream."""
        return getattr(self._arguments, "subscription_id", None) is not None

    async def _build_request_headers(self) -> dict[str, str]:
        await self._identity.renew_login(self._io)
        return self._identity.headers(self._identity.token())

    def _build_target(self, position: int | None) -> str:
        arguments = self._arguments
        if position is not None and "last_event_id" in self._operation.parameters:
            arguments = arguments.model_copy(update={"last_event_id": str(position)})
        return wire.build_request(self._operation, arguments).target

    def _build_socket_target(self, position: int | None) -> str:
        _, mark, query = self._build_target(position).partition("?")
        return f"/ws{mark}{query}"

    def connect(self) -> None:
        """Block until the server has opened the stream: no later event is missed."""
        run_blocking(self.tail(self._session.server.blocking_transport).open())

    def __await__(self) -> Generator[Any, None, Self]:
        return self._connect_async().__await__()

    async def _connect_async(self) -> Self:
        await self.tail(self._session.server.async_transport).open()
        return self

    def parse(self, frame: dict[str, Any]) -> T:
        """Parse an item from its frame."""
        item: T = self._operation.output.validate_python(frame)
        return item

    def __iter__(self) -> Iterator[T]:
        tail = self.tail(self._session.server.blocking_transport)
        try:
            while (frame := run_blocking(tail.receive())) is not None:
                # Acknowledged after the consumer has taken the next step: an item whose processing raised is delivered again.
                yield self.parse(frame)
                if self._is_durable:
                    run_blocking(tail.acknowledge())
        finally:
            # Not close(): a further iteration reconnects and resumes after the last item.
            run_blocking(tail.disconnect())

    async def __aiter__(self) -> AsyncIterator[T]:
        tail = self.tail(self._session.server.async_transport)
        try:
            while (frame := await tail.receive()) is not None:
                yield self.parse(frame)
                if self._is_durable:
                    await tail.acknowledge()
        finally:
            await tail.disconnect()

    def close(self) -> None:
        """Close the stream. A reader in another task or loop notices it at its next event."""
        self._is_closed = True
        if self._tail is not None:
            self._tail.ended = True
            # A connection of an event loop can only be closed by awaiting in that loop; its reader sees ``ended``.
            if isinstance(self._io, BlockingTransport):
                run_blocking(self._tail.close())

    async def aclose(self) -> None:
        self._is_closed = True
        if self._tail is not None:
            await self._tail.close()
