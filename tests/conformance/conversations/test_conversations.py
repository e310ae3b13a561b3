"""Conversations on every engine: addressing, allowed sequences of messages, and timeouts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic_core import from_json

from agora.domains.conversations import rules
from agora.domains.conversations.jobs import ConversationTimeoutController
from agora_sdk.contract.envelopes import Performative
from agora_sdk.errors import (
    IllegalTransition,
    InvalidRequest,
    NameTaken,
    NotFound,
    PermissionDenied,
)
from tests.conformance.conversations.conversation_calls import HOSTING, ORCHESTRATOR, answering, loop, pending, send
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH
#: after these, their sender may not answer the same message again
CLOSING = {Performative(kind) for kind in ("refuse", "failure", "done", "deploy_confirm", "deploy_failure")}

__all__ = ["loop"]


# -- addressing ------------------------------------------------------------------------------------


async def test_agent_is_addressed_by_id_name_and_alias(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob", alias="agent.company.bob")
    for to in ("Bob", bob.subject, "agent.company.bob", "agent.default.Bob"):
        await send(market, ada, "inform", to, payload={"to": to})
    found = await pending(market, bob)
    assert [message["to"] for message in found] == [[message["payload"]["to"]] for message in found]
    assert len(found) == 4
    assert (await market.call(ada, "agent.get", agent_id="agent.company.bob")).agent_id == bob.subject


async def test_alias_belongs_to_one_agent(market: Market) -> None:
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


async def test_messages_wait_for_an_unregistered_alias(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    accepted = await send(market, ada, "request", "agent.company.bob", payload={"n": 1})
    assert "agent.company.bob" in accepted.warning
    await market.call(bob, "agent.update", agent_id="Bob", alias="agent.company.bob")
    assert [message["payload"] for message in await pending(market, bob)] == [{"n": 1}]
    answer = await send(market, bob, "inform", "Ada", correlation=answering(accepted))
    assert answer.conversation_id == accepted.conversation_id


async def test_sender_cannot_be_forged(market: Market) -> None:
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


async def test_reserved_protocol_fields_are_refused(market: Market) -> None:
    ada = await market.agent("Ada")
    await market.agent("Bob", metadata={"permissions": {"pay": ["Cyd"]}})
    for name in ("agentify", "bus"):
        with pytest.raises(InvalidRequest, match="reserved for the protocols"):
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


# -- allowed sequences -----------------------------------------------------------------------------


async def test_request_propose_agree_done_is_a_valid_sequence(market: Market) -> None:
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


async def test_transition_table_is_enforced_for_every_pair(market: Market) -> None:
    """Every pair in the table is accepted; all others are refused with the allowed types."""
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
        if first in rules.REPLY_ONLY_PERFORMATIVES:  # they must answer something
            asking = next(
                kind for kind in sorted(rules.ASKING_PERFORMATIVES) if first in rules.ANSWERS_BY_PERFORMATIVE[kind]
            )
            before = await send(market, bob, asking.value, "Ada", payload=payloads.get(asking.value, {}))
        correlation = {"correlation": answering(before)} if before else {}
        asked[first] = await send(market, ada, first.value, "Bob", payload=payloads.get(first.value, {}), **correlation)
    for first, accepted in asked.items():
        ordered = sorted(Performative, key=lambda kind: (kind in CLOSING, kind.value))
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
            if answer in rules.ANSWERS_BY_PERFORMATIVE[first] and not closed:
                await again
                closed = answer in CLOSING
            else:
                with pytest.raises(IllegalTransition) as refused:
                    await again
                assert closed or refused.value.allowed == sorted(rules.ANSWERS_BY_PERFORMATIVE[first])


async def test_sender_cannot_answer_its_own_question(market: Market) -> None:
    ada = await market.agent("Ada")
    await market.agent("Bob")
    request = await send(market, ada, "request", "Bob")
    with pytest.raises(IllegalTransition):
        await send(market, ada, "inform", "Bob", correlation=answering(request))
    await send(market, ada, "failure", "Bob", payload={"error": "never mind"}, correlation=answering(request))


async def test_uncorrelated_answer_matches_the_only_open_question(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    first, second = [await send(market, ada, "request", "Bob", id=name) for name in ("one", "two")]
    stray = await send(market, bob, "inform", "Ada")
    assert "several questions of Ada are open" in stray.warning
    assert stray.conversation_id not in (first.conversation_id, second.conversation_id)
    await send(market, bob, "inform", "Ada", correlation=answering(second))
    answer = await send(market, bob, "inform", "Ada")
    assert (answer.conversation_id, answer.warning) == (first.conversation_id, None)
    for question in (first, second):
        reply = await market.call(ada, "conversation.reply", message_id=question.id)
        assert reply.message.reply_to == question.id
    alone = await send(market, bob, "inform", "Ada")
    assert alone.conversation_id not in (first.conversation_id, second.conversation_id)
    assert alone.warning is None
    with pytest.raises(IllegalTransition, match="Ada has sent no message"):
        await send(market, bob, "agree", "Ada")


async def test_overdue_question_is_answered_only_with_its_id(
    market: Market, loop: ConversationTimeoutController
) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    lost = await send(market, ada, "request", "Bob", id="lost", expected={"timeout": 1000})
    market.clock.advance(2)
    for _ in ("due", "timed out"):
        late = await send(market, bob, "inform", "Ada")
        assert "'lost'" in late.warning
        assert late.conversation_id != lost.conversation_id
        await loop.step()
    question = await send(market, ada, "request", "Bob")
    assert (await send(market, bob, "inform", "Ada")).conversation_id == question.conversation_id
    named = await send(market, bob, "inform", "Ada", correlation=answering(lost))
    assert (named.conversation_id, named.warning) == (lost.conversation_id, None)
    assert (await market.call(ada, "conversation.reply", message_id="lost")).message.intent == "timeout"


async def test_agreement_and_notification_do_not_answer_a_question(market: Market) -> None:
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


async def test_expected_response_type_ends_the_wait(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    request = await send(market, ada, "request", "Bob", expected={"type": "done"})
    await send(market, bob, "inform", "Ada", correlation=answering(request))
    assert (await market.call(ada, "conversation.reply", message_id=request.message_id)).message is None
    await send(market, bob, "done", "Ada", correlation=answering(request))
    assert (await market.call(ada, "conversation.reply", message_id=request.message_id)).message.type == "done"


async def test_stranger_cannot_answer_or_join(market: Market) -> None:
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


async def test_first_answer_of_several_recipients_counts(market: Market) -> None:
    ada, bob, cyd = [await market.agent(name) for name in ("Ada", "Bob", "Cyd")]
    request = await send(market, ada, "request", ["Bob", "Cyd"], id="both")
    assert request.recipients == 2
    await send(market, cyd, "inform", "Ada", payload={"by": "Cyd"})
    assert (await market.call(ada, "conversation.reply", message_id="both")).message.payload == {"by": "Cyd"}
    late = await send(market, bob, "inform", "Ada", payload={"by": "Bob"})
    assert late.conversation_id == request.conversation_id
    assert [message["payload"] for message in await pending(market, ada)] == [{"by": "Bob"}]


# -- waiting ---------------------------------------------------------------------------------------


async def test_send_waits_for_a_reply(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    request = await send(market, ada, "request", "Bob")
    waiting = asyncio.create_task(market.call(ada, "conversation.reply", message_id=request.message_id, wait=30))
    await send(market, bob, "inform", "Ada", correlation=answering(request), payload={"n": 8})
    assert (await waiting).message.payload == {"n": 8}
    again = await market.call(ada, "conversation.reply", message_id=request.message_id)
    assert again.message.payload == {"n": 8}, "it is returned again on request"


async def test_unanswered_question_times_out_for_both_parties(
    market: Market, loop: ConversationTimeoutController
) -> None:
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
    await send(market, bob, "inform", "Ada", payload={"late": True}, correlation=answering(request))
    assert [message["payload"] for message in await pending(market, ada)] == [{"late": True}]
    assert (await market.call(ada, "conversation.get", conversation_id=request.conversation_id)).state == "informed"


async def test_answer_in_time_prevents_the_timeout(market: Market, loop: ConversationTimeoutController) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    request = await send(market, ada, "request", "Bob", expected={"timeout": 5000})
    await send(market, bob, "refuse", "Ada", correlation=answering(request), payload={"error": "no"})
    market.clock.advance(10)
    await loop.step()
    reply = await market.call(ada, "conversation.reply", message_id=request.message_id)
    assert (reply.message.type, reply.message.payload) == ("refuse", {"error": "no"})
    assert [message["type"] for message in await pending(market, bob)] == ["request"]


async def test_no_timeout_during_a_halt(market: Market, loop: ConversationTimeoutController) -> None:
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
