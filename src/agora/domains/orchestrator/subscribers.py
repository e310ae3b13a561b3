"""Handlers of signals of the conversations domain."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.conversations.signals import MessageDelivered

from . import agent, deployment_requests

__all__ = ["answer_message"]


async def answer_message(call: Call, delivered: MessageDelivered) -> None:
    """Forward replies of hosting agents, and answer messages addressed to the marketplace."""
    await deployment_requests.apply_or_forward_host_reply(call, delivered.draft)
    if delivered.answer is None and delivered.draft.own:
        delivered.answer = await agent.compose_answer(call, delivered.draft, delivered.sent)
