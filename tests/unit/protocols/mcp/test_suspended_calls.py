"""Calls suspended until their client has answered a request: their number is limited."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from agora.core.call import Caller
from agora.protocols.mcp import suspended_calls
from agora.protocols.mcp.client_requests import ClientRequests
from agora.protocols.mcp.exchange import Exchange
from agora.protocols.mcp.results import ToolResult
from agora.protocols.mcp.suspended_calls import REQUEST_KEY, SuspendedCalls
from agora_sdk.errors import Overloaded

CALLER = Caller("default", "agent_1", "Ada", "agent", frozenset())


def build_exchange(**client: Any) -> Exchange:
    async def accept() -> None: ...

    capabilities = {"elicitation": {}}
    requests = ClientRequests(capabilities=capabilities, **client)
    return Exchange(CALLER, view=cast("Any", None), modern=True, valid=accept, client=requests)


async def ask(client: ClientRequests) -> ToolResult:
    answer = await client.ask("elicitation/create", {"message": "Which day?"})
    return ToolResult(relayed=answer)


async def test_call_beyond_the_limit_that_asks_its_client_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspended_calls, "MAX_SUSPENDED", 1)
    calls, ended = SuspendedCalls(), asyncio.Event()

    async def ask_until_cancelled(client: ClientRequests) -> ToolResult:
        try:
            return await ask(client)
        finally:
            ended.set()

    async def answer_at_once(client: ClientRequests) -> ToolResult:
        return ToolResult(relayed={"answered": "at once"})

    try:
        first = await calls.run_call(build_exchange(), "book", ask)
        assert first.relayed is not None
        with pytest.raises(Overloaded, match="Call again"):
            await calls.run_call(build_exchange(), "book", ask_until_cancelled)
        assert ended.is_set(), "the refused call does not go on"
        other = await calls.run_call(build_exchange(), "book", answer_at_once)
        assert other.relayed == {"answered": "at once"}, "calls that ask nothing are not limited"
        repeated = build_exchange(state=first.relayed["requestState"], responses={REQUEST_KEY: {"action": "accept"}})
        assert (await calls.run_call(repeated, "book", ask)).relayed == {"action": "accept"}
        assert (await calls.run_call(build_exchange(), "book", ask)).relayed is not None, "there is room again"
    finally:
        await calls.stop()
