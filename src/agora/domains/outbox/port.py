"""What a source of the outbox implements. It is registered under its name in ``agora.server.outbox``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from agora.core.call import Call, ServerContext
from agora.core.lazy import Lazy
from agora.core.ports import Port
from agora.store.port import Reader

from .http_sender import HttpResponse
from .records import OutboxRow

__all__ = ["OUTBOX_SOURCES", "OutboxRequest", "OutboxSource"]


@dataclass(frozen=True, slots=True)
class OutboxRequest:
    """A POST of JSON. key: the same whenever it is repeated. private: whether the address need not be a public one."""

    url: str
    body: bytes
    key: str
    private: bool


class OutboxSource(Protocol):
    """Something that has HTTP requests made."""

    async def build_request(self, reader: Reader, row: OutboxRow, context: ServerContext) -> OutboxRequest | None:
        """What a row becomes now; None if there is nothing to be delivered any more.

        Raises DeliveryRejected if it cannot be delivered now.
        """

    async def handle_response(self, call: Call, row: OutboxRow, response: HttpResponse) -> None:
        """Act on what the receiver answered (2xx), in the transaction that deletes the row.

        Raises an AgoraError if the answer is no good: the delivery is then given up.
        """


#: sources by name
OUTBOX_SOURCES: Port[Mapping[str, Lazy[OutboxSource]]] = Port("sources of the outbox")
