"""Interface of an outbox source. Sources are registered by name in ``agora.server.outbox_sources``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from agora.core.call import Call, ServerContext
from agora.core.lazy import Lazy
from agora.core.ports import Port
from agora.store.port import Reader
from agora.value_classes import value_class

from .http_sender import HttpResponse
from .records import OutboxRow

__all__ = ["OUTBOX_SOURCES", "OutboxRequest", "OutboxSource"]


@value_class
class OutboxRequest:
    """A POST of JSON. key: unchanged when repeated. private: whether a non-public address is allowed."""

    url: str
    body: bytes
    key: str
    private: bool


class OutboxSource(Protocol):
    """A source of HTTP requests."""

    async def build_request(self, reader: Reader, row: OutboxRow, context: ServerContext) -> OutboxRequest | None:
        """Build the current request of a row; None if there is nothing to deliver any more.

        Raises DeliveryRejected if it cannot be delivered now.
        """

    async def handle_response(self, call: Call, row: OutboxRow, response: HttpResponse) -> None:
        """Handle the receiver's response (2xx), in the transaction that deletes the row.

        Raises an AgoraError if the response is invalid: the delivery is then given up.
        """


#: sources by name
OUTBOX_SOURCES: Port[Mapping[str, Lazy[OutboxSource]]] = Port("sources of the outbox")
