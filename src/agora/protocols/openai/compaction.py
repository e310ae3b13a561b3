"""``POST /v1/responses/compact``: packs a conversation kept by the client into one opaque item.

Agents keep the context of ``previous_response_id`` themselves and have no context window to shorten, so no agent writes
a summary. The items are packed without loss, except reasoning, which no agent reads: the client keeps and sends a
fraction of the bytes, and a request with the item is equivalent to one with the whole conversation.
"""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora.clock import new_id
from agora.protocols.http import require_json_weight_within_limit

from .errors import invalid_field

__all__ = ["COMPACTION_TYPE", "MAX_UNPACKED_BYTES", "build_compaction", "unpack_compactions"]

COMPACTION_TYPE: Final = "compaction"  #: type of the item
MAX_UNPACKED_BYTES: Final = 8_388_608  #: maximum bytes of all unpacked compactions of a request, like a body
_NO_USAGE: Final[Mapping[str, Any]] = {
    "input_tokens": 0,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 0,
}


def build_compaction(items: Sequence[Mapping[str, Any]], previous_id: str | None) -> dict[str, Any]:
    """Build a compacted conversation. previous_id: of the preceding response, whose context the agent keeps."""
    conversation = [item for item in items if item.get("type") != "reasoning"]
    packed = zlib.compress(to_json({"items": conversation, "previous_response_id": previous_id}))
    item = {"type": COMPACTION_TYPE, "id": new_id("cmp"), "encrypted_content": base64.b64encode(packed).decode()}
    return {
        "id": new_id("resp"),
        "object": "response.compaction",
        "created_at": int(time.time()),
        "output": [item],
        "usage": dict(_NO_USAGE),
    }


def unpack_compactions(items: Mapping[str, Mapping[str, Any]]) -> list[tuple[list[Any], str | None]]:
    """Unpack the compactions of a request, by field; returns the items of each and its preceding response. Raises
    InvalidRequest if one is invalid or all are too large, PayloadTooLarge if they hold too many values.
    """
    texts: dict[str, bytes] = {}
    limit = MAX_UNPACKED_BYTES
    for field, item in items.items():
        texts[field] = _decompress_compaction(item, limit)
        limit -= len(texts[field])
    # All together and before parsing, like a body: a few kilobytes could unpack to millions of values.
    require_json_weight_within_limit(b"".join(texts.values()), MAX_UNPACKED_BYTES)
    return [_parse_compaction(text, field) for field, text in texts.items()]


def _decompress_compaction(item: Mapping[str, Any], limit: int) -> bytes:
    """Decompress a compaction; empty if it is invalid, incomplete if it is larger than the limit."""
    content = item.get("encrypted_content")
    try:
        # Bounded: a few kilobytes of a client could unpack to gigabytes.
        unpacker = zlib.decompressobj()
        packed = base64.b64decode(content if isinstance(content, str) else "", validate=True)
        # For zlib, 0 means no limit.
        return unpacker.decompress(packed, max(limit, 1))
    except (ValueError, zlib.error):
        return b""


def _parse_compaction(text: bytes, field: str) -> tuple[list[Any], str | None]:
    try:
        document = from_json(text)
        items, previous_id = document["items"], document["previous_response_id"]
    except (ValueError, LookupError, TypeError):
        items, previous_id = None, None
    if not isinstance(items, list) or not isinstance(previous_id, str | None):
        raise invalid_field(
            f"{field}.encrypted_content", "is not a compaction of this server", fix="Send the item unchanged."
        )
    return items, previous_id
