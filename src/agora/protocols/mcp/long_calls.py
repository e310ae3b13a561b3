"""Relay calls answered without the SDK: as JSON if they finish soon, otherwise as a stream with heartbeats."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from agora.protocols.http import Receive, Send, send_response, wait_for_disconnect

from .lean import Answer

__all__ = ["send_relayed_answer"]

UNWATCHED_SECONDS: Final = 0.1  #: seconds before watching for a disconnect
STREAM_AFTER_SECONDS: Final = 5.0  #: seconds until a stream begins
HEARTBEAT_SECONDS: Final = 15.0  #: interval of heartbeats
STREAM_HEADERS: Final = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    # nginx would hold the events back until the end.
    (b"x-accel-buffering", b"no"),
)


async def send_relayed_answer(work: Coroutine[Any, Any, Answer], receive: Receive, send: Send) -> None:
    """Send the result of a call; a client that disconnects cancels it. Raises the call's error before a stream begins."""
    working = asyncio.ensure_future(work)
    disconnect: asyncio.Future[None] | None = None
    try:
        # Most calls end within this time, without the cost of a second task.
        await asyncio.wait((working,), timeout=UNWATCHED_SECONDS)
        if not working.done():
            disconnect = asyncio.ensure_future(wait_for_disconnect(receive))
            await asyncio.wait((working, disconnect), timeout=STREAM_AFTER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            answer = working.result()
            await send_response(send, answer.status, answer.body, answer.headers)
        elif disconnect is not None and not disconnect.done():
            await _stream_answer(working, disconnect, send)
    finally:
        tasks = [task for task in (working, disconnect) if task is not None and not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _stream_answer(working: asyncio.Future[Answer], leaving: asyncio.Future[None], send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": list(STREAM_HEADERS)})
    while not leaving.done():
        await asyncio.wait((working, leaving), timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            answer = b"event: message\ndata: %b\n\n"
            body = b"" if working.exception() else answer % working.result().body
            await send({"type": "http.response.body", "body": body})
            return
        await send({"type": "http.response.body", "body": b": working\n\n", "more_body": True})
