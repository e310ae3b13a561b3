"""What A2A does when other domains say something."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.messaging.signals import ReplyStored

from .message_delivery import complete_from_reply

__all__ = ["complete_answered_task"]


async def complete_answered_task(call: Call, reply: ReplyStored) -> None:
    """Complete the task that an answered message was about."""
    await complete_from_reply(call, reply.sender, reply.reply_to, reply.content, reply.metadata)
