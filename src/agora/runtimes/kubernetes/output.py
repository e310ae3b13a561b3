"""Output of Pods, copied line by line into local segments, which outlive the Pods."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from agora.runtimes.docker.records import Cursor, InstanceNote, InstanceNotes
from agora.runtimes.port import LogPage
from agora.runtimes.process.guard import segments

from .client import Client
from .manifests import CONTAINER_NAME

__all__ = ["PodOutput", "drop_rest_of_second", "select_new_lines"]

MAX_SEGMENTS = 10
MAX_PAGES = 8  #: read by one copy
MAX_PAGE_BYTES = 32 * 1024**2  #: below the largest answer that the client accepts
LINE_START = re.compile(
    rb"(?<=\n)(?=.)", re.DOTALL
)  #: unlike splitlines, not a carriage return: progress bars write it
TIMESTAMP = re.compile(
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class PodOutput:
    """Copies and reads output. size: bytes kept per instance, and asked for at a time."""

    def __init__(self, client: Client, notes: InstanceNotes, size: int) -> None:
        self._client = client
        self._notes = notes
        self._size = size

    async def copy_output(self, instance_id: str, namespace: str, pod: str) -> None:
        """Copy a Pod's new output since the last copy."""
        note = self._notes.read_note(instance_id)
        # The timestamps of another Pod say nothing about the output of this one.
        cursor = note.cursor if note.cursor.container == pod else Cursor(pod)
        limit = self._size
        # Bounded: a program may print faster than its output is copied. What is left is copied the next time.
        for _ in range(MAX_PAGES):
            text = await self._read_page(namespace, pod, cursor.at, limit)
            # In a thread: many short lines take long to parse.
            is_new = await asyncio.to_thread(self._store_page, instance_id, note, cursor, text, limit)
            if len(text) < limit:
                break
            if not is_new:  # a page begins with a whole second, of which everything in it was copied already
                limit = min(2 * limit, MAX_PAGE_BYTES)

    def _store_page(self, instance_id: str, note: InstanceNote, cursor: Cursor, text: bytes, limit: int) -> bool:
        """Append the new lines of a page to the segments. Returns whether there are any."""
        new = b"".join(select_new_lines(cursor, text))
        if not new and len(text) >= limit >= MAX_PAGE_BYTES:
            new = drop_rest_of_second(cursor)
        if new:
            directory = self._notes.log_directory(instance_id)
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            segments.SegmentWriter(str(directory), max(self._size // MAX_SEGMENTS, 4096), MAX_SEGMENTS).write(new)
            note.cursor = cursor
            self._notes.write_note(instance_id, note)
        return bool(new)

    async def _read_page(self, namespace: str, pod: str, at: str, limit: int) -> bytes:
        query = {"container": CONTAINER_NAME, "timestamps": "true", "limitBytes": str(limit)}
        if at:
            query["sinceTime"] = f"{at.partition('.')[0]}Z"  # the API accepts only whole seconds
        return await self._client.read_bytes(f"/api/v1/namespaces/{namespace}/pods/{pod}/log", **query)

    def read_page(self, instance_id: str, offset: int, limit: int) -> LogPage:
        begin, size, data = segments.read_segments(str(self._notes.log_directory(instance_id)), offset, max(limit, 0))
        return LogPage(begin, begin + len(data), size, data)


def select_new_lines(cursor: Cursor, text: bytes) -> Iterator[bytes]:
    """Select the lines after the cursor, and advance it.

    The last line may lack its end, because the answer was cut or the program has not printed it yet; the next call
    continues in it. Lines without a timestamp are skipped: they are messages of the node, or cut in it and read again.
    """
    since, same = cursor.at, cursor.same
    for line in LINE_START.split(text):
        stamp, _, content = line.partition(b" ")
        time = _parse_timestamp_or_none(stamp)
        if time is None or time < since or not content:
            continue
        if time == since and same:
            same -= 1
            if same or not cursor.part or len(content) <= cursor.part:
                continue
            content, begin = content[cursor.part :], cursor.part
        else:
            cursor.same = cursor.same + 1 if time == cursor.at else 1
            cursor.at, begin = time, 0
        cursor.part = 0 if content.endswith(b"\n") else begin + len(content)
        yield content


def drop_rest_of_second(cursor: Cursor) -> bytes:
    """Move the cursor to the next second, because no page can reach the rest of this one. Returns a note about the loss."""
    following = datetime.fromisoformat(f"{cursor.at.partition('.')[0]}+00:00") + timedelta(seconds=1)
    cursor.at, cursor.same, cursor.part = f"{following:%Y-%m-%dT%H:%M:%S}.000000000", 0, 0
    return b"\n[output is lost: more than %d bytes in one second]\n" % MAX_PAGE_BYTES


def _parse_timestamp_or_none(stamp: bytes) -> str | None:
    """Convert a timestamp to UTC with nine digits of a fraction, which compares as text; None if it is no timestamp.

    Nodes write their local time with its offset, and the API omits trailing zeros.
    """
    match = TIMESTAMP.fullmatch(stamp)
    if match is None:
        return None
    seconds, fraction, offset = (part.decode("ascii") for part in match.groups(b""))
    try:
        time = datetime.fromisoformat(seconds + offset).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{time:%Y-%m-%dT%H:%M:%S}.{fraction:0<9}"
