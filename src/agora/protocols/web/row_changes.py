"""Row changes: removes the rows from a fragment that its reader already has.

A row is a ``tr``, ``li`` or ``article`` with an id, which templates add to repeated elements; rows are not nested. A
row that has not changed since the fragment was last sent is replaced by an empty element with its id and ``data-same``:
the page inserts its own copy. Values in templates are escaped, so that the text of an agent never looks like a row.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

__all__ = ["RowChanges"]

ROW_PATTERN: Final = re.compile(rb'<(tr|li|article)\b[^<>]*?\sid="([^"<>]+)"[^<>]*>.*?</\1>', re.DOTALL)


class RowChanges:
    """Digests of the last version sent of one fragment."""

    def __init__(self) -> None:
        self._body = b""
        self._rows: dict[bytes, bytes] = {}

    def leave_out_unchanged(self, body: bytes) -> bytes | None:
        """Remove unchanged rows from a fragment; returns None if nothing has changed."""
        if (digest := _compute_digest(body)) == self._body:
            return None
        self._body = digest
        # Begun anew: the page has dropped its copies of rows that this rendering no longer has.
        previous, self._rows = self._rows, {}

        def replace_row(match: re.Match[bytes]) -> bytes:
            tag, id = match[1], match[2]
            self._rows[id] = _compute_digest(match[0])
            return b'<%b id="%b" data-same></%b>' % (tag, id, tag) if previous.get(id) == self._rows[id] else match[0]

        return ROW_PATTERN.sub(replace_row, body)


def _compute_digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
