"""Row changes: a fragment without the rows that its reader has already.

A row is a ``tr``, ``li`` or ``article`` with an id, which templates give to whatever repeats; rows hold no rows of their own kind. One that has not changed since the fragment was
last sent is replaced by an empty element with its id and ``data-same``: the page puts its own copy there. Values in templates are
escaped, so that the text of an agent never looks like a row.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

__all__ = ["RowChanges"]

ROW: Final = re.compile(rb'<(tr|li|article)\b[^<>]*?\sid="([^"<>]+)"[^<>]*>.*?</\1>', re.DOTALL)


class RowChanges:
    """What was last sent of one fragment, as digests."""

    def __init__(self) -> None:
        self._body = b""
        self._rows: dict[bytes, bytes] = {}

    def leave_out_unchanged(self, body: bytes) -> bytes | None:
        """The fragment as it has to be sent; None if nothing in it has changed."""
        if (digest := _compute_digest(body)) == self._body:
            return None
        self._body = digest
        previous, self._rows = self._rows, {}

        def replace_row(match: re.Match[bytes]) -> bytes:
            tag, id = match[1], match[2]
            self._rows[id] = _compute_digest(match[0])
            return b'<%b id="%b" data-same></%b>' % (tag, id, tag) if previous.get(id) == self._rows[id] else match[0]

        return ROW.sub(replace_row, body)


def _compute_digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
