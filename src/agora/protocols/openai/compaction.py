"""``POST /v1/responses/compact``: packs a conversation kept by the client into one opaque item.

Agents keep the context of ``previous_response_id`` themselves and have no context window to shorten, so no agent writes
a summary. The items are packed without loss, except reasoning, which no agent reads: the client keeps and sends a
fraction of the bytes, and a request with the item is equivalent to one with the whole conversation.
"""

from __future__ import annotations

import base64
import binascii
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora.clock import new_id

from .errors import invalid_field

__all__ = ["COMPACTION", "MAX_UNPACKED", "build_compaction", "unpack_compaction"]

COMPACTION: Final = "compaction"  #: type of the item
MAX_UNPACKED: Final = 8_388_608  #: maximum bytes of all unpacked compactions of a request, like a body
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
    item = {"type": COMPACTION, "id": new_id("cmp"), "encrypted_content": base64.b64encode(packed).decode()}
    return {
        "id": new_id("resp"),
        "object": "response.compaction",
        "created_at": int(time.time()),
        "output": [item],
        "usage": dict(_NO_USAGE),
    }


def unpack_compaction(item: Mapping[str, Any], field: str, limit: int) -> tuple[list[Any], str | None, int]:
    """Unpack a compaction; returns its items, the preceding response, and the size in bytes. Raises InvalidRequest if
    it is invalid or larger than the limit.
    """
    content = item.get("encrypted_content")
    try:
        # Bounded: a few kilobytes of a client could unpack to gigabytes.
        unpacker = zlib.decompressobj()
        packed = base64.b64decode(content if isinstance(content, str) else "", validate=True)
        # For zlib, 0 means no limit.
        text = unpacker.decompress(packed, max(limit, 1))
        document = from_json(text)
        items, previous_id = document["items"], document["previous_response_id"]
    except (binascii.Error, zlib.error, ValueError, LookupError, TypeError):
        items, previous_id, text = None, None, b""
    if not isinstance(items, list) or not isinstance(previous_id, str | None):
        raise invalid_field(
            f"{field}.encrypted_content", "is not a compaction of this server", fix="Send the item unchanged."
        )
    return items, previous_id, len(text)
