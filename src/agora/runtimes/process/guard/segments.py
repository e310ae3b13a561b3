"""Output of an instance: files named by the offset of their first byte. The newest grows, the oldest is deleted.

Offsets refer to the total output, so they stay valid across rotations and generations.
"""

from __future__ import annotations

import os

__all__ = ["SegmentWriter", "list_segments", "read_segments"]

SUFFIX = ".log"


def list_segments(directory: str) -> list[tuple[int, str]]:
    """List (first offset, path) of each segment, in order."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    numbered = [name for name in names if name.endswith(SUFFIX) and name[: -len(SUFFIX)].isdecimal()]
    return sorted((int(name[: -len(SUFFIX)]), os.path.join(directory, name)) for name in numbered)


class SegmentWriter:
    """Appends to a directory's segments. largest: size of one in bytes; limit: number of segments. One writer at a
    time."""

    def __init__(self, directory: str, largest: int, limit: int) -> None:
        self._directory = directory
        self._largest = largest
        self._max_segments = limit
        self._lost_bytes = 0
        segments = list_segments(directory)
        self._begin, self._size, self._fd = 0, 0, -1
        if segments:
            self._begin = segments[-1][0]
            self._size = os.stat(segments[-1][1]).st_size
        self._open_segment()

    def _open_segment(self) -> None:
        path = os.path.join(self._directory, f"{self._begin:020d}{SUFFIX}")
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd

    def write(self, data: bytes) -> None:
        """Append data. Without disk space it is dropped, and a note is written when there is space again."""
        try:
            if self._lost_bytes:
                self._write_to_segment(
                    b"\n[%d bytes of output are lost: they could not be written]\n" % self._lost_bytes
                )
                self._lost_bytes = 0
            while data:
                data = data[self._write_to_segment(data) :]
        except OSError:
            self._lost_bytes += len(data)

    def _write_to_segment(self, data: bytes) -> int:
        """Write as much as the newest segment takes. Returns the number of bytes."""
        if self._size >= self._largest:
            self._rotate_segments()
        count = os.write(self._fd, data[: self._largest - self._size])
        self._size += count
        return count

    def _rotate_segments(self) -> None:
        begin, size = self._begin, self._size
        self._begin, self._size = begin + size, 0
        try:
            self._open_segment()
        # The full segment stays the newest, so the next write tries the rotation again.
        except OSError:
            self._begin, self._size = begin, size
            raise
        for _, path in list_segments(self._directory)[: -self._max_segments]:
            os.unlink(path)


def read_segments(directory: str, offset: int, limit: int) -> tuple[int, int, bytes]:
    """Read from an offset (negative: from the end). Returns the offset of the first byte, the total size, and the
    bytes."""
    for _ in range(8):
        try:
            return _read_once(directory, offset, limit)
        except FileNotFoundError:  # it was just rotated away
            continue
    return 0, 0, b""


def _read_part(path: str, at: int, count: int) -> bytes:
    """Read a part of a segment; empty if the program has replaced it by a link or a pipe."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError:
        return b""
    try:
        return os.pread(fd, count, at)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _read_once(directory: str, offset: int, limit: int) -> tuple[int, int, bytes]:
    segments = list_segments(directory)
    if not segments:
        return 0, 0, b""
    size = segments[-1][0] + os.stat(segments[-1][1]).st_size
    if offset < 0:
        offset = size + offset
    offset = min(max(offset, segments[0][0]), size)
    data = b""
    for index, (begin, path) in enumerate(segments):
        until = segments[index + 1][0] if index + 1 < len(segments) else size
        at = offset + len(data)
        if begin <= at < until and len(data) < limit:
            data += _read_part(path, at - begin, min(limit - len(data), until - at))
    return offset, size, data
