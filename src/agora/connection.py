"""A connection with patience: whoever does not finish a request in time is sent away.

uvicorn bounds the time between two requests, not the time a first one, or one that has begun, may take to
arrive: without a bound, strangers who send a byte a minute could hold every socket of the process.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["patient"]

TIMEOUT = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain\r\ncontent-length: 36\r\nconnection: close\r\n\r\n"
    b"The request did not arrive in time.\n"
)


def patient(seconds: float) -> type[HttpToolsProtocol]:
    """A protocol for uvicorn whose requests have so many seconds to arrive, from the first byte or the connection."""

    class Patient(HttpToolsProtocol):
        _alarm: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._alarm = self.loop.call_later(seconds, self._give_up)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            if self._alarm is None:
                self._alarm = self.loop.call_later(seconds, self._give_up)

        def on_message_complete(self) -> None:
            self._relax()
            super().on_message_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._relax()
            super().connection_lost(exc)

        def _relax(self) -> None:
            if self._alarm is not None:
                self._alarm.cancel()
                self._alarm = None

        def _give_up(self) -> None:
            """Close, with a word to whoever has not been answered yet."""
            self._alarm = None
            if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
                self.transport.write(TIMEOUT)
            self.transport.close()

    return Patient
