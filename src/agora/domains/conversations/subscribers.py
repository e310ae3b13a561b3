"""Handlers of signals of the agents and messaging domains."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.references import build_address_of_name
from agora.domains.agents.signals import AddressTaken
from agora.domains.messaging.signals import ReplyComposed

from . import queries as conversations
from .correlation import correlate_and_record_reply

__all__ = ["correlate_reply", "readdress_conversations"]


async def correlate_reply(call: Call, reply: ReplyComposed) -> None:
    """Record a marketplace reply that answers a message of the agent protocol."""
    reply.row = await correlate_and_record_reply(call, reply.row, reply.parties)


async def readdress_conversations(call: Call, address_taken: AddressTaken) -> None:
    """Move the conversations of a held address to the agent that took the name."""
    address = build_address_of_name(address_taken.name)
    # First, since the agent may take part already: moving the row would violate the primary key.
    await call.tx.execute(conversations.delete_duplicate_parties, agent_id=address_taken.agent_id, address=address)
    await call.tx.execute(conversations.readdress_parties, agent_id=address_taken.agent_id, address=address)
