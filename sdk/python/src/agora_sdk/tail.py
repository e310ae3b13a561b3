"""The tail of a log: a reader that resumes at its position whenever its connection breaks."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .backoff import Backoff
from .channels import Channel, Disconnected, Frame, Refused
from .errors import AgoraError, CursorTooOld
from .retry import TRANSIENT_STATUSES, ConnectionLost, TimedOut, build_unreachable_error

if TYPE_CHECKING:
    from .transport import AsyncTransport, BlockingTransport

__all__ = ["ConnectionMethod", "Tail"]

logger = logging.getLogger("agora_sdk")

CLOSE_NORMAL = 1000  #: code of the last frame of an ended log


@dataclass(frozen=True, slots=True)
class ConnectionMethod:
    """A way to connect: the function that opens a connection, and the address for a position."""

    open_channel: Callable[[BlockingTransport | AsyncTransport, str, dict[str, str]], Awaitable[Channel]]
    target: Callable[[int | None], str]


class Tail:
    """Reads frames over one kind of I/O: connects, resumes after the last one seen, drops duplicates.

    methods: connection methods, the best first. headers: requested at each connection. A connection that ends for any
    reason is reopened; for a permanent error (an expired token, a position that is too old) the server refuses the next
    connection. If the server reports the end of the log, the tail ends.
    """

    def __init__(
        self,
        io: BlockingTransport | AsyncTransport,
        methods: list[ConnectionMethod],
        headers: Callable[[], Awaitable[dict[str, str]]],
        backoff: Backoff,
        *,
        skips_gaps: bool = False,
        on_listening: Callable[[], None] | None = None,
    ) -> None:
        self._io, self._methods, self._headers, self._backoff = io, methods, headers, backoff
        self._skips_gaps, self._on_listening = skips_gaps, on_listening
        self._channel: Channel | None = None
        self._first_frame: Frame | None = None
        self._failures = 0
        self._has_listened = False
        self.ended = False
        self.position: int | None = None

    async def receive(self) -> Frame | None:
        """The next event; None once the tail is closed, or its log has ended.

        Raises the AgoraError that ends it, such as CursorTooOld, Unauthenticated or Halted.
        """
        while not self.ended:
            if self._channel is None:
                await self.open()
                continue
            try:
                # _first_frame: the frame that open() has read to know that the stream is open.
                frame, self._first_frame = self._first_frame or await self._channel.receive(), None
            except Disconnected as disconnection:
                await self._wait_before_reconnect_or_raise(disconnection)
                continue
            if self._advance_if_new(frame):
                return frame
            if frame.get("control") == "closing" and frame.get("code") == CLOSE_NORMAL:
                await self.close()
        return None

    async def open(self) -> None:
        """Connect, and wait until the server has opened the stream: no later event is missed."""
        while self._channel is None and not self.ended:
            try:
                self._channel = await self._open_channel()
                # A connection that was accepted may still be refused by its first frame, so it counts only once a frame has arrived.
                self._first_frame = await self._channel.receive()
            except (AgoraError, ConnectionLost, Disconnected, Refused, TimedOut) as error:
                await self._wait_before_reconnect_or_raise(error)
            else:
                self._has_listened = True
                if self._on_listening is not None:
                    self._on_listening()

    async def _open_channel(self) -> Channel:
        headers = await self._headers()
        for connection_method in self._methods:
            try:
                channel = await connection_method.open_channel(
                    self._io, connection_method.target(self.position), headers
                )
            except Refused as refused:
                logger.info("events of %s: %s", self._io.endpoint.url, refused)
                if connection_method is self._methods[-1]:
                    raise
            else:
                # The first method that works is kept: refused ones are not tried again at each reconnection.
                if not self._has_listened:
                    self._methods = self._methods[self._methods.index(connection_method) :]
                return channel
        raise AssertionError("there is at least one way")

    def _advance_if_new(self, frame: Frame) -> bool:
        """Whether a frame is a new event; advances the position."""
        sequence, control = frame.get("sequence"), frame.get("control")
        # Not when it connects: a server that accepts and closes at once must be met with growing pauses.
        if control in (None, "heartbeat"):
            self._failures = 0
        if not isinstance(sequence, int):
            return control is None
        # A resumed stream may repeat items around the position; each is delivered once.
        if self.position is not None and sequence <= self.position:
            return False
        self.position = sequence
        return control is None

    async def _wait_before_reconnect_or_raise(self, error: Exception) -> None:
        """Close the connection and wait before the next attempt, or raise the error if it is permanent."""
        await self.disconnect()
        if self.ended:
            return
        if self._skips_gaps and isinstance(error, CursorTooOld):
            position = max(int(error.extra.get("oldest", 1)) - 1, 0)
            # no immediate retry without progress: a server that repeats itself would be flooded
            if self.position is None or position > self.position:
                logger.warning("events were missed: %s", error)
                self.position = position
                return
        elif isinstance(error, AgoraError) and error.status < 500 and error.status not in TRANSIENT_STATUSES:
            raise error
        url = self._io.endpoint.url
        if not self._has_listened and self._failures >= self._backoff.retries:
            # A tail that has once listened reconnects for ever; one that never could is probably misconfigured.
            raise error if isinstance(error, AgoraError) else build_unreachable_error(url, error)
        pause = max(self._backoff.pause(self._failures), float(getattr(error, "retry_after", None) or 0))
        self._failures += 1
        logger.info("events of %s: %s; reconnecting in %.1f s", url, error, pause)
        await self._io.pause(pause)

    async def acknowledge(self) -> None:
        """Acknowledge everything up to the position."""
        if self._channel is not None and self.position is not None:
            await self._channel.acknowledge(self.position)

    async def disconnect(self) -> None:
        """Close the connection; reading on connects again and resumes."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def close(self) -> None:
        """End the tail: a waiting :meth:`receive` returns None."""
        self.ended = True
        await self.disconnect()
