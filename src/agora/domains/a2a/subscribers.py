"""Subscriptions of A2A to signals of other domains."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.messaging.signals import ReplyStored

from .message_delivery import apply_reply_to_task

__all__ = ["update_answered_task"]


async def update_answered_task(call: Call, reply: ReplyStored) -> None:
    """Complete the task of an answered message."""
    await apply_reply_to_task(call, reply.sender, reply.reply_to, reply.content, reply.metadata)
