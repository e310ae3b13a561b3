"""An implementation with the contract's own signatures is accepted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from agora_sdk.contract import events, implements, messaging
from agora_sdk.contract.fields import DeliveryState, DeliveryStateLike


class MessagingService(messaging.Messaging):
    @implements
    async def mark(
        self, message_ids: list[str], status: DeliveryStateLike = DeliveryState.READ, agent_id: str | None = None
    ) -> messaging.Marked:
        return messaging.Marked(updated=len(message_ids), status=status)


class EventService(events.Events):
    @implements
    async def stream(
        self,
        types: list[str] = [],
        agent: str | None = None,
        subject: str | None = None,
        *,
        subscription_id: str | None = None,
        last_event_id: str | None = None,
    ) -> AsyncIterator[events.Event]:
        yield events.Event(id="evt_1", type="t", source="s", time=datetime.now(UTC), sequence=1)
