"""What messaging does when other domains say something."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.signals import AddressTaken

from .views import deliver_held

__all__ = ["deliver_held_messages"]


async def deliver_held_messages(call: Call, taken: AddressTaken) -> None:
    """Deliver the messages that waited for a name to the agent that answers to it now."""
    taken.messages += await deliver_held(call, taken.agent_id, taken.name)
