"""Subscriptions of A2A to signals of other domains."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.messaging.signals import ReplyStored

from .message_delivery import end_task_with_reply

__all__ = ["end_answered_task"]


async def end_answered_task(call: Call, reply: ReplyStored) -> None:
    """Complete the task of an answered message."""
    await end_task_with_reply(call, reply.sender, reply.reply_to, reply.content, reply.metadata)
