"""A v4 export, ``{table: [rows]}`` as JSON, parsed incrementally, in constant memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ..errors import InvalidRequest

__all__ = ["ExportFile"]

CHUNK_CHARACTERS = 1 << 20  # characters read at once
WHITESPACE = " \t\r\n,:"  # separators between two values; a parser of well-formed files need not distinguish them


class ExportFile:
    """A v4 export. Rows are parsed one at a time; a reader holds a chunk of the file and one row in memory.

    chunk_characters: size of a chunk.
    """

    def __init__(self, path: Path | str, chunk_characters: int = CHUNK_CHARACTERS) -> None:
        self.path, self._chunk_characters = Path(path), chunk_characters

    def compute_digest(self) -> str:
        """Return the file's SHA-256 in hexadecimal."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def count_rows(self) -> dict[str, int]:
        """Count the rows of each table. Raises InvalidRequest for a file that is not an export."""
        counts: dict[str, int] = {}
        for table, row in self._read():
            counts[table] = counts.get(table, 0) + (row is not _Reader.START)
        return counts

    def read_rows(self, table: str) -> Iterator[Any]:
        """Yield the rows of one table, in order."""
        return (row for name, row in self._read() if name == table and row is not _Reader.START)

    def _read(self) -> Iterator[tuple[str, Any]]:
        with self.path.open(encoding="utf-8-sig") as file:
            yield from _Reader(file, self.path.name, self._chunk_characters).read_tables()


class _Reader:
    """Incremental parser of a file's values. Yields ``START`` once per table, including empty ones."""

    START = object()

    def __init__(self, file: IO[str], name: str, chunk_characters: int) -> None:
        self._file, self._name, self._chunk_characters = file, name, chunk_characters
        self._text, self._at = "", 0
        self._decoder = json.JSONDecoder()

    def read_tables(self) -> Iterator[tuple[str, Any]]:
        self._expect("{")
        while not self._take("}"):
            table = self._read_value()
            if not isinstance(table, str):
                raise self._build_not_an_export_error("a table's name is not text")
            self._expect("[")
            yield table, self.START
            while not self._take("]"):
                yield table, self._read_value()

    def _read_value(self) -> Any:
        """Parse the next value; one that is cut off by the end of the chunk is parsed again with more data."""
        self._skip_space()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if not self._read_more():
                    raise self._build_not_an_export_error("it is no JSON, or ends too early") from None
                continue
            # A number at the end of the chunk may continue in the next one.
            if end == len(self._text) and self._read_more():
                continue
            self._at = end
            return value

    def _take(self, sign: str) -> bool:
        self._skip_space()
        if self._text[self._at : self._at + 1] != sign:
            return False
        self._at += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._build_not_an_export_error(f"{sign!r} is missing")

    def _skip_space(self) -> None:
        while True:
            while self._at < len(self._text) and self._text[self._at] in WHITESPACE:
                self._at += 1
            if self._at < len(self._text) or not self._read_more():
                return

    def _read_more(self) -> bool:
        """Drop parsed data and read another chunk. Returns whether there was one. A long row doubles the chunk size."""
        # Doubled because the row is parsed again from its start: fixed chunks would take quadratic time for a long row.
        chunk = self._file.read(max(self._chunk_characters, len(self._text) - self._at))
        self._text, self._at = self._text[self._at :] + chunk, 0
        return bool(chunk)

    def _build_not_an_export_error(self, problem: str) -> InvalidRequest:
        return InvalidRequest(
            f"{self._name} is not a v4 export: {problem}.", fix='An export is {"agent_capability": [...], ...} as JSON.'
        )
