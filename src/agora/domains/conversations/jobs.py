"""Background job of question timeouts: find unanswered messages that are due."""

from __future__ import annotations

import asyncio
from functools import partial

from agora.core.jobs import DueController

from . import queries as conversations
from .timeouts import time_out_question

__all__ = ["ConversationTimeoutController"]

BATCH = 200


class ConversationTimeoutController(DueController):
    """Ends due questions with a failure; does nothing while the marketplace is halted."""

    name = "conversations"
    interval = 0.5
    next_due = conversations.select_next_due_time

    async def reconcile(self, tenant: str) -> None:
        context = self.context
        while not self.is_stopping and not context.overrides.is_halted(tenant):
            rows = await self.read(tenant, conversations.select_due_questions, now=context.clock.now(), limit=BATCH)
            await asyncio.gather(
                *(
                    self.write_as_system(tenant, partial(time_out_question, message_id=message_id))
                    for message_id in rows
                )
            )
            if len(rows) < BATCH:
                return
