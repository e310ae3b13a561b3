"""Output of containers as one stream of bytes with stable offsets.

The engine stores lines with timestamps and drops the oldest. At each read, new output is copied into our own segments,
which continue across generations. The engine keeps as much as we do, so nothing within the retained size is lost.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime

from agora.runtimes.port import LogPage
from agora.runtimes.process.guard import segments

from .client import Client
from .records import Cursor, InstanceNotes

__all__ = ["ContainerOutput", "FrameReader", "to_seconds"]

FRAME_HEADER = struct.Struct(">BxxxL")
MAX_SEGMENTS = 10
READ_BYTES = 1 << 18
LINE_PIECE_BYTES = 16_384  #: size in bytes of the chunks into which the engine splits longer lines


class ContainerOutput:
    """Copies and reads output. size: bytes kept for an instance."""

    def __init__(self, client: Client, notes: InstanceNotes, size: int) -> None:
        self._client = client
        self._notes = notes
        self._segment_size = max(size // MAX_SEGMENTS, 4096)

    async def copy_output(self, instance_id: str, container: str) -> None:
        """Copy what a container has printed since the last time. One copy of an instance's output at a time."""
        cursor = self._load_or_store_cursor(instance_id, container)
        query = {"stdout": "1", "stderr": "1", "timestamps": "1"}
        if cursor.at:
            query["since"] = to_seconds(cursor.at)
        frame_reader = FrameReader(cursor, self._read_stored_size(instance_id))
        writer: segments.SegmentWriter | None = None
        async with self._client.stream_response(
            "GET", f"containers/{container}/logs", params=query, wait=600.0
        ) as answer:
            async for chunk in answer.content.iter_chunked(READ_BYTES):
                data = frame_reader.feed_chunk(chunk)
                if data:
                    writer = writer or self._open_segment_writer(instance_id)
                    writer.write(data)
        # After the segments: bytes of a copy that was interrupted in between are found by their size (see
        # FrameReader).
        if writer is not None:
            cursor.size = self._read_stored_size(instance_id)
            note = self._notes.read_note(instance_id)
            note.cursor = cursor
            self._notes.write_note(instance_id, note)

    def read_page(self, instance_id: str, offset: int, limit: int) -> LogPage:
        begin, size, data = segments.read_segments(str(self._notes.log_directory(instance_id)), offset, max(limit, 0))
        return LogPage(begin, begin + len(data), size, data)

    def _load_or_store_cursor(self, instance_id: str, container: str) -> Cursor:
        """The position to continue at; the start of a container is stored before its first line is copied."""
        note = self._notes.read_note(instance_id)
        if note.cursor.container != container:
            note.cursor = Cursor(container, size=self._read_stored_size(instance_id))
            self._notes.write_note(instance_id, note)
        return note.cursor

    def _read_stored_size(self, instance_id: str) -> int:
        return segments.read_segments(str(self._notes.log_directory(instance_id)), 0, 0)[1]

    def _open_segment_writer(self, instance_id: str) -> segments.SegmentWriter:
        directory = self._notes.log_directory(instance_id)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return segments.SegmentWriter(str(directory), self._segment_size, MAX_SEGMENTS)


class FrameReader:
    """Parses frames, and skips those of an earlier copy, also of an interrupted one."""

    def __init__(self, cursor: Cursor, size: int) -> None:
        self._read_cursor = cursor
        self._same = cursor.same  # number of copied lines with the cursor's timestamp
        self._repeated_size = max(0, size - cursor.size)  # bytes copied after the cursor was written
        self._since = cursor.at
        self._rest = b""

    def feed_chunk(self, chunk: bytes) -> bytes:
        """Return the new bytes of a chunk."""
        self._rest += chunk
        new = b"".join(self._split_lines())
        if self._repeated_size:
            cut = min(self._repeated_size, len(new))
            self._repeated_size -= cut
            new = new[cut:]
        return new

    def _split_lines(self) -> Iterator[bytes]:
        at, cursor = 0, self._read_cursor
        while len(self._rest) - at >= FRAME_HEADER.size:
            _, count = FRAME_HEADER.unpack_from(self._rest, at)
            if len(self._rest) - at - FRAME_HEADER.size < count:
                break
            stamp, _, line = self._rest[at + FRAME_HEADER.size : at + FRAME_HEADER.size + count].partition(b" ")
            at += FRAME_HEADER.size + count
            time = stamp.decode("ascii", "replace")
            # The engine's ``since`` includes the timestamp itself, of which earlier lines were copied.
            if time == self._since and self._same:
                self._same -= 1
                continue
            yield self._complete_line(line, time == cursor.at)
            cursor.same = cursor.same + 1 if time == cursor.at else 1
            cursor.at = time
        self._rest = self._rest[at:]

    def _complete_line(self, line: bytes, same: bool) -> bytes:
        """Add the newline that the engine drops after the last chunk of a long line. It is added when the next line
        arrives, because a program may end in the middle of a line."""
        cursor, owed = self._read_cursor, b"\n" if self._read_cursor.owed else b""
        ends_line = line.endswith(b"\n")
        cursor.owed = cursor.long and same and not ends_line and len(line) < LINE_PIECE_BYTES
        cursor.long = not ends_line and len(line) >= LINE_PIECE_BYTES
        return owed + line


def to_seconds(stamp: str) -> str:
    """Convert ``2026-01-02T03:04:05.123456789Z`` to the engine's query format: seconds and nanoseconds since 1970."""

    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    return f"{int(datetime.fromisoformat(whole + '+00:00').timestamp())}.{fraction or '0'}"
