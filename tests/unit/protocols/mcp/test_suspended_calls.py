"""Calls suspended until their client has answered a request: their number is limited."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from agora.core.call import Caller
from agora.protocols.mcp import suspended_calls
from agora.protocols.mcp.client_requests import ClientRequests
from agora.protocols.mcp.request_context import RequestContext
from agora.protocols.mcp.suspended_calls import REQUEST_KEY, SuspendedCalls
from agora.protocols.mcp.tool_results import ToolResult
from agora_sdk.errors import Gone, Overloaded
from tests.polling import run_loop_turns

CALLER = Caller("default", "agent_1", "Ada", "agent", frozenset())


def build_exchange(caller: Caller = CALLER, **client: Any) -> RequestContext:
    async def accept() -> None: ...

    capabilities = {"elicitation": {}}
    requests = ClientRequests(capabilities=capabilities, **client)
    return RequestContext(caller, view=cast("Any", None), modern=True, valid=accept, client=requests)


async def ask(client: ClientRequests) -> ToolResult:
    answer = await client.send_request("elicitation/create", {"message": "Which day?"})
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


async def test_one_account_cannot_take_the_places_of_all_others() -> None:
    calls = SuspendedCalls()
    agents = [replace(CALLER, subject=f"agent_{number}", registrar="usr_1") for number in range(2)]
    try:
        for number in range(suspended_calls.MAX_SUSPENDED_EACH):
            assert (await calls.run_call(build_exchange(agents[number % 2]), "book", ask)).relayed is not None
        for agent in agents:
            with pytest.raises(Overloaded, match="of your calls wait for responses"):
                await calls.run_call(build_exchange(agent), "book", ask)
        other = await calls.run_call(build_exchange(replace(CALLER, subject="agent_9")), "book", ask)
        assert other.relayed is not None
        assert suspended_calls.MAX_SUSPENDED_EACH * 2 <= suspended_calls.MAX_SUSPENDED
    finally:
        await calls.stop()


async def test_call_whose_upstream_has_ended_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspended_calls, "MAX_SUSPENDED", 2)
    calls, upstream = SuspendedCalls(), asyncio.get_running_loop().create_future()

    async def ask_until_the_upstream_ends(client: ClientRequests) -> ToolResult:
        question = asyncio.create_task(ask(client))
        try:
            return cast("ToolResult", await upstream)
        finally:
            question.cancel()

    try:
        states = []
        for _ in range(2):
            suspended = await calls.run_call(build_exchange(), "book", ask_until_the_upstream_ends)
            assert suspended.relayed is not None
            states.append(suspended.relayed["requestState"])
        upstream.set_exception(ConnectionError("the upstream has ended"))
        await run_loop_turns(5)
        accepted = build_exchange(state=states[0], responses={REQUEST_KEY: {"action": "accept"}})
        with pytest.raises(ConnectionError):
            await calls.run_call(accepted, "book", ask)
        for _ in range(2):
            assert (await calls.run_call(build_exchange(), "book", ask)).relayed is not None
        with pytest.raises(Overloaded):
            await calls.run_call(build_exchange(), "book", ask)
        with pytest.raises(Gone):
            await calls.run_call(replace(accepted, client=replace(accepted.client, state=states[1])), "book", ask)
    finally:
        await calls.stop()
