"""Rules of conversations on every engine: ids, permissions, pages, retention."""

from __future__ import annotations

import asyncio

import pytest

from agora.core.jobs import JobContext
from agora.domains.admin.retention import RetentionController
from agora.domains.conversations.jobs import ConversationTimeoutController
from agora.domains.messaging.jobs import MessageExpiryController
from agora_sdk.errors import (
    IdempotencyConflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
)
from tests.conformance.conversations.conversation_calls import DAY, ORCHESTRATOR, loop, pending, send
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

__all__ = ["loop"]


# -- ids -------------------------------------------------------------------------------------------


async def test_message_with_an_id_is_sent_once(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    sends = [send(market, ada, "inform", "Bob", id="one", payload={"n": 1}) for _ in range(10)]
    accepted = await asyncio.gather(*sends)
    assert len({one.message_id for one in accepted}) == 1
    assert sum(not one.replayed for one in accepted) == 1
    assert len(await pending(market, bob)) == 1
    with pytest.raises(IdempotencyConflict):
        await send(market, ada, "inform", "Bob", id="one", payload={"n": 2})
    await send(market, bob, "inform", "Ada", id="one", payload={"n": 3})  # ids of another sender are separate


async def test_extensions_are_stored_and_secrets_are_not(market: Market) -> None:
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


# -- permissions -----------------------------------------------------------------------------------


async def test_each_intent_requires_its_permission(market: Market) -> None:
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
    await send(market, eve, "inform", "Bob", intent="pay")  # it requests nothing
    assert len(await pending(market, bob)) == 3
    key = await market.call(market.operator, "token.create", label="cashier", scopes=["write:messages", "intent:pay"])
    cashier = await market.app.authenticator.authenticate(key.token)
    await send(market, cashier, "request", "Bob", intent="pay")


# -- lists and retention ---------------------------------------------------------------------------


async def test_conversations_are_paged(market: Market) -> None:
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
    context = JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, market.clock)
    await RetentionController(context).step()
    assert (await market.call(ada, "conversation.list")).count == 0
    with pytest.raises(NotFound):
        await market.call(ada, "conversation.get", conversation_id="old")
    assert (await market.call(ada, "conversation.usage")).count <= 1


async def test_reported_usage_is_validated(market: Market) -> None:
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


async def test_recipient_may_have_been_deregistered(market: Market, loop: ConversationTimeoutController) -> None:
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


async def test_messages_wait_for_names_and_aliases(market: Market) -> None:
    ada = await market.agent("Ada")
    for to in ("Late", "agent.default.Late", "agent.company.late"):
        await send(market, ada, "inform", to, payload={"to": to})
    late = await market.call(market.operator, "agent.register", agent_name="Late", alias="agent.company.late")
    assert late.pending_messages == 3
    late = await market.app.authenticator.authenticate(late.token)
    assert len(await pending(market, late)) == 3
    assert (await market.call(late, "messaging.receive")).count == 3


async def test_message_sent_during_registration_of_its_alias_arrives(market: Market) -> None:
    """In either order the message arrives, at the latest in the next pass of the message job."""
    ada = await market.agent("Ada")
    for number in range(5):
        alias = f"agent.company.racer{number}"
        sends = [send(market, ada, "inform", alias, payload={"n": n}) for n in range(3)]
        found = await asyncio.gather(*sends[:2], market.agent(f"Racer{number}", alias=alias), sends[2])
        assert sorted(message["payload"]["n"] for message in await pending(market, found[2])) == [0, 1, 2]
    app = market.app
    await MessageExpiryController(
        JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, market.clock)
    ).step()
    (racer,) = (await market.call(market.operator, "messaging.receive", agent_id="Racer4", limit=1)).messages
    assert racer.status == "queued"
