"""Bounded reading of a stream: a wait with a cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic_core import to_json

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.events.frames import LOG_ENDED, Item
from agora.core.events.sink import QueueSink
from agora_sdk.contract import Operation
from agora_sdk.errors import InvalidRequest, field_error

from .schemas import DEFAULT_STREAM_ITEMS, DEFAULT_WAIT_SECONDS, MAX_STREAM_ITEMS, MAX_WAIT_SECONDS

__all__ = ["read_bounded_stream"]


async def read_bounded_stream(
    dispatcher: Dispatcher,
    operation: Operation,
    caller: Caller,
    arguments: Mapping[str, Any],
    valid: Callable[[], Awaitable[None]],
) -> bytes:
    """Read a stream for at most ``wait`` seconds: JSON of ``items``, ``cursor`` and ``done``.

    Returns at the first items. Raises an AgoraError if the stream was rejected, or failed before its first item.
    """
    own_arguments = dict(arguments)
    wait = _pop_number(own_arguments, "wait", DEFAULT_WAIT_SECONDS, 0.1, MAX_WAIT_SECONDS)
    limit = int(_pop_number(own_arguments, "limit", DEFAULT_STREAM_ITEMS, 1, MAX_STREAM_ITEMS))
    stream = await dispatcher.open_stream(operation, caller, own_arguments, valid=valid)
    sink = QueueSink(dispatcher.feed.buffer_limit)
    attaching = asyncio.create_task(stream.attach(sink))
    try:
        items = await _collect_items(sink, wait)
        if not items and sink.close_reason is not None and sink.close_reason.error is not None:
            raise sink.close_reason.error
        # Items beyond the limit are read again with the next call, from the cursor.
        is_ended = sink.close_reason == LOG_ENDED and len(items) <= limit
        cursor = items[:limit][-1].number if items else stream.position
        return _encode_page([item.json for item in items[:limit]], cursor, is_ended)
    finally:
        stream.close()
        attaching.cancel()
        await asyncio.gather(attaching, return_exceptions=True)


async def _collect_items(sink: QueueSink, wait: float) -> list[Item]:
    """Wait for the first items; none if the time has elapsed or the stream has ended."""
    try:
        async with asyncio.timeout(wait):
            while batches := await sink.wait_for_batches():
                if items := [item for batch in batches for item in batch.items]:
                    return items
    except TimeoutError:
        if sink.pending:  # received at the same moment; the stream's position is already after them
            return [item for batch in await sink.wait_for_batches() for item in batch.items]
    return []


def _encode_page(items: list[bytes], cursor: int, done: bool) -> bytes:
    return b'{"items":[%b],"cursor":%b,"done":%b}' % (b",".join(items), to_json(str(cursor)), to_json(done))


def _pop_number(arguments: dict[str, Any], name: str, default: float, minimum: float, limit: float) -> float:
    value = arguments.pop(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not minimum <= value <= limit:
        rule = f"is a number from {minimum:g} to {limit:g}"
        raise InvalidRequest(f"{name} {rule}.", errors=[field_error(name, rule)])
    return value
