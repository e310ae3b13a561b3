"""The marketplace as an agent in conversations, on every engine."""

from __future__ import annotations

import pytest

from agora_sdk.errors import (
    InvalidRequest,
    PermissionDenied,
)
from tests.conformance.conversations.conversation_calls import HOSTING, ORCHESTRATOR, answering, pending, send
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG


async def test_assignment_creates_a_task_and_later_messages_update_it(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob", capabilities=["adding"])
    assigned = await send(market, ada, "assign", "Bob", intent="add", payload={"a": 1}, task="Add it")
    assert (assigned.answer.type, assigned.answer.intent) == ("confirm", "task_assigned")
    task_id = assigned.answer.payload["task_id"]
    (message,) = await pending(market, bob)
    assert (message["type"], message["intent"], message["payload"]) == ("assign", "add", {"a": 1})
    await send(market, bob, "agree", "Ada", correlation=answering(assigned))
    assert (await market.call(ada, "task.get", task_id=task_id)).status == "in_progress"
    half = {"state": "in_progress", "progress": 0.5}
    await send(market, bob, "inform", "Ada", correlation=answering(assigned), status=half)
    assert (await market.call(ada, "task.get", task_id=task_id)).progress == 50
    await send(market, bob, "done", "Ada", correlation=answering(assigned), payload={"sum": 2})
    task = await market.call(ada, "task.get", task_id=task_id)
    assert (task.status, task.result, task.task_type, task.created_by) == ("completed", {"sum": 2}, "add", ada.subject)
    for answer, status in (("refuse", "rejected"), ("failure", "failed")):
        assigned = await send(market, ada, "assign", ORCHESTRATOR, intent="add", payload={"agent_id": "Bob"})
        assert (
            await market.call(ada, "task.get", task_id=assigned.answer.payload["task_id"])
        ).assigned_agent == bob.subject
        direct = await send(market, ada, "assign", "Bob", intent="add")
        await send(market, bob, answer, "Ada", correlation=answering(direct), payload={"error": "no"})
        found = await market.call(ada, "task.get", task_id=direct.answer.payload["task_id"])
        assert found.status == status
    pool = await send(market, ada, "assign", ORCHESTRATOR, intent="sum", payload={"capability": "adding"})
    (claimed,) = (await market.call(bob, "task.claim", task_types=["sum"])).tasks
    assert claimed.task_id == pool.answer.payload["task_id"]


async def test_deployment_of_an_unregistered_agent_is_refused(market: Market) -> None:
    ada = await market.agent("Ada")
    await market.agent("Calc", alias="agent.calculator.calculation")
    deploy = {
        "intent": "deploy_agent",
        "payload": {"agent_id": "agent.calculator.calculation", "preferred_host": HOSTING},
    }
    failed = (await send(market, ada, "deploy", ORCHESTRATOR, **deploy)).answer
    assert (failed.type, failed.payload["code"]) == ("deploy_failure", "NOT_DEPLOYABLE")
    assert "no registered deployment" in failed.payload["error"]
    unknown = (await send(market, ada, "deploy", ORCHESTRATOR, payload={"agent_id": "agent.no.body"})).answer
    assert unknown.payload["code"] == "AGENT_NOT_FOUND"
    asked = await send(market, ada, "request", HOSTING, intent="create_container", payload={"agent_id": "Calc"})
    assert (asked.answer.type, asked.answer.sender, asked.answer.payload["code"]) == (
        "refuse",
        HOSTING,
        "NOT_DEPLOYABLE",
    )
    for kind, payload in (("scale", {"agent_id": "Calc", "replicas": 3}), ("co_locate", {"with_agent": "Calc"})):
        answer = (await send(market, ada, kind, ORCHESTRATOR, payload=payload)).answer
        assert (answer.type, answer.payload["code"]) == ("refuse", "NOT_DEPLOYABLE")


async def test_hosting_agent_is_asked_and_its_answer_relayed(market: Market) -> None:
    app = await market.agent("App", alias="agent.app.orchestrator", metadata={"container_id": "orch-cust-123-xyz"})
    manifest = {
        "repository": {"url": "https://github.com/company/calculation-agent", "branch": "main"},
        "build_config": {
            "type": "docker",
            "build_command": "docker build -t calc-agent .",
            "start_command": "docker run -p 8000:8000 calc-agent",
        },
        "host_requirements": {"min_memory_mb": 512, "min_cpu_cores": 0.5},
    }
    await market.agent("Calc", alias="agent.calculator.calculation", metadata=manifest)
    host = await market.agent("Host", alias=HOSTING, metadata={"permissions": {"create_container": [ORCHESTRATOR]}})
    near = {"required": True, "with_agent": "agent.app.orchestrator", "reason": "low_latency_required"}
    payload = {"agent_id": "agent.calculator.calculation", "customer_id": "customer-123", "co_location": near}
    deploy = await send(
        market, app, "deploy", ORCHESTRATOR, intent="deploy_agent", payload=payload | {"preferred_host": HOSTING}
    )
    assert deploy.answer is None
    (request,) = await pending(market, host)
    assert (request["type"], request["sender"], request["to"]) == ("request", ORCHESTRATOR, [HOSTING])
    assert request["intent"] == "create_container"
    assert request["payload"] == payload | manifest | {"co_location": near | {"with_container_id": "orch-cust-123-xyz"}}
    assert request["correlation"]["conversation_id"] == deploy.conversation_id
    created = {
        "container_id": "calc-cust-123-abc",
        "agent_id": "agent.calculator.calculation",
        "address": "http://calc-cust-123:8000",
        "health_url": "http://calc-cust-123:8000/health",
        "co_located_with": "orch-cust-123-xyz",
        "host_node": "node-eu-central-1-a",
    }
    await send(market, host, "inform", ORCHESTRATOR, sender=HOSTING, intent="container_created", payload=created)
    confirmed = (await market.call(app, "conversation.reply", message_id=deploy.message_id)).message
    assert (confirmed.type, confirmed.sender, confirmed.intent) == ("deploy_confirm", ORCHESTRATOR, "agent_deployed")
    assert (
        confirmed.payload.items()
        >= {
            "agent_id": "agent.calculator.calculation",
            "address": "http://calc-cust-123:8000",
            "health_url": "http://calc-cust-123:8000/health",
            "co_located": True,
        }.items()
    )
    scaled = await send(market, app, "scale", ORCHESTRATOR, payload={"agent_id": "Calc", "replicas": 2})
    await send(market, host, "failure", ORCHESTRATOR, payload={"error": "full", "code": "NO_ROOM"})
    answer = (await market.call(app, "conversation.reply", message_id=scaled.message_id)).message
    assert (answer.type, answer.payload) == ("failure", {"error": "full", "code": "NO_ROOM"})


async def test_private_agent_is_neither_found_nor_deployed(market: Market) -> None:
    ada = await market.agent("Ada")
    hidden = await market.agent("Hidden", capabilities=["calculation"], visibility="private")
    find = {"intent": "find_agents", "payload": {"capability": "calculation"}}
    assert (await send(market, ada, "discover", ORCHESTRATOR, **find)).answer.payload["agents"] == []
    (found,) = (await send(market, hidden, "discover", ORCHESTRATOR, **find)).answer.payload["agents"]
    assert found["agent_id"] == "Hidden"
    answer = (await send(market, ada, "deploy", ORCHESTRATOR, payload={"agent_id": "Hidden"})).answer
    assert answer.payload["code"] == "AGENT_NOT_FOUND"


async def test_public_keys_are_published_and_verified(market: Market) -> None:
    key = {"kty": "OKP", "crv": "X25519", "kid": "k1", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}
    ada = await market.agent("Ada", public_keys=[key])
    bob = await market.agent("Bob")
    (found,) = (await market.call(bob, "agent.get", agent_id="Ada")).public_keys
    assert found.model_dump(exclude_none=True) == key
    await market.call(ada, "agent.register", agent_name="Ada")
    assert (await market.call(bob, "agent.get", agent_id="Ada")).public_keys, "left out, they stay"
    for wrong in (key | {"d": "private!"}, key | {"kty": "EC"}, key | {"crv": "P-256"}, key | {"x": "?"}):
        with pytest.raises(InvalidRequest):
            await market.call(ada, "agent.update", agent_id="Ada", public_keys=[wrong])
    with pytest.raises(InvalidRequest, match="same kid"):
        await market.call(ada, "agent.update", agent_id="Ada", public_keys=[key, key])
    with pytest.raises(PermissionDenied):
        await market.call(bob, "agent.update", agent_id="Ada", public_keys=[key])
    await market.call(ada, "agent.update", agent_id="Ada", public_keys=[])
    assert (await market.call(bob, "agent.get", agent_id="Ada")).public_keys == []
