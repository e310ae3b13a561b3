"""Calls of the conversation tests."""

from __future__ import annotations

from typing import Any

import pytest

from agora.core.call import Caller
from agora.core.jobs import JobContext
from agora.domains.conversations.jobs import ConversationTimeoutController
from tests.market import Market

__all__ = ["DAY", "HOSTING", "ORCHESTRATOR", "answering", "loop", "pending", "send"]

ORCHESTRATOR, HOSTING = "agent.marketplace.orchestrator", "agent.agentify.hosting-orchestrator"
DAY = 86_400


async def send(market: Market, who: Caller, kind: str, to: str | list[str], /, **fields: Any) -> Any:
    message = {"type": kind, "to": to, "intent": "talk"} | fields
    return await market.call(who, "conversation.send", message=message)


def answering(accepted: Any) -> dict[str, Any]:
    return {"reply_to": accepted.id}


async def pending(market: Market, who: Caller) -> list[dict[str, Any]]:
    page = await market.call(who, "conversation.pending")
    return [message.document() for message in page.messages]


@pytest.fixture
def loop(market: Market) -> ConversationTimeoutController:
    app = market.app
    return ConversationTimeoutController(
        JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, market.clock)
    )
