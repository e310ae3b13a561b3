"""What the marketplace's own agent does when a message was delivered."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.conversations.signals import MessageDelivered

from . import agent, deployment

__all__ = ["answer_message"]


async def answer_message(call: Call, delivered: MessageDelivered) -> None:
    """Pass on what hosting agents say, and answer what was sent to the marketplace itself."""
    await deployment.pass_back(call, delivered.draft)
    if delivered.answer is None and delivered.draft.own:
        delivered.answer = await agent.compose_answer(call, delivered.draft, delivered.sent)
