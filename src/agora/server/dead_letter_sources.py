"""Sources of dead letters by name, each imported at first use."""

from __future__ import annotations

from collections.abc import Mapping

from agora.core.lazy import Lazy
from agora.domains.dead_letters.port import DeadLetterSource

__all__ = ["DEAD_LETTER_SOURCES_BY_NAME"]

DEAD_LETTER_SOURCES_BY_NAME: Mapping[str, Lazy[DeadLetterSource]] = {
    "bus": Lazy("agora.domains.bus.dead_letters:BUS_SOURCE"),
    "bus_inbound": Lazy("agora.domains.bus.dead_letters:INBOUND_SOURCE"),
    "endpoint": Lazy("agora.domains.conversations.endpoint_delivery:ENDPOINT_SOURCE"),
    "instance": Lazy("agora.domains.instances.message_delivery:INSTANCE_SOURCE"),
    "push": Lazy("agora.domains.a2a.dead_letters:PUSH_SOURCE"),
}
