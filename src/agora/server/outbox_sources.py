"""Sources of the outbox by name. Each is imported when one of its rows is first delivered."""

from __future__ import annotations

from collections.abc import Mapping

from agora.core.lazy import Lazy
from agora.domains.outbox.port import OutboxSource

__all__ = ["OUTBOX_SOURCES_BY_NAME"]

OUTBOX_SOURCES_BY_NAME: Mapping[str, Lazy[OutboxSource]] = {
    "endpoint": Lazy("agora.domains.conversations.endpoint_delivery:ENDPOINT_SOURCE"),
    "instance": Lazy("agora.domains.instances.message_delivery:INSTANCE_SOURCE"),
}
