"""PendingOffers: callable tools of an upstream, handed over to the operation registry.

They are stored under the id of their event. When that event commits, this server's registry takes them over before any
subscriber receives the event; other servers load them from the store.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from agora.core.ports import Port
from agora.value_classes import value_class

__all__ = ["OFFERS", "Offer", "OfferedTool", "PendingOffers"]

MAX_CACHED_OFFERS = 200


@value_class
class OfferedTool:
    """A callable tool. definition: the upstream's JSON text. version: of the upstream's server."""

    upstream: str
    name: str
    description: str
    definition: str
    version: str | None


@value_class
class Offer:
    """All tools of one upstream; empty after its removal."""

    tenant: str
    upstream: str
    tools: Sequence[OfferedTool]


class PendingOffers:
    """PendingOffers waiting for their events; the oldest are discarded, because an event may never be committed."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Offer] = OrderedDict()

    def store_offer(self, event_id: str, offer: Offer) -> None:
        self._waiting[event_id] = offer
        while len(self._waiting) > MAX_CACHED_OFFERS:
            self._waiting.popitem(last=False)

    def pop_offer(self, event_id: str) -> Offer | None:
        """Take out the offer of an event, if it was made on this server."""
        return self._waiting.pop(event_id, None)


#: tools on their way to the operation registry
OFFERS: Port[PendingOffers] = Port("offers of MCP upstreams")
