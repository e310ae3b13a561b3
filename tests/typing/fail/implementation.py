"""A service that differs from its contract is an error."""

from __future__ import annotations

from collections.abc import AsyncIterator

from agora_sdk.contract import agents, events, implements, messaging
from agora_sdk.contract.fields import DeliveryState, DeliveryStateLike


class ChangedType(messaging.Messaging):
    @implements
    async def mark(  # E: override
        self, message_ids: list[int], status: DeliveryStateLike = DeliveryState.READ, agent_id: str | None = None
    ) -> messaging.Marked:
        raise NotImplementedError


class NewlyRequired(agents.Agents):
    @implements
    async def get(self, agent_id: str, reason: str) -> agents.Agent:  # E: override
        raise NotImplementedError


class OtherResult(agents.Agents):
    @implements
    async def get(self, agent_id: str) -> agents.AgentPage:  # E: override
        raise NotImplementedError


class OtherItems(events.Events):
    @implements
    async def stream(  # E: override
        self,
        types: list[str] = [],
        agent: str | None = None,
        subject: str | None = None,
        *,
        subscription_id: str | None = None,
        last_event_id: str | None = None,
    ) -> AsyncIterator[str]:
        yield "not an event"


class NoResult(agents.Agents):
    @implements  # E: arg-type
    async def get(self, agent_id: str) -> str:  # E: override
        raise NotImplementedError
