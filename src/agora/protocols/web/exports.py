"""Exports: messages as a file, ``GET /v1/monitor/export/json`` and ``.../export/csv``, with the filters of the log.

The file is written while the log is read, a page at a time, so its size needs no memory. A reader that stops reading is
waited for and finally disconnected; then the file is truncated and never looks complete. Requests that accept
``text/event-stream`` get the same messages as a stream.
"""

from __future__ import annotations

import asyncio
import csv
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from pydantic_core import from_json, to_json

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.events.stream import LiveStream
from agora.protocols import query_string
from agora.protocols.http import Receive, Scope, Send, abort_connection, wait_for_disconnect
from agora_sdk.contract import declared
from agora_sdk.errors import AgoraError, MethodNotAllowed

from .paths import EXPORTS

__all__ = ["COLUMNS", "Exports", "escape_spreadsheet_formula"]

log = logging.getLogger(__name__)
EXPORT_OPERATION: Final = declared("monitor", "export")
COLUMNS: Final = (
    "timestamp",
    "message_id",
    "type",
    "from_agent",
    "from_name",
    "to_agent",
    "priority",
    "status",
    "correlation_id",
    "reply_to",
    "content",
)
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
STALL_SECONDS: Final = 60.0
Check = Callable[[], Awaitable[None]]
EncodeRows = Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]  #: converts messages to parts of a file


class Exports:
    """Writes the files."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher

    async def __call__(self, caller: Caller, valid: Check, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file. Raises AgoraError before it begins."""
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed(f"{scope['method']} is not possible here.", fix="Use GET.", allowed=["GET"])
        arguments = query_string.parse_query(scope["query_string"], EXPORT_OPERATION)
        stream = await self.dispatcher.open_stream(EXPORT_OPERATION, caller, arguments, valid=valid)
        extension, content_type = EXPORTS[scope["path"]]
        try:
            await _send_headers(send, extension, content_type)
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
            else:
                await _transfer_file(
                    stream, _encode_csv_pieces if extension == "csv" else _encode_json_pieces, receive, send
                )
        finally:
            # Open streams are counted from the moment they are opened, even those that nobody has begun to read.
            stream.close()


async def _transfer_file(stream: LiveStream, form: EncodeRows, receive: Receive, send: Send) -> None:
    """Write a file until it is complete or the reader has disconnected."""
    writing = asyncio.create_task(_write_pieces(stream, form, send))
    disconnect = asyncio.create_task(wait_for_disconnect(receive))
    try:
        await asyncio.wait((writing, disconnect), return_when=asyncio.FIRST_COMPLETED)
        if writing.done() and (error := writing.exception()) is not None:
            # The expected ends: the credential has ended, the reader has stalled or disconnected.
            if not isinstance(error, AgoraError | OSError):
                log.error("an export was aborted", exc_info=error)
            # A regular end of the response would make the truncated file look complete.
            abort_connection(send)
    finally:
        stream.close()
        for task in (writing, disconnect):
            task.cancel()
        await asyncio.gather(writing, disconnect, return_exceptions=True)


async def _send_headers(send: Send, extension: str, content_type: bytes) -> None:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = [
        (b"content-type", content_type),
        (b"content-disposition", f'attachment; filename="agora-messages-{moment}.{extension}"'.encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        # For browsers that show the file instead of storing it: its content is written by agents.
        (b"content-security-policy", b"default-src 'none'; sandbox"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _write_pieces(stream: LiveStream, form: EncodeRows, send: Send) -> None:
    async for piece in form(_read_documents(stream)):
        # A reader that stops holds a stream and its page of the log.
        async with asyncio.timeout(STALL_SECONDS):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _read_documents(stream: LiveStream) -> AsyncIterator[bytes]:
    """Read messages as JSON; raises the error that ended the stream."""
    async for entry in stream:
        yield entry.json


async def _encode_json_pieces(documents: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Encode one object: the export date, the messages, one per line, and their number."""
    yield b'{"export_date":%b,"messages":[' % to_json(datetime.now(UTC))
    count = 0
    async for document in documents:
        yield (b",\n" if count else b"\n") + document
        count += 1
    yield b'\n],"message_count":%d}\n' % count


async def _encode_csv_pieces(documents: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Encode a CSV header, and a line for each message (RFC 4180)."""
    yield _format_csv_line(COLUMNS)
    async for document in documents:
        message = from_json(document)
        yield _format_csv_line([escape_spreadsheet_formula(message[name]) for name in COLUMNS])


def _format_csv_line(cells: list[str] | tuple[str, ...]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode("utf-8", "replace")


def escape_spreadsheet_formula(value: str | None) -> str:
    """Escape a value for a cell: an apostrophe is put before anything that a spreadsheet would read as a formula."""
    text = value or ""
    # Texts are written by agents: a spreadsheet would run a formula, which can send the sheet elsewhere (CSV injection).
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text
