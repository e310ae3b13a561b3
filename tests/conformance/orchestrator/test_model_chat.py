"""The marketplace's chat with a model: a declared agent answers, with tools and the requester's rights."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.core.call import Caller
from agora_sdk.errors import IdempotencyConflict, UpstreamUnavailable
from tests.conformance.conversations.conversation_calls import ORCHESTRATOR, send
from tests.conformance.declared_agents.test_agent_tool_calls import AgentAtWork, declare, key_with
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


@pytest.fixture
async def desk(market: Market) -> Caller:
    """The agent of the chat, running."""
    agent = await declare(market, "Desk", tools=["marketplace"])
    await market.call(agent, "agent.heartbeat", status="active")
    setting = {"resource": "configuration", "target": "chat_agent", "action": "set", "value": "Desk"}
    await market.call(market.operator, "admin.manage", **setting)
    return agent


def begin_chat(market: Market, caller: Caller, sentence: str, key: str | None = None) -> asyncio.Task[Any]:
    return asyncio.create_task(market.call(caller, "orchestrator.chat", key=key, message=sentence))


async def claim_sentence(market: Market, desk: Caller, sentence: str) -> AgentAtWork:
    (task,) = (await market.call(desk, "task.claim", wait=20)).tasks
    assert (task.task_type, task.payload["text"]) == ("a2a.message", sentence)
    return AgentAtWork(market, desk, task.task_id, task.fencing_token)


async def finish(work: AgentAtWork, operation: str = "complete", **outcome: Any) -> None:
    fence = {"task_id": work.task_id, "fencing_token": work.token}
    await work.market.call(work.caller, f"task.{operation}", **fence, **outcome)


async def test_model_answers_with_results_of_its_tools(market: Market, desk: Caller) -> None:
    asker = await market.agent("Asker")
    await market.agent("HeartReader", capabilities=["ecg"])
    chat = begin_chat(market, asker, "Who reads hearts?")
    work = await claim_sentence(market, desk, "Who reads hearts?")
    for _ in range(2):  # repeated, as after a crash
        assert (await work.use("orchestrator_search_agents", query="ecg")).status == "done"
    await work.use("orchestrator_get_marketplace_stats", "2.0")
    await finish(work, result="HeartReader reads ECGs.")
    answer = await chat
    assert (answer.response, answer.tools_used) == (
        "HeartReader reads ECGs.",
        ["search_agents", "get_marketplace_stats"],
    )
    assert [row.get("name") for row in answer.data] == ["HeartReader", None]
    assert (answer.data[0]["pricing"]["type"], answer.data[1]["of"]) == ("free", "agents")
    assert answer.token is None


async def test_token_of_a_registered_agent_is_shown_to_the_requester_only(market: Market, desk: Caller) -> None:
    asker = await market.agent("Asker")
    chat = begin_chat(market, asker, "Set up HealthBuddy", "once")
    work = await claim_sentence(market, desk, "Set up HealthBuddy")
    made = await work.use("orchestrator_register_agent", name="HealthBuddy", capabilities=["ecg"])
    await finish(work, result="HealthBuddy is registered.")
    answer = await chat
    assert (answer.tools_used, answer.data[0]["name"]) == (["register_agent"], "HealthBuddy")
    assert (await market.app.authenticator.authenticate(answer.token)).subject == made.content["agent_id"]
    assert answer.token not in str(await market.call(market.operator, "task.history", task_id=work.task_id))
    again = await begin_chat(market, asker, "Set up HealthBuddy", "once")
    assert (again.response, again.token) == (answer.response, answer.token), "the same key is the same task"
    with pytest.raises(IdempotencyConflict):
        await begin_chat(market, asker, "Set up another one", "once")


async def test_chat_has_no_more_rights_than_its_requester(market: Market, desk: Caller) -> None:
    reader, _ = await key_with(market, ["read:agents"])
    chat = begin_chat(market, reader, "Add MyBot5 to the marketplace")
    work = await claim_sentence(market, desk, "Add MyBot5 to the marketplace")
    refused = await work.use("orchestrator_register_agent", name="MyBot5")
    assert (refused.status, "write:agents" in refused.error) == ("refused", True)
    await finish(work, result="You may not register agents.")
    answer = await chat
    assert (answer.tools_used, answer.data) == ([], [])


async def test_questions_and_failures_are_reported(market: Market, desk: Caller) -> None:
    asker = await market.agent("Asker")
    chat = begin_chat(market, asker, "Register it")
    work = await claim_sentence(market, desk, "Register it")
    await finish(work, "message", text="Under which name?", status="input_required")
    answer = await chat
    assert answer.response == f"Under which name?\n\nAnswer it with agora.task.message, as {work.task_id}."
    chat = begin_chat(market, asker, "Find agents for ecg")
    work = await claim_sentence(market, desk, "Find agents for ecg")
    await finish(work, "fail", error="The model is gone.", retry=False)
    with pytest.raises(UpstreamUnavailable, match=r"Desk could not answer: The model is gone"):
        await chat


async def test_rules_answer_if_no_model_can(market: Market, desk: Caller) -> None:
    """For strangers, whose rights cannot be looked up later; for messages, answered where they are stored; and without
    a desk."""
    asker = await market.agent("Asker", alias="agent.app.asker")
    sentence = {"message": "How many agents are there?"}
    reply = (await send(market, asker, "request", ORCHESTRATOR, intent="chat", payload=sentence)).answer
    assert reply.payload["tools_used"] == ["get_marketplace_stats"]
    other, _ = await key_with(market, ["read:tasks"])
    assert "find" in (await market.call(other, "orchestrator.chat", message="hello there")).response.lower()
    suspend = {"resource": "agent", "target": "Desk", "action": "suspend"}
    await market.call(market.operator, "admin.manage", **suspend)
    answer = await market.call(asker, "orchestrator.chat", message="How many agents are there?")
    assert answer.tools_used == ["get_marketplace_stats"]
