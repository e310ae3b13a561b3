"""The stream of a worker as server-sent events: ``connected``, ``task_available``, ``worker_updated``, ``heartbeat``,
``closing``.

An offer's data are the event's document with the task's id and type added. Control messages have a ``control`` member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic_core import from_json, to_json

from agora.comma_lists import split_list
from agora.core.events.frames import Batch, CloseReason, Item, encode_sse_closing_message
from agora.protocols.http import Scope, read_header

__all__ = ["STREAM_OPERATION", "OfferEncoder", "encode_connected_chunk", "read_worker_headers"]

STREAM_OPERATION: Final = "agora.worker.stream"
PARAMETER_BY_HEADER: Final[Mapping[bytes, str]] = {
    b"x-agent-name": "agent_name",
    b"x-worker-id": "worker_id",
    b"x-capabilities": "capabilities",
    b"x-codebases": "codebases",
}
LIST_PARAMETERS = ("capabilities", "codebases")
FRAME_TYPES: Final[Mapping[str, str]] = {
    "agora.task.available": "task_available",
    "agora.worker.updated": "worker_updated",
}
TOP_LEVEL_FIELDS = (
    "task_id",
    "task_type",
    "priority",
    "worker_id",
)  #: members of the event's data repeated at the top level


def read_worker_headers(scope: Scope) -> dict[str, str | list[str]]:
    """Read the arguments in headers; lists are separated by commas."""
    arguments: dict[str, str | list[str]] = {}
    for header, name in PARAMETER_BY_HEADER.items():
        value = read_header(scope, header)
        if value:
            arguments[name] = split_list(value) if name in LIST_PARAMETERS else value
    return arguments


def encode_connected_chunk(position: int) -> bytes:
    """Encode the first message: every task that becomes available from now on is offered."""
    return b'id: %d\nevent: connected\ndata: {"control":"connected","sequence":%d}\n\n' % (position, position)


class OfferEncoder:
    """Encodes the items of a worker's stream."""

    def encode_batches(self, batches: Sequence[Batch], /) -> bytes:
        return b"".join(_encode_batch(batch) for batch in batches)

    def encode_end(self, close_reason: CloseReason, position: int, /) -> bytes:
        return encode_sse_closing_message(close_reason, position)


def _encode_batch(batch: Batch) -> bytes:
    if not batch.items:
        data = b'{"control":"heartbeat","sequence":%d}' % batch.sequence
        return b"id: %d\nevent: heartbeat\ndata: %b\n\n" % (batch.sequence, data)
    return b"".join(map(_encode_offer, batch.items))


def _encode_offer(item: Item) -> bytes:
    document = from_json(item.json)
    data = document.get("data") or {}
    document |= {name: data[name] for name in TOP_LEVEL_FIELDS if name in data}
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (item.number, FRAME_TYPES[item.kind].encode(), to_json(document))
