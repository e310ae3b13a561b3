"""Request and reply over messages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .contract.fields import DeliveryState
from .contract.messaging import Message, Messaging
from .errors import DeadlineExceeded
from .retry import pause_after_early_poll

if TYPE_CHECKING:
    from .retry import IO
    from .session import Session

__all__ = ["request_reply"]

#: Length of one long poll of the inbox: intermediaries may cut off longer ones.
WATCH_SECONDS = 25.0


async def request_reply(
    io: IO, session: Session, to_agent: str, content: str, seconds: float, options: Mapping[str, Any]
) -> Message:
    """Send a message and wait for the first reply. Raises DeadlineExceeded."""
    calls = Messaging.operations
    correlation = f"req_{os.urandom(16).hex()}"
    deadline = io.now() + seconds
    # Before it is sent: the inbox of the agent must skip a reply that comes at once.
    session.expected.expect_reply(correlation)
    try:
        await session.bind_and_call(io, calls["send"], to_agent, content, correlation_id=correlation, **options)
        # By the correlation id and not by the sender: the reply may come from another agent, to which the message was delegated.
        while (remaining := deadline - (start := io.now())) > 0:
            page = await session.bind_and_call(
                io, calls["receive"], correlation_id=correlation, wait=min(remaining, WATCH_SECONDS), limit=1
            )
            if page.items:
                reply: Message = page.items[0]
                # Before the acknowledgement: until then the inbox still reads the reply as unread.
                session.expected.mark_received(reply.message_id)
                await session.bind_and_call(io, calls["mark"], [reply.message_id], DeliveryState.ACKNOWLEDGED)
                return reply
            await pause_after_early_poll(io, start)
    finally:
        session.expected.stop_waiting(correlation)
    raise DeadlineExceeded(
        f"{to_agent} did not answer within {seconds:g} seconds.",
        fix="Is it running? A reply that comes later waits in the inbox.",
        correlation_id=correlation,
    )
