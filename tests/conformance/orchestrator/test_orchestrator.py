"""The orchestrator answers questions about the marketplace in plain language, by rules."""

from __future__ import annotations

from typing import Any

import pytest

from agora.core.call import Caller
from agora_sdk.errors import AgoraError, InvalidRequest, OperationSunset, PermissionDenied
from tests.conformance.conversations.conversation_calls import ORCHESTRATOR, send
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


async def test_agents_are_found_by_capability(shop: Market) -> None:
    answer = await chat(shop, "Find agents for code generation")
    assert (answer.tools_used, [each["agent_id"] for each in answer.data]) == (
        ["search_agents"],
        ["agent.codegen.fast"],
    )
    assert answer.response == "Found 1 agent for code generation: CodeHelper."
    free = await chat(shop, "Show me free text analysis agents")
    assert [(each["name"], each["pricing"]["type"]) for each in free.data] == [("Reader", "free")]
    assert [each["name"] for each in (await chat(shop, "What agents are available for Healthcare?")).data] == ["Reader"]
    assert [each["name"] for each in (await chat(shop, "agents for text in code")).data] != []
    nobody = await chat(shop, "Find agents for zymurgy")
    assert (nobody.response, nobody.data) == ("No agents for zymurgy found.", [])
    apps = await chat(shop, "Which apps are there for invoices?")
    assert (apps.tools_used, [each["name"] for each in apps.data]) == (["search_apps"], ["Ledger"])


async def test_priced_agents_are_not_listed_as_free(shop: Market) -> None:
    await shop.call(shop.operator, "billing.set_price", agent_id="Reader", type="per_request", price=1.0)
    assert (await chat(shop, "Show me free text analysis agents")).data == []


async def test_agent_is_described(shop: Market) -> None:
    answer = await chat(shop, "Give me details about agent.codegen.fast")
    assert (answer.tools_used, answer.data[0]["name"]) == (["get_agent"], "CodeHelper")
    assert "code_generation" in answer.response
    assert (await chat(shop, "Tell me more about the CodeHelper Agent")).data[0]["name"] == "CodeHelper"
    assert (await chat(shop, "Tell me more about agent.no.body")).response == "There is no agent 'agent.no.body' here."


async def test_agent_is_registered(shop: Market) -> None:
    said = "Register a new agent named MyBot with ID agent.myorg.mybot. It can do text analysis."
    answer = await chat(shop, said, key="k")
    assert (answer.tools_used, answer.data[0]["agent_id"]) == (["register_agent"], "agent.myorg.mybot")
    bot = await shop.app.authenticator.authenticate(answer.token)
    assert (await shop.call(bot, "agent.get", agent_id="MyBot")).capabilities == ["text_analysis"]
    again = await chat(shop, said, key="k")
    assert (again.token, again.data) == (answer.token, answer.data)
    assert (await chat(shop, "Register an agent")).response.startswith("The name of the agent is missing.")


async def test_registration_requires_its_scope(shop: Market) -> None:
    reader = Caller("default", "key_1", "key", "key", frozenset({"read:agents"}))
    assert (await chat(shop, "Find agents for code generation", reader)).data
    with pytest.raises(PermissionDenied, match="write:agents"):
        await chat(shop, "Register a new agent named MyBot.", reader)
    with pytest.raises(InvalidRequest):
        await chat(shop, "Register a new agent named " + "x" * 500 + ".")


async def test_refused_registration_is_refused_in_chat_too(shop: Market) -> None:
    """The chat passes the same admission: a halted or ended operation is refused in chat too."""
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


async def test_marketplace_statistics_are_reported(shop: Market) -> None:
    answer = await chat(shop, "How many agents are in the marketplace?")
    assert (answer.tools_used, answer.data[0]["agents_total"]) == (["get_marketplace_stats"], 3)
    assert answer.response.startswith("There are 3 agents in the marketplace")


async def test_private_agents_are_not_found(shop: Market) -> None:
    await shop.agent("Spy", capabilities=["code_generation"], visibility="private")
    stranger = await shop.agent("Stranger")
    assert [each["name"] for each in (await chat(shop, "Find agents for code generation", stranger)).data] == [
        "CodeHelper"
    ]
    assert (await chat(shop, "Tell me more about Spy", stranger)).data == []


async def test_results_are_filtered_and_sorted(shop: Market) -> None:
    await shop.call(shop.operator, "billing.set_price", agent_id="Reader", type="per_request", price=1.0)
    await shop.call(shop.operator, "billing.set_price", agent_id="CodeHelper", type="per_request", price=3.0)
    rater = await shop.agent("Rater", tags=["healthcare"])
    await shop.call(rater, "agent.rate", agent_id="CodeHelper", rating=9)
    await shop.call(rater, "agent.rate", agent_id="Reader", rating=7)

    async def find_names(message: str) -> list[str]:
        return [each["name"] for each in (await chat(shop, message)).data]

    assert await find_names("Which agents are rated above 8?") == ["CodeHelper"]
    assert await find_names("Show me the two best rated agents") == ["CodeHelper", "Reader"]
    assert (await find_names("Show me the cheapest agent"))[:1] == ["Ledger"]
    assert "CodeHelper" not in await find_names("agents costing less than 2 dollars")
    assert await find_names("Are there any agents in the healthcare industry?") == ["Reader", "Rater"]
    assert set(await find_names("Who is online now?")) == {"CodeHelper", "Reader", "Ledger", "Rater"}
    await shop.call(shop.operator, "admin.manage", action="suspend", resource="agent", target="Reader")
    assert "Reader" not in await find_names("Who is online now?")
    found = await shop.call(shop.operator, "orchestrator.search_agents", capability="code generation", sort="price")
    assert ([each.name for each in found.agents], found.total) == (["CodeHelper"], 1)


async def test_agents_are_counted(shop: Market) -> None:
    async def count(message: str) -> tuple[str, int]:
        answer = await chat(shop, message)
        assert answer.tools_used == ["get_marketplace_stats"]
        return answer.response, answer.data[0]["total"]

    assert await count("How many agents can do code generation?") == ("There is 1 agent for code generation.", 1)
    assert await count("How many apps are there?") == ("There is 1 app in the marketplace.", 1)
    assert (await count("Wie viele Agenten gibt es?"))[1] == 3
    assert (await count("How many capabilities are offered?"))[1] == 3


async def test_only_registration_requests_register(shop: Market) -> None:
    for message in ("Find an agent to create an agent report", "Delete CodeHelper", "hello", "create a report"):
        answer = await chat(shop, message)
        assert "register_agent" not in answer.tools_used
    assert (await chat(shop, "How many agents are there?")).data[0]["total"] == 3
    assert "cannot delete" in (await chat(shop, "Delete CodeHelper")).response
    added = await chat(shop, "Add MyBot5 to the marketplace")
    assert added.data[0]["name"] == "MyBot5"
    buddy = await chat(shop, "Please set up a new agent called HealthBuddy, it analyses ECGs and writes reports")
    assert (buddy.data[0]["name"], buddy.data[0]["capabilities"]) == (
        "HealthBuddy",
        ["analyses_ecgs", "writes_reports"],
    )


async def test_each_tool_requires_only_its_own_scope(shop: Market) -> None:
    writer = Caller("default", "key_2", "key", "key", frozenset({"write:agents"}))
    assert (await chat(shop, "Register a new agent named Scribe.", writer)).token
    for message in ("Find agents for code generation", "How many agents are there?", "Who is CodeHelper?"):
        with pytest.raises(PermissionDenied, match="read:agents"):
            await chat(shop, message, writer)
    assert "token" not in (await chat(shop, "hello", writer)).model_dump()


async def test_intent_chat_of_the_agent_protocol_is_supported(shop: Market) -> None:
    ada = await shop.agent("Ada")
    answer = (
        await send(shop, ada, "request", ORCHESTRATOR, intent="chat", payload={"message": "Find free apps"})
    ).answer
    assert (answer.type, answer.intent) == ("inform", "chat")
    assert [each["name"] for each in answer.payload["data"]] == ["Ledger"]
    refused = (await send(shop, ada, "request", ORCHESTRATOR, intent="chat", payload={})).answer
    assert (refused.type, refused.payload["error"]) == ("refuse", "payload.message is missing.")


async def test_unrecognized_question_returns_help(shop: Market) -> None:
    answer = await chat(shop, "?!")
    assert (answer.tools_used, answer.data) == ([], [])
    assert "Find agents for code generation" in answer.response


async def test_unsupported_request_names_the_operation(shop: Market) -> None:
    for message, operation in (
        ("pls get rid of CodeHelper", "agora.agent.deregister"),
        ("How do I delete an agent?", "agora.agent.deregister"),
        ("Tell CodeHelper to write a test", "agora.a2a.send"),
        ("shut down CodeHelper", "agora.admin.manage"),
    ):
        answer = await chat(shop, message)
        assert answer.tools_used == []
        assert operation in answer.response
    assert (await chat(shop, "Do not register an agent")).tools_used == []
