"""The marketplace asked in plain words."""

from __future__ import annotations

from typing import Any

import pytest

from agora.core.call import Caller
from agora_sdk.errors import AgoraError, InvalidRequest, OperationSunset, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


@pytest.fixture
async def shop(market: Market) -> Market:
    await market.agent("CodeHelper", capabilities=["code_generation"], alias="agent.codegen.fast", category="software")
    await market.agent("Reader", capabilities=["text analysis"], description="Reads.", category="healthcare")
    await market.agent("Ledger", capabilities=["invoices"], category="app")
    return market


async def chat(market: Market, message: str, caller: Caller | None = None, **more: Any) -> Any:
    return await market.call(caller or market.operator, "orchestrator.chat", message=message, **more)


async def test_agents_are_found(shop: Market) -> None:
    answer = await chat(shop, "Find agents for code generation")
    assert (answer.tools_used, [each["agent_id"] for each in answer.data]) == (
        ["search_agents"],
        ["agent.codegen.fast"],
    )
    assert answer.response == "Found 1 agents for code generation: CodeHelper."
    free = await chat(shop, "Show me free text analysis agents")
    assert [(each["name"], each["pricing"]["type"]) for each in free.data] == [("Reader", "free")]
    assert [each["name"] for each in (await chat(shop, "What agents are available for Healthcare?")).data] == ["Reader"]
    assert [each["name"] for each in (await chat(shop, "agents for text in code")).data] != []
    nobody = await chat(shop, "Find agents for zymurgy")
    assert (nobody.response, nobody.data) == ("No agents for zymurgy found.", [])
    apps = await chat(shop, "Which apps are there for invoices?")
    assert (apps.tools_used, [each["name"] for each in apps.data]) == (["search_apps"], ["Ledger"])


async def test_what_costs_something_is_not_free(shop: Market) -> None:
    await shop.call(shop.operator, "billing.set_price", agent_id="Reader", type="per_request", price=1.0)
    assert (await chat(shop, "Show me free text analysis agents")).data == []


async def test_one_is_described(shop: Market) -> None:
    answer = await chat(shop, "Give me details about agent.codegen.fast")
    assert (answer.tools_used, answer.data[0]["name"]) == (["get_agent"], "CodeHelper")
    assert "code_generation" in answer.response
    assert (await chat(shop, "Tell me more about the CodeHelper Agent")).data[0]["name"] == "CodeHelper"
    assert (await chat(shop, "Tell me more about agent.no.body")).response == "There is no agent 'agent.no.body' here."


async def test_one_is_registered(shop: Market) -> None:
    said = "Register a new agent named MyBot with ID agent.myorg.mybot. It can do text analysis."
    answer = await chat(shop, said, key="k")
    assert (answer.tools_used, answer.data[0]["agent_id"]) == (["register_agent"], "agent.myorg.mybot")
    bot = await shop.app.authenticator.authenticate(answer.token)
    assert (await shop.call(bot, "agent.get", agent_id="MyBot")).capabilities == ["text_analysis"]
    again = await chat(shop, said, key="k")
    assert (again.token, again.data) == (answer.token, answer.data)
    assert (await chat(shop, "Register an agent")).response.startswith("The name of the agent is missing.")


async def test_registering_needs_its_scope(shop: Market) -> None:
    reader = Caller("default", "key_1", "key", "key", frozenset({"read:agents"}))
    assert (await chat(shop, "Find agents for code generation", reader)).data
    with pytest.raises(PermissionDenied, match="write:agents"):
        await chat(shop, "Register a new agent named MyBot.", reader)
    with pytest.raises(InvalidRequest):
        await chat(shop, "Register a new agent named " + "x" * 500 + ".")


async def test_what_forbids_registering_forbids_it_in_plain_words_too(shop: Market) -> None:
    """There is one gate: an operation that has ended, or is halted, has for whoever only talks about it."""
    manage = {"resource": "service", "target": "agora.agent.register"}
    said = "Register a new agent named MyBot."
    await shop.call(shop.operator, "admin.manage", action="sunset", **manage)
    with pytest.raises(OperationSunset, match=r"agora\.agent\.register"):
        await chat(shop, said)
    assert (await chat(shop, "Find agents for code generation")).data, "what it needs not is not asked for"
    await shop.call(shop.operator, "admin.manage", action="activate", **manage)
    assert (await chat(shop, said)).token
    newcomer = Caller("default", "anonymous", "anonymous", "enrolment", frozenset({"read:agents", "write:agents"}))
    with pytest.raises(AgoraError):
        await chat(shop, "Register a new agent named Other.", newcomer)


async def test_the_marketplace_in_numbers(shop: Market) -> None:
    answer = await chat(shop, "How many agents are in the marketplace?")
    assert (answer.tools_used, answer.data[0]["agents_total"]) == (["get_marketplace_stats"], 3)
    assert answer.response.startswith("There are 3 agents in the marketplace")


async def test_who_is_private_stays_so(shop: Market) -> None:
    await shop.agent("Spy", capabilities=["code_generation"], visibility="private")
    stranger = await shop.agent("Stranger")
    assert [each["name"] for each in (await chat(shop, "Find agents for code generation", stranger)).data] == [
        "CodeHelper"
    ]
    assert (await chat(shop, "Tell me more about Spy", stranger)).data == []


async def test_what_is_not_understood(shop: Market) -> None:
    answer = await chat(shop, "?!")
    assert (answer.tools_used, answer.data) == ([], [])
    assert "Find agents for code generation" in answer.response
