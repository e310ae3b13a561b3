"""Handlers of signals of the agents domain."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.signals import AddressTaken

from .views import deliver_messages_held_for_name

__all__ = ["deliver_held_messages"]


async def deliver_held_messages(call: Call, address: AddressTaken) -> None:
    """Deliver the messages held for a name to the agent that has taken it."""
    address.messages += await deliver_messages_held_for_name(call, address.agent_id, address.name)
