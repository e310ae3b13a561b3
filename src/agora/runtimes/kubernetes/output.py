"""Output of Pods, copied line by line into local segments, which outlive the Pods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from agora.runtimes.docker.records import Cursor, InstanceNotes
from agora.runtimes.port import LogPage
from agora.runtimes.process.guard import segments

from .client import Client
from .manifests import CONTAINER

__all__ = ["PodOutput", "select_new_lines"]

SEGMENTS = 10
NEWLINES = re.compile(rb"(?<=\n)(?=.)", re.DOTALL)  #: unlike splitlines, not a carriage return: progress bars write it
STAMP = re.compile(
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class PodOutput:
    """Copies and reads output. size: bytes kept per instance."""

    def __init__(self, client: Client, records: InstanceNotes, size: int) -> None:
        self._client = client
        self._records = records
        self._size = size

    async def copy_output(self, instance_id: str, namespace: str, pod: str) -> None:
        """Copy a Pod's new output since the last copy."""
        note = self._records.read(instance_id)
        # The timestamps of another Pod say nothing about the output of this one.
        cursor = note.cursor if note.cursor.container == pod else Cursor(pod)
        query = {"container": CONTAINER, "timestamps": "true", "limitBytes": str(self._size)}
        if cursor.at:
            query["sinceTime"] = f"{cursor.at.partition('.')[0]}Z"  # the API accepts only whole seconds
        text = await self._client.read(f"/api/v1/namespaces/{namespace}/pods/{pod}/log", **query)
        new = b"".join(select_new_lines(cursor, text))
        if new:
            directory = self._records.log_directory(instance_id)
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            segments.SegmentWriter(str(directory), max(self._size // SEGMENTS, 4096), SEGMENTS).write(new)
            note.cursor = cursor
            self._records.write(instance_id, note)

    def read(self, instance_id: str, offset: int, limit: int) -> LogPage:
        begin, size, data = segments.read_segments(str(self._records.log_directory(instance_id)), offset, max(limit, 0))
        return LogPage(begin, begin + len(data), size, data)


def select_new_lines(cursor: Cursor, text: bytes) -> Iterator[bytes]:
    """Select the lines after the cursor, and advance it.

    Lines without a timestamp are skipped: they are messages of the node, or cut short, and are read again.
    """
    since, same = cursor.at, cursor.same
    for line in NEWLINES.split(text):
        stamp, _, content = line.partition(b" ")
        time = _parse_stamp(stamp)
        if time is None or time < since:
            continue
        if time == since and same:
            same -= 1
            continue
        cursor.same = cursor.same + 1 if time == cursor.at else 1
        cursor.at = time
        yield content


def _parse_stamp(stamp: bytes) -> str | None:
    """Convert a timestamp to UTC with nine digits of a fraction, which compares as text; None if it is no timestamp.

    Nodes write their local time with its offset, and the API omits trailing zeros.
    """
    match = STAMP.fullmatch(stamp)
    if match is None:
        return None
    seconds, fraction, offset = (part.decode("ascii") for part in match.groups(b""))
    try:
        time = datetime.fromisoformat(seconds + offset).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{time:%Y-%m-%dT%H:%M:%S}.{fraction:0<9}"
