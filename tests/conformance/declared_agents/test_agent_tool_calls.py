"""Tool calls of declared agents: the server decides which are allowed, and each call is executed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from agora.core.call import Caller
from agora.domains.agents import queries as agents
from agora.store.port import Reader
from agora_sdk.errors import InvalidRequest, PermissionDenied, StaleLease
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH
READER = ["read:tasks", "write:tasks", "read:agents"]


@dataclass
class AgentAtWork:
    """A declared agent that holds a task, and calls tools for it."""

    market: Market
    caller: Caller
    task_id: str
    token: int

    async def use(self, tool: str, call_id: str = "1.0", /, **arguments: Any) -> Any:
        request = {"task_id": self.task_id, "fencing_token": self.token, "call_id": call_id}
        return await self.market.call(
            self.caller, "declared_agent.call_tool", **request, tool=tool, arguments=arguments
        )


async def declare(market: Market, name: str, **fields: Any) -> Caller:
    """Declare an agent. Returns its caller, as used by the runner."""
    specification = {"model": "local:tiny", **fields}
    applied = await market.call(market.operator, "declared_agent.apply", name=name, specification=specification)
    token = market.app.signer.sign_agent_token("default", applied.agent_id, 1)
    return await market.app.authenticator.authenticate(token)


async def put_to_work(market: Market, caller: Caller, asker: Caller, **order: Any) -> AgentAtWork:
    """Assign a task to an agent, and claim it."""
    task = {"task_type": "a2a.message", "payload": {"text": "go"}, "assignee": caller.name} | order
    receipt = await market.call(asker, "task.assign", **task)
    claim = await market.call(caller, "task.claim", limit=10)
    (claimed,) = [task for task in claim.tasks if task.task_id == receipt.task_id]
    return AgentAtWork(market, caller, claimed.task_id, claimed.fencing_token)


async def key_with(market: Market, scopes: list[str]) -> tuple[Caller, str]:
    created = await market.call(market.operator, "token.create", label="narrow", scopes=scopes)
    return await market.app.authenticator.authenticate(created.token), created.token_id


async def test_repeated_call_is_executed_once(market: Market) -> None:
    asker, target = await market.agent("Asker"), await market.agent("Target")
    work = await put_to_work(market, await declare(market, "Ada", tools=["messaging"]), asker)
    first = await work.use("messaging_send", to_agent="Target", content="hello")
    again = await work.use("messaging_send", to_agent="Target", content="hello")
    assert (first.status, again.content) == ("done", first.content)
    inbox = await market.call(target, "messaging.receive")
    assert [(message.from_agent, message.content) for message in inbox.messages] == [(work.caller.subject, "hello")]
    other = await work.use("messaging_send", "2.0", to_agent="Target", content="hello")
    assert other.content["message_id"] != first.content["message_id"]


async def test_only_declared_tools_can_be_called(market: Market) -> None:
    asker = await market.agent("Asker")
    work = await put_to_work(market, await declare(market, "Ada", tools=["messaging"]), asker)
    for name in ("task_assign", "agora.agent.deregister", "agora_token_create", "messaging_receive"):
        outcome = await work.use(name, agent_id="Asker")
        assert (outcome.status, "no tool" in outcome.error) == ("refused", True)
    hidden = await work.use("messaging_send", to_agent="Asker", content="x", from_agent="Asker")
    assert (hidden.status, hidden.error) == ("refused", "messaging_send has no parameter 'from_agent'.")


async def test_requesters_rights_bound_those_of_the_agent(market: Market) -> None:
    key, token_id = await key_with(market, READER)
    work = await put_to_work(market, await declare(market, "Ada", tools=["messaging", "agents"]), key)
    refused = await work.use("messaging_send", to_agent="Ada", content="x")
    assert (refused.status, "write:messages" in refused.error) == ("refused", True)
    assert (await work.use("query_agents", "1.1")).status == "done"
    await market.call(market.operator, "token.revoke", token_id=token_id)
    assert (await work.use("query_agents", "1.2")).status == "refused"


async def test_suspended_requester_has_no_rights(market: Market) -> None:
    asker = await market.agent("Asker")
    work = await put_to_work(market, await declare(market, "Ada", tools=["agents"]), asker)
    assert (await work.use("query_agents")).status == "done"
    change = {"resource": "agent", "target": "Asker", "action": "suspend"}
    await market.call(market.operator, "admin.manage", **change)
    assert (await work.use("query_agents", "2.0")).status == "refused"


async def test_rights_are_bounded_by_every_agent_in_a_chain(market: Market) -> None:
    key, _ = await key_with(market, READER)
    ada = await declare(market, "Ada", tools=["agent:Bob"])
    bob = await declare(market, "Bob", tools=["messaging", "agents"])
    first = await put_to_work(market, ada, key)
    asked = await first.use("ask_Bob", message="send it")
    assert asked.status == "done"
    claim = await market.call(bob, "task.claim")
    (task,) = claim.tasks
    assert (task.task_id, task.parent_id) == (asked.task_id, first.task_id)
    second = AgentAtWork(market, bob, task.task_id, task.fencing_token)
    assert (await second.use("messaging_send", to_agent="Ada", content="x")).status == "refused"
    assert (await second.use("query_agents", "1.1")).status == "done"


async def test_call_outside_a_task_has_no_rights(market: Market) -> None:
    ada, bob = await declare(market, "Ada"), await declare(market, "Bob", tools=["agents"])
    work = await put_to_work(market, bob, ada)
    assert (await work.use("query_agents")).status == "refused"


async def test_depth_of_a_chain_is_bounded(market: Market) -> None:
    asker = await market.agent("Asker")
    ada = await declare(market, "Ada", tools=["agent:Bob"], limits={"depth": 1})
    bob = await declare(market, "Bob", tools=["agent:Ada"], limits={"depth": 1})
    first = await put_to_work(market, ada, asker)
    assert (await first.use("ask_Bob", message="and you?")).status == "done"
    (task,) = (await market.call(bob, "task.claim")).tasks
    second = AgentAtWork(market, bob, task.task_id, task.fencing_token)
    refused = await second.use("ask_Ada", message="and you?")
    assert (refused.status, "the limit is 1" in refused.error) == ("refused", True)


async def test_tasks_of_others_cannot_be_read(market: Market) -> None:
    asker, other = await market.agent("Asker"), await market.agent("Other")
    ada = await declare(market, "Ada", tools=["tasks"], max_concurrent_tasks=2)
    secret = await put_to_work(market, ada, other, payload={"text": "secret"})
    work = await put_to_work(market, ada, asker)
    assert (await work.use("task_get", task_id=secret.task_id)).status == "refused"
    assert (await work.use("task_cancel", "1.1", task_id=secret.task_id)).status == "refused"
    made = await work.use("task_assign", "1.2", task_type="t", payload={})
    shown = await work.use("task_get", "1.3", task_id=made.task_id)
    assert (shown.status, shown.content["parent_id"]) == ("done", work.task_id)


async def test_memory_is_separate_for_each_requester(market: Market) -> None:
    asker, other = await market.agent("Asker"), await market.agent("Other")
    ada = await declare(market, "Ada", tools=["memory"], max_concurrent_tasks=2)
    mine = await put_to_work(market, ada, asker)
    theirs = await put_to_work(market, ada, other)
    await mine.use("memory_store", key="colour", value="blue")
    assert (await mine.use("memory_recall", "1.1", key="colour")).content["value"] == "blue"
    assert (await theirs.use("memory_recall", key="colour")).status == "failed"
    stranger = f"../{asker.subject}/colour"
    assert (await theirs.use("memory_recall", "1.1", key=stranger)).status == "failed"
    assert (await theirs.use("memory_list", "1.2")).content["memories"] == []
    (listed,) = (await mine.use("memory_list", "1.2", prefix="co")).content["memories"]
    assert listed["key"] == "colour"
    assert (await mine.use("memory_list", "1.3", namespace="default")).status == "refused"


async def test_only_the_holder_of_the_task_may_call_its_tools(market: Market) -> None:
    asker = await market.agent("Asker")
    work = await put_to_work(market, await declare(market, "Ada", tools=["agents"]), asker)
    with pytest.raises(PermissionDenied, match="Only a declared agent"):
        await AgentAtWork(market, asker, work.task_id, work.token).use("query_agents")
    with pytest.raises(StaleLease):
        await AgentAtWork(market, work.caller, work.task_id, work.token + 1).use("query_agents")


async def ask_for_approval(work: AgentAtWork, call_id: str, tool: str, arguments: dict[str, Any]) -> None:
    approval = {"call_id": call_id, "tool": tool, "arguments": arguments}
    parts = [{"text": "May I?"}, {"data": {"approval": approval}}]
    await work.market.call(
        work.caller,
        "task.message",
        task_id=work.task_id,
        parts=parts,
        status="input_required",
        fencing_token=work.token,
    )


async def take_up_again(work: AgentAtWork) -> None:
    (task,) = (await work.market.call(work.caller, "task.claim")).tasks
    work.token = task.fencing_token


@pytest.mark.parametrize(("answer", "status"), [("approve", "done"), ("No!", "refused"), ("yes", "done")])
async def test_call_waits_for_approval_by_a_person(market: Market, answer: str, status: str) -> None:
    ada = await declare(market, "Ada", tools=["messaging"], approval=["messaging"])
    work = await put_to_work(market, ada, market.operator)
    arguments = {"to_agent": "Ada", "content": "hello"}
    assert (await work.use("messaging_send", **arguments)).status == "approval_required"
    await ask_for_approval(work, "1.0", "messaging_send", arguments)
    await market.call(market.operator, "task.message", task_id=work.task_id, text=answer)
    await take_up_again(work)
    changed = await work.use("messaging_send", to_agent="Ada", content="something else")
    assert changed.status == "approval_required"
    assert (await work.use("messaging_send", **arguments)).status == status
    assert (await work.use("messaging_send", "2.0", **arguments)).status == "approval_required"


async def test_agent_cannot_approve(market: Market) -> None:
    asker = await market.agent("Asker")
    ada = await declare(market, "Ada", tools=["messaging"], approval=["*"])
    work = await put_to_work(market, ada, asker)
    arguments = {"to_agent": "Asker", "content": "hello"}
    await ask_for_approval(work, "1.0", "messaging_send", arguments)
    await market.call(asker, "task.message", task_id=work.task_id, parts=[{"data": {"decision": "approve"}}])
    await take_up_again(work)
    assert (await work.use("messaging_send", **arguments)).status == "approval_required"
    await ask_for_approval(work, "1.0", "messaging_send", arguments)
    answer = [{"data": {"decision": "approve"}}]
    await market.call(market.operator, "task.message", task_id=work.task_id, parts=answer)
    await take_up_again(work)
    assert (await work.use("messaging_send", **arguments)).status == "done"


async def test_tools_are_shown_to_the_agent_and_operators(market: Market) -> None:
    names = ["messaging", "tasks", "agent:Bob", "handoff:Bob", "capability:draw", "upstream:far"]
    ada = await declare(market, "Ada", tools=names, approval=["tasks"])
    shown = (await market.call(ada, "declared_agent.tools", name="Ada")).tools
    assert [tool.name for tool in shown] == [
        "messaging_send",
        "task_assign",
        "task_get",
        "task_output",
        "task_cancel",
        "ask_Bob",
        "hand_over_to_Bob",
        "use_draw",
    ]
    assert {tool.name for tool in shown if tool.needs_approval} == {tool.name for tool in shown if "task" in tool.name}
    assert set(shown[0].input_schema["properties"]) == {"to_agent", "content", "message_type", "priority"}
    with pytest.raises(PermissionDenied):
        await market.call(await market.agent("Visitor"), "declared_agent.tools", name="Ada")


async def read_registrar(market: Market, agent_id: str) -> str | None:
    async def read(reader: Reader) -> str | None:
        row = await reader.one(agents.select_agent_by_id, ref=agent_id)
        return None if row is None else row.registrar

    return await market.app.store.read("default", read)


async def test_marketplace_agent_registers_for_its_requester_without_seeing_the_token(market: Market) -> None:
    asker = await market.agent("Asker")
    work = await put_to_work(market, await declare(market, "Desk", tools=["marketplace"]), asker)
    made = await work.use("orchestrator_register_agent", name="HealthBuddy", capabilities=["ecg"])
    assert (made.status, made.content["agent_name"]) == ("done", "HealthBuddy")
    assert "token" not in made.content, "what a model is told, it may tell"
    again = await work.use("orchestrator_register_agent", name="HealthBuddy", capabilities=["ecg"])
    assert again.content == made.content
    registrar = await read_registrar(market, made.content["agent_id"])
    assert registrar == asker.subject, "it counts against the asker's limits, not the desk's"
    found = await work.use("orchestrator_search_agents", "2.0", query="ecg")
    assert [agent["agent_name"] for agent in found.content["agents"]] == ["HealthBuddy"]
    one = await work.use("orchestrator_get_agent", "2.1", ref="healthbuddy")
    assert one.content["agent_id"] == made.content["agent_id"]
    count = await work.use("orchestrator_get_marketplace_stats", "2.2", of="agents", capability="ecg")
    assert count.content["total"] == 1
    assert (await work.use("orchestrator_search_apps", "2.3")).content["apps"] == []


async def test_desk_has_the_scopes_of_its_requester(market: Market) -> None:
    desk = await declare(market, "Desk", tools=["marketplace"])
    reader, _ = await key_with(market, ["read:agents", "write:tasks"])
    work = await put_to_work(market, desk, reader)
    assert (await work.use("orchestrator_search_agents")).status == "done"
    refused = await work.use("orchestrator_register_agent", "1.1", name="Mine")
    assert (refused.status, "write:agents" in refused.error) == ("refused", True)
    writer, token_id = await key_with(market, ["write:agents", "write:tasks"])
    work = await put_to_work(market, desk, writer)
    assert (await work.use("orchestrator_search_agents", "2.0")).status == "refused"
    mine = await work.use("orchestrator_register_agent", "2.1", name="Mine")
    assert await read_registrar(market, mine.content["agent_id"]) == token_id


async def test_wildcard_tool_may_ask_any_visible_agent(market: Market) -> None:
    asker, target = await market.agent("Asker"), await market.agent("Target")
    private = {"agent_name": "Hidden", "visibility": "private"}
    await market.call(market.operator, "agent.register", **private)
    ada = await declare(market, "Ada", tools=["agent:*"])
    work = await put_to_work(market, ada, asker)
    asked = await work.use("ask_agent", agent="Target", message="What is it?")
    assert asked.status == "done"
    (task,) = (await market.call(target, "task.claim")).tasks
    assert (task.task_id, task.parent_id, task.payload["text"]) == (asked.task_id, work.task_id, "What is it?")
    for number, name in enumerate(("Nobody", "Hidden", "Ada", "", "agt_" + "x" * 40, 7, None)):
        refused = await work.use("ask_agent", f"2.{number}", agent=name, message="x")
        assert (refused.status, "gent" in refused.error) == ("refused", True)
    with pytest.raises(InvalidRequest):
        await declare(market, "Bad", tools=["handoff:*"])
