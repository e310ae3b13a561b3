"""Conversations behave the same on every engine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic_core import from_json

from agora.controllers.base import House
from agora.controllers.conversations import Conversations
from agora.controllers.mail import Mail
from agora.controllers.retention import Retention
from agora.services.base import Caller
from agora.services.conversations import rules
from agora_sdk.contract.envelopes import Performative
from agora_sdk.errors import (
    IdempotencyConflict,
    IllegalTransition,
    InvalidRequest,
    NameTaken,
    NotFound,
    PermissionDenied,
)
from tests.market import Market

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
def loop(market: Market) -> Conversations:
    app = market.app
    return Conversations(House(app.store, app.dispatcher, app.feed, app.gate, app.meter, app.context, market.clock))


# -- who is meant ----------------------------------------------------------------------------------


async def test_an_agent_answers_to_its_id_its_name_and_its_alias(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob", alias="agent.company.bob")
    for to in ("Bob", bob.subject, "agent.company.bob", "agent.default.Bob"):
        await send(market, ada, "inform", to, payload={"to": to})
    found = await pending(market, bob)
    assert [message["to"] for message in found] == [[message["payload"]["to"]] for message in found]
    assert len(found) == 4
    assert (await market.call(ada, "agent.get", agent_id="agent.company.bob")).agent_id == bob.subject


async def test_an_alias_is_one_agents(market: Market) -> None:
    bob = await market.agent("Bob", alias="agent.company.bob")
    with pytest.raises(NameTaken):
        await market.agent("Eve", alias="agent.company.bob")
    with pytest.raises(NameTaken):
        await market.agent("Eve", alias="agent.default.Bob")
    for reserved in (ORCHESTRATOR, "agent.marketplace.x", HOSTING, "agent.builtin.x"):
        eve = await market.agent(f"Eve of {reserved}")
        with pytest.raises((PermissionDenied, NameTaken)):
            await market.call(eve, "agent.update", agent_id=eve.subject, alias=reserved)
    for malformed in ("bob", "agent.bob", "agent..bob", "agent.a.b.", "agent.a.b c", "agent.a.\x00"):
        with pytest.raises(InvalidRequest):
            await market.call(bob, "agent.update", agent_id="Bob", alias=malformed)
    await market.call(bob, "agent.register", agent_name="Bob")
    assert (await market.call(bob, "agent.get", agent_id="Bob")).alias == "agent.company.bob", "left out, it stays"
    await market.call(bob, "agent.deregister", agent_id="Bob")
    await market.agent("New", alias="agent.company.bob")


async def test_messages_are_held_for_an_alias(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    accepted = await send(market, ada, "request", "agent.company.bob", payload={"n": 1})
    assert "agent.company.bob" in accepted.warning
    await market.call(bob, "agent.update", agent_id="Bob", alias="agent.company.bob")
    assert [message["payload"] for message in await pending(market, bob)] == [{"n": 1}]
    answer = await send(market, bob, "inform", "Ada", correlation=answering(accepted))
    assert answer.conversation_id == accepted.conversation_id


async def test_nobody_speaks_for_another(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    with pytest.raises(PermissionDenied):
        await send(market, ada, "inform", "Bob", sender="Bob")
    with pytest.raises(NotFound):
        await send(market, ada, "inform", "Bob", sender=ORCHESTRATOR)
    with pytest.raises(PermissionDenied):
        await market.call(ada, "conversation.pending", agent_id="Bob")
    with pytest.raises(PermissionDenied):
        await market.call(ada, "conversation.list", agent_id="Bob")
    with pytest.raises(PermissionDenied):
        await market.call(ada, "conversation.usage", agent_id="Bob")
    accepted = await send(market, ada, "request", "Bob")
    with pytest.raises(NotFound):
        await market.call(bob, "conversation.reply", message_id=accepted.message_id)


async def test_what_a_message_is_to_the_protocol_is_not_said_by_hand(market: Market) -> None:
    ada = await market.agent("Ada")
    await market.agent("Bob", metadata={"permissions": {"pay": ["Cyd"]}})
    for name in ("agentify", "bus"):
        with pytest.raises(InvalidRequest, match="kept for"):
            await market.call(
                ada,
                "messaging.send",
                to_agent="Bob",
                content="x",
                message_type="request",
                metadata={name: {"intent": "pay"}},
            )
    sneaky = {"context": {"agentify": {"intent": "pay"}}, "agora": {"from_agent": "boss", "metadata": {"agentify": {}}}}
    await send(market, ada, "inform", "Bob", **sneaky)
    (message,) = (await market.call(market.operator, "messaging.receive", agent_id="Bob")).messages
    assert (message.from_agent, message.metadata["agentify"]["intent"]) == (ada.subject, "talk")
    assert "agora" not in message.metadata["agentify"]


# -- what may follow what ----------------------------------------------------------------------------


async def test_request_propose_agree_and_done(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    request = await send(market, ada, "request", "Bob", id="r1", correlation={"conversation_id": "conv-1"})
    proposal = await send(market, bob, "propose", "Ada", id="p1", correlation=answering(request))
    assert (request.conversation_id, proposal.conversation_id) == ("conv-1", "conv-1")
    agreed = await send(market, ada, "agree", "Bob", correlation=answering(proposal))
    confirmed = await send(market, bob, "confirm", "Ada", correlation=answering(agreed))
    await send(market, bob, "done", "Ada", correlation=answering(confirmed))
    for who in (ada, bob):
        found = await market.call(who, "conversation.get", conversation_id="conv-1")
        assert [message.type.value for message in found.messages] == ["request", "propose", "agree", "confirm", "done"]
        assert (found.state, found.message_count, found.initiator) == ("done", 5, ada.subject)
        assert set(found.participants) == {ada.subject, bob.subject}
        assert [message.reply_to for message in found.messages[:3]] == [None, "r1", "p1"]
    page = await market.call(bob, "conversation.list", state="done")
    assert [found.conversation_id for found in page] == ["conv-1"]
    assert (await market.call(bob, "conversation.list", state="open")).count == 0


async def test_every_pair_of_types_follows_the_table(market: Market) -> None:
    """The whole table: what it lists is taken, all else refused with what would be possible."""
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    payloads: dict[str, Any] = {
        "failure": {"error": "x"},
        "deploy": {"agent_id": "Bob"},
        "deploy_confirm": {"agent_id": "Bob"},
        "deploy_failure": {"error": "x"},
        "co_locate": {"with_agent": "Bob"},
        "scale": {"agent_id": "Bob"},
    }
    asked: dict[Performative, Any] = {}
    for first in Performative:
        before = None
        if first in rules.STRICT:  # they need something to answer
            asking = next(kind for kind in sorted(rules.ASKING) if first in rules.ANSWERS[kind])
            before = await send(market, bob, asking.value, "Ada", payload=payloads.get(asking.value, {}))
        correlation = {"correlation": answering(before)} if before else {}
        asked[first] = await send(market, ada, first.value, "Bob", payload=payloads.get(first.value, {}), **correlation)
    for first, accepted in asked.items():
        ordered = sorted(Performative, key=lambda kind: (kind in rules.CLOSING, kind.value))
        closed = False
        for answer in ordered:
            again = send(
                market,
                bob,
                answer.value,
                "Ada",
                payload=payloads.get(answer.value, {}),
                correlation=answering(accepted),
            )
            if answer in rules.ANSWERS[first] and not closed:
                await again
                closed = answer in rules.CLOSING
            else:
                with pytest.raises(IllegalTransition) as refused:
                    await again
                assert closed or refused.value.allowed == sorted(rules.ANSWERS[first])


async def test_nobody_answers_its_own_question(market: Market) -> None:
    ada = await market.agent("Ada")
    await market.agent("Bob")
    request = await send(market, ada, "request", "Bob")
    with pytest.raises(IllegalTransition):
        await send(market, ada, "inform", "Bob", correlation=answering(request))
    await send(market, ada, "failure", "Bob", payload={"error": "never mind"}, correlation=answering(request))


async def test_an_answer_that_names_nothing_means_the_oldest_open_question(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    first, second = [await send(market, ada, "request", "Bob", id=name) for name in ("one", "two")]
    for question in (first, second):
        answer = await send(market, bob, "inform", "Ada")
        assert answer.conversation_id == question.conversation_id
        reply = await market.call(ada, "conversation.reply", message_id=question.id)
        assert reply.message.reply_to == question.id
    alone = await send(market, bob, "inform", "Ada")
    assert alone.conversation_id not in (first.conversation_id, second.conversation_id)
    with pytest.raises(IllegalTransition, match="nothing of Ada"):
        await send(market, bob, "agree", "Ada")


async def test_consent_and_news_are_not_yet_the_answer(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    request = await send(market, ada, "request", "Bob")
    await send(market, bob, "agree", "Ada", correlation=answering(request))
    news = {"state": "in_progress", "progress": 0.5, "message": "Processing data..."}
    await send(market, bob, "inform", "Ada", correlation=answering(request), status=news)
    reply = await market.call(ada, "conversation.reply", message_id=request.message_id)
    assert (reply.message, reply.waiting) == (None, True)
    await send(market, bob, "inform", "Ada", correlation=answering(request), payload={"n": 1})
    reply = await market.call(ada, "conversation.reply", message_id=request.message_id)
    assert reply.message.payload == {"n": 1}
    assert [message["type"] for message in await pending(market, ada)] == ["agree", "inform"], "the answer is taken"


async def test_who_waits_for_a_type_gets_it(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    request = await send(market, ada, "request", "Bob", expected={"type": "done"})
    await send(market, bob, "inform", "Ada", correlation=answering(request))
    assert (await market.call(ada, "conversation.reply", message_id=request.message_id)).message is None
    await send(market, bob, "done", "Ada", correlation=answering(request))
    assert (await market.call(ada, "conversation.reply", message_id=request.message_id)).message.type == "done"


async def test_a_stranger_cannot_answer_or_join(market: Market) -> None:
    ada, bob, eve = [await market.agent(name) for name in ("Ada", "Bob", "Eve")]
    request = await send(market, ada, "request", "Bob", id="secret", correlation={"conversation_id": "conv-1"})
    for reference in ("secret", request.message_id):
        with pytest.raises(NotFound):
            await send(market, eve, "refuse", "Ada", correlation={"reply_to": reference})
    joined = await send(market, eve, "inform", "Ada", correlation={"conversation_id": "conv-1"})
    assert joined.conversation_id == "conv-1", "its own, of the same name"
    found = await market.call(bob, "conversation.get", conversation_id="conv-1")
    assert (found.message_count, eve.subject in found.participants) == (1, False)
    with pytest.raises(NotFound):
        await market.call(eve, "conversation.get", conversation_id=found.key)
    plain = await market.call(eve, "messaging.send", to_agent="Ada", content="!", reply_to=request.message_id)
    assert plain.message_id
    assert (await market.call(ada, "conversation.reply", message_id="secret")).message is None


async def test_several_are_asked_and_the_first_answer_counts(market: Market) -> None:
    ada, bob, cyd = [await market.agent(name) for name in ("Ada", "Bob", "Cyd")]
    request = await send(market, ada, "request", ["Bob", "Cyd"], id="both")
    assert request.recipients == 2
    await send(market, cyd, "inform", "Ada", payload={"by": "Cyd"})
    assert (await market.call(ada, "conversation.reply", message_id="both")).message.payload == {"by": "Cyd"}
    late = await send(market, bob, "inform", "Ada", payload={"by": "Bob"})
    assert late.conversation_id == request.conversation_id
    assert [message["payload"] for message in await pending(market, ada)] == [{"by": "Bob"}]


# -- waiting -----------------------------------------------------------------------------------------


async def test_a_reply_is_waited_for(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    request = await send(market, ada, "request", "Bob")
    waiting = asyncio.create_task(market.call(ada, "conversation.reply", message_id=request.message_id, wait=30))
    await send(market, bob, "inform", "Ada", correlation=answering(request), payload={"n": 8})
    assert (await waiting).message.payload == {"n": 8}
    again = await market.call(ada, "conversation.reply", message_id=request.message_id)
    assert again.message.payload == {"n": 8}, "asked again, it is there again"


async def test_what_is_not_answered_in_time_fails_for_both(market: Market, loop: Conversations) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    request = await send(market, ada, "request", "Bob", id="r", expected={"timeout": 5000})
    assert request.due_at is not None
    await loop.step()
    assert (await market.call(ada, "conversation.reply", message_id="r")).waiting
    market.clock.advance(5)
    await asyncio.gather(loop.step(), loop.step(), market.call(ada, "conversation.reply", message_id="r"))
    reply = await market.call(ada, "conversation.reply", message_id="r")
    assert (reply.message.type, reply.message.intent, reply.message.to) == ("failure", "timeout", ["Bob"])
    assert reply.message.payload == {"error": "Request timeout", "timeout": 5000, "original_message_id": "r"}
    assert [message["type"] for message in await pending(market, bob)] == ["request", "failure"], "once"
    found = await market.call(ada, "conversation.get", conversation_id=request.conversation_id)
    assert found.state == "timed_out"
    await send(market, bob, "inform", "Ada", payload={"late": True})
    assert [message["payload"] for message in await pending(market, ada)] == [{"late": True}]
    assert (await market.call(ada, "conversation.get", conversation_id=request.conversation_id)).state == "informed"


async def test_an_answer_in_time_stops_the_clock(market: Market, loop: Conversations) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    request = await send(market, ada, "request", "Bob", expected={"timeout": 5000})
    await send(market, bob, "refuse", "Ada", correlation=answering(request), payload={"error": "no"})
    market.clock.advance(10)
    await loop.step()
    reply = await market.call(ada, "conversation.reply", message_id=request.message_id)
    assert (reply.message.type, reply.message.payload) == ("refuse", {"error": "no"})
    assert [message["type"] for message in await pending(market, bob)] == ["request"]


async def test_nothing_times_out_while_the_marketplace_is_halted(market: Market, loop: Conversations) -> None:
    ada = await market.agent("Ada")
    await market.agent("Bob")
    await send(market, ada, "request", "Bob", expected={"timeout": 1000})
    market.clock.advance(2)
    await market.call(market.operator, "admin.override", target_id="system_wide", action="emergency_halt")
    await loop.step()
    assert not [e for e in market.of_type("agora.message.received") if from_json(e.data)["message_type"] == "failure"]
    await market.call(market.operator, "admin.override", target_id="system_wide", action="resume")
    await loop.step()
    assert [e for e in market.of_type("agora.message.received") if from_json(e.data)["message_type"] == "failure"]


# -- ids ---------------------------------------------------------------------------------------------


async def test_a_message_under_an_id_is_sent_once(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    sends = [send(market, ada, "inform", "Bob", id="one", payload={"n": 1}) for _ in range(10)]
    accepted = await asyncio.gather(*sends)
    assert len({one.message_id for one in accepted}) == 1
    assert sum(not one.replayed for one in accepted) == 1
    assert len(await pending(market, bob)) == 1
    with pytest.raises(IdempotencyConflict):
        await send(market, ada, "inform", "Bob", id="one", payload={"n": 2})
    await send(market, bob, "inform", "Ada", id="one", payload={"n": 3})  # another sender's ids are its own


async def test_extensions_are_kept_and_secrets_are_not(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    security = {"token": "t0p", "api_key": "s3cret", "password": "hidden", "provider": "x", "permissions": ["talk"]}
    fields = {"priority": 5, "trace": {"deep": [1, None, "ü"]}, "status": {"state": "pending", "eta": 3}}
    await send(market, ada, "inform", "Bob", security=security, context={"trace_id": "t"}, task="Do it", **fields)
    (message,) = await pending(market, bob)
    for name, value in fields.items():
        assert message[name] == value
    assert (message["task"], message["context"]) == ("Do it", {"trace_id": "t"})
    assert message["security"] == {"provider": "x", "permissions": ["talk"]}
    everything = str([event.data for event in [stored.event for stored in market.events]])
    for secret in ("t0p", "s3cret", "hidden"):
        assert secret not in everything


# -- permissions -------------------------------------------------------------------------------------


async def test_permissions_per_intent(market: Market) -> None:
    ada, eve = await market.agent("Ada", alias="agent.app.ada"), await market.agent("Eve")
    policy = {"pay": ["agent.app.ada"], "look": "*", "*": ["account:other"]}
    bob = await market.agent("Bob", metadata={"permissions": policy})
    await send(market, ada, "request", "Bob", intent="pay")
    await send(market, eve, "request", "Bob", intent="look")
    for sender, intent in ((eve, "pay"), (ada, "sing")):
        with pytest.raises(PermissionDenied) as refused:
            await send(market, sender, "request", "Bob", intent=intent)
        assert (refused.value.required, refused.value.agent) == ([intent], "Bob")
    with pytest.raises(PermissionDenied):
        await send(market, ada, "request", "Bob", intent="pay", security={"permissions": ["look"]})
    await send(market, eve, "inform", "Bob", intent="pay")  # it asks for nothing
    assert len(await pending(market, bob)) == 3
    key = await market.call(market.operator, "token.create", label="cashier", scopes=["write:messages", "intent:pay"])
    cashier = await market.app.authenticator.authenticate(key.token)
    await send(market, cashier, "request", "Bob", intent="pay")


# -- the marketplace itself --------------------------------------------------------------------------


async def test_an_assignment_is_a_task_and_what_is_said_of_it_moves_it(market: Market) -> None:
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


async def test_deployment_of_what_nobody_registered_is_refused_truthfully(market: Market) -> None:
    ada = await market.agent("Ada")
    await market.agent("Calc", alias="agent.calculator.calculation")
    deploy = {
        "intent": "deploy_agent",
        "payload": {"agent_id": "agent.calculator.calculation", "preferred_host": HOSTING},
    }
    failed = (await send(market, ada, "deploy", ORCHESTRATOR, **deploy)).answer
    assert (failed.type, failed.payload["code"]) == ("deploy_failure", "NOT_DEPLOYABLE")
    assert "Nobody has registered what it is made of" in failed.payload["error"]
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


async def test_a_hosting_agent_is_asked_and_its_answer_passed_back(market: Market) -> None:
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


async def test_a_private_agent_is_neither_found_nor_deployed(market: Market) -> None:
    ada = await market.agent("Ada")
    hidden = await market.agent("Hidden", capabilities=["calculation"], visibility="private")
    find = {"intent": "find_agents", "payload": {"capability": "calculation"}}
    assert (await send(market, ada, "discover", ORCHESTRATOR, **find)).answer.payload["agents"] == []
    (found,) = (await send(market, hidden, "discover", ORCHESTRATOR, **find)).answer.payload["agents"]
    assert found["agent_id"] == "Hidden"
    answer = (await send(market, ada, "deploy", ORCHESTRATOR, payload={"agent_id": "Hidden"})).answer
    assert answer.payload["code"] == "AGENT_NOT_FOUND"


async def test_public_keys_are_published_and_checked(market: Market) -> None:
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


# -- lists and what is kept ----------------------------------------------------------------------------


async def test_pages(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    for number in range(5):
        label = {"conversation_id": "long" if number < 3 else f"c{number}"}
        await send(market, ada, "inform", "Bob", payload={"n": number}, correlation=label)
    first = await market.call(bob, "conversation.pending", limit=3)
    rest = await market.call(bob, "conversation.pending", limit=3, cursor=first.next_cursor)
    assert [m.payload["n"] for page in (first, rest) for m in page.messages] == [0, 1, 2, 3, 4]
    newest = await market.call(ada, "conversation.list", limit=2)
    older = await market.call(ada, "conversation.list", limit=2, cursor=newest.next_cursor)
    assert [c.conversation_id for page in (newest, older) for c in page.conversations] == ["c4", "c3", "long"]
    part = await market.call(ada, "conversation.get", conversation_id="long", limit=2)
    last = await market.call(ada, "conversation.get", conversation_id="long", limit=2, cursor=part.next_cursor)
    assert [m.payload["n"] for found in (part, last) for m in found.messages] == [0, 1, 2]
    everyone = await market.call(market.operator, "conversation.list")
    assert everyone.count == 3


async def test_old_conversations_are_deleted(market: Market) -> None:
    ada = await market.agent("Ada")
    await market.agent("Bob")
    usage = {"intent": "track_usage", "payload": {"action": "x", "duration": 1.5}}
    await send(market, ada, "inform", ORCHESTRATOR, **usage)
    await send(market, ada, "request", "Bob", correlation={"conversation_id": "old"})
    market.clock.advance(800 * DAY)
    app = market.app
    house = House(app.store, app.dispatcher, app.feed, app.gate, app.meter, app.context, market.clock)
    await Retention(house).step()
    assert (await market.call(ada, "conversation.list")).count == 0
    with pytest.raises(NotFound):
        await market.call(ada, "conversation.get", conversation_id="old")
    assert (await market.call(ada, "conversation.usage")).count <= 1


async def test_reported_usage_is_checked(market: Market) -> None:
    ada = await market.agent("Ada")
    for payload in (
        {"duration": -1},
        {"duration": True},
        {"duration": "50"},
        {"timestamp": "yesterday"},
        {"timestamp": 1},
        {"action": "x" * 101},
        {"customer_id": 7},
    ):
        with pytest.raises(InvalidRequest) as refused:
            await send(market, ada, "inform", ORCHESTRATOR, intent="track_usage", payload=payload)
        assert refused.value.errors[0]["field"].startswith("payload.")
    recorded = await send(market, ada, "inform", ORCHESTRATOR, intent="track_usage", payload={"tokens": 7})
    assert recorded.answer.intent == "usage_recorded"
    (record,) = (await market.call(ada, "conversation.usage")).records
    assert (record.agent_id, record.details) == (ada.subject, {"tokens": 7})
    (event,) = market.of_type("agora.usage.recorded")
    assert event.audience == (ada.subject,)


async def test_who_was_asked_may_have_left_meanwhile(market: Market, loop: Conversations) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    timeout = {"expected": {"timeout": 1000}}
    await send(market, ada, "request", bob.subject, id="r", **timeout)
    await send(market, ada, "request", ["Bob", "Nobody"], id="s", **timeout)
    await send(market, ada, "request", "broadcast", id="b", **timeout)
    await market.call(bob, "agent.deregister", agent_id="Bob")
    market.clock.advance(2)
    await loop.step()
    for name in ("r", "s", "b"):
        assert (await market.call(ada, "conversation.reply", message_id=name)).message.intent == "timeout"


async def test_messages_wait_for_every_kind_of_address(market: Market) -> None:
    ada = await market.agent("Ada")
    for to in ("Late", "agent.default.Late", "agent.company.late"):
        await send(market, ada, "inform", to, payload={"to": to})
    late = await market.call(market.operator, "agent.register", agent_name="Late", alias="agent.company.late")
    assert late.pending_messages == 3
    late = await market.app.authenticator.authenticate(late.token)
    assert len(await pending(market, late)) == 3
    assert (await market.call(late, "messaging.receive")).count == 3


async def test_an_alias_and_a_message_for_it_may_cross(market: Market) -> None:
    """Whichever comes first, the message arrives; at the latest when the mail is looked after."""
    ada = await market.agent("Ada")
    for number in range(5):
        alias = f"agent.company.racer{number}"
        sends = [send(market, ada, "inform", alias, payload={"n": n}) for n in range(3)]
        found = await asyncio.gather(*sends[:2], market.agent(f"Racer{number}", alias=alias), sends[2])
        assert sorted(message["payload"]["n"] for message in await pending(market, found[2])) == [0, 1, 2]
    app = market.app
    await Mail(House(app.store, app.dispatcher, app.feed, app.gate, app.meter, app.context, market.clock)).step()
    (racer,) = (await market.call(market.operator, "messaging.receive", agent_id="Racer4", limit=1)).messages
    assert racer.status == "queued"
