"""Relay calls answered without the SDK: as JSON if they finish soon, otherwise as a stream with heartbeats."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

from pydantic_core import to_json

from agora.clock import new_id
from agora.core.events.frames import escape_line_ends
from agora.protocols.http import Receive, Send, send_response, wait_for_disconnect
from agora_sdk.errors import AgoraError

from .fast_path import Answer
from .request_context import INTERNAL_ERROR, JsonRpcError

__all__ = ["send_relayed_answer"]

log = logging.getLogger(__name__)

UNWATCHED_SECONDS: Final = 0.1  #: seconds before watching for a disconnect
STREAM_AFTER_SECONDS: Final = 5.0  #: seconds until a stream begins
HEARTBEAT_SECONDS: Final = 15.0  #: interval of heartbeats
STREAM_HEADERS: Final = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    # nginx would hold the events back until the end.
    (b"x-accel-buffering", b"no"),
)


async def send_relayed_answer(id: int | str, work: Coroutine[Any, Any, Answer], receive: Receive, send: Send) -> None:
    """Send the result of a call; a client that disconnects cancels it. Raises the call's error before a stream begins.

    id: of the request, for an error after that.
    """
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
            await _stream_answer(id, working, disconnect, send)
    finally:
        tasks = [task for task in (working, disconnect) if task is not None and not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _stream_answer(
    id: int | str, working: asyncio.Future[Answer], leaving: asyncio.Future[None], send: Send
) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": list(STREAM_HEADERS)})
    while not leaving.done():
        await asyncio.wait((working, leaving), timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            error = working.exception()
            body = working.result().body if error is None else _encode_error(id, error)
            await send({"type": "http.response.body", "body": b"event: message\ndata: %b\n\n" % escape_line_ends(body)})
            return
        await send({"type": "http.response.body", "body": b": working\n\n", "more_body": True})


def _encode_error(id: int | str, error: BaseException) -> bytes:
    """Encode the response of a call that failed after the HTTP status was sent. Logs an unexpected error."""
    if isinstance(error, AgoraError):
        refusal = JsonRpcError(error.jsonrpc or INTERNAL_ERROR, str(error), error.problem())
    else:
        incident = new_id("err")
        log.error("tools/call failed (%s)", incident, exc_info=error)
        refusal = JsonRpcError(INTERNAL_ERROR, f"Something went wrong on our side ({incident}).")
    return to_json({"jsonrpc": "2.0", "id": id, "error": refusal.build_error_document()})
