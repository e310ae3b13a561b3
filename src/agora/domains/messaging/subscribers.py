"""What messaging does when other domains say something."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.signals import AddressTaken

from .views import deliver_held

__all__ = ["deliver_held_messages"]


async def deliver_held_messages(call: Call, address: AddressTaken) -> None:
    """Deliver the messages that waited for a name to the agent that answers to it now."""
    address.messages += await deliver_held(call, address.agent_id, address.name)
