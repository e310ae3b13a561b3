"""Background job of question timeouts: find unanswered messages that are due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from agora.core.jobs import DueController
from agora.core.lazy import Lazy

from . import queries as conversations

__all__ = ["ConversationTimeoutController"]

MAX_BATCH = 200
TIME_OUT_QUESTION: Lazy[Callable[..., Coroutine[Any, Any, Any]]] = Lazy(
    "agora.domains.conversations.timeouts:send_timeout_if_due"
)


class ConversationTimeoutController(DueController):
    """Ends due questions with a failure; does nothing while the marketplace is halted."""

    name = "conversations"
    interval = 0.5
    next_due = conversations.select_next_due_time

    async def reconcile(self, tenant: str) -> None:
        context = self.context
        while not self.is_stopping and not context.overrides.is_halted(tenant):
            rows = await self.read(tenant, conversations.select_due_questions, now=context.clock.now(), limit=MAX_BATCH)
            # One transaction for each question, which the store commits together: a failing one does not undo the others.
            await asyncio.gather(
                *(
                    self.write_as_system(tenant, partial(TIME_OUT_QUESTION.get(), message_id=message_id))
                    for message_id in rows
                )
            )
            if len(rows) < MAX_BATCH:
                return
