"""Messaging on every engine: delivery, states, broadcasts, replies, pages."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic_core import from_json

from agora.domains.messaging.service import MAX_HELD_MESSAGES
from agora_sdk.contract import declared
from agora_sdk.contract.messaging import MessageReceipt
from agora_sdk.errors import Conflict, IdempotencyConflict, InvalidRequest, NotFound, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH

SEND, RECEIVE, MARK = "messaging.send", "messaging.receive", "messaging.mark"


async def test_message_waits_in_the_inbox_until_read(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    receipt = await market.call(ada, SEND, to_agent="Bob", content="Hello", priority="high", metadata={"k": [1]})
    assert receipt.message_id.startswith("msg_")
    assert (receipt.status, receipt.warning, receipt.recipients) == ("queued", None, 1)

    page = await market.call(bob, RECEIVE)
    (message,) = page.messages
    assert (message.content, message.from_agent, message.from_name) == ("Hello", ada.subject, "Ada")
    assert (message.to_agent, message.priority, message.metadata) == (bob.subject, "high", {"k": [1]})
    assert (page.count, page.total, page.has_more) == (1, 1, False)
    assert (await market.call(bob, RECEIVE)).messages[0].status == "queued", "receiving must not change state"

    marked = await market.call(bob, MARK, message_ids=[message.message_id])
    assert (marked.updated, marked.unknown) == (1, [])
    assert (await market.call(bob, RECEIVE, unread=True)).count == 0
    assert (await market.call(bob, RECEIVE, unread=False)).messages[0].status == "read"


@pytest.mark.parametrize("recipients", ["Bob", ["Bob", "Nobody"], "broadcast"])
async def test_the_encoded_receipt_equals_its_model(market: Market, recipients: str | list[str]) -> None:
    """A send encodes its receipt without the model, which clients are told to expect."""
    ada, _ = await market.agent("Ada"), await market.agent("Bob")
    operation = declared("messaging", "send")
    outcome = await market.app.dispatcher.invoke(operation, ada, {"to_agent": recipients, "content": "Hello"})
    assert from_json(outcome.body) == from_json(MessageReceipt.model_validate_json(outcome.body).model_dump_json())


async def test_delivery_state_never_regresses(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    sent = await market.call(ada, SEND, to_agent="Bob", content="x")
    for status, updated in (("delivered", 1), ("acknowledged", 1), ("read", 0), ("acknowledged", 0)):
        marked = await market.call(bob, MARK, message_ids=[sent.message_id], status=status)
        assert marked.updated == updated
    assert (await market.call(bob, RECEIVE)).messages[0].status == "acknowledged"
    with pytest.raises(InvalidRequest):
        await market.call(bob, MARK, message_ids=[sent.message_id], status="queued")


async def test_message_is_sent_to_several_recipients_and_a_capability(market: Market) -> None:
    ada = await market.agent("Ada", capabilities=["review"])
    bob = await market.agent("Bob", capabilities=["review", "edit"])
    cyd = await market.agent("Cyd", capabilities=["review"])
    receipt = await market.call(ada, SEND, to_agent=["Bob", cyd.subject, "Bob"], content="both")
    assert receipt.recipients == 2
    receipt = await market.call(ada, SEND, to_agent="capability:review", content="reviewers")
    assert receipt.recipients == 2, "not to oneself"
    for reader in (bob, cyd):
        assert [m.content for m in (await market.call(reader, RECEIVE)).messages] == ["both", "reviewers"]
    with pytest.raises(NotFound, match="flying"):
        await market.call(ada, SEND, to_agent="capability:flying", content="x")
    with pytest.raises(InvalidRequest, match="cannot be combined"):
        await market.call(ada, SEND, to_agent=["broadcast", "Bob"], content="x")


async def test_broadcast_reaches_every_agent_registered_before_it(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    market.clock.advance(1)
    receipt = await market.call(ada, SEND, to_agent="broadcast", content="hear ye", message_type="introduction")
    assert receipt.recipients is None
    market.clock.advance(1)
    late = await market.agent("Late")
    assert [m.broadcast for m in (await market.call(bob, RECEIVE)).messages] == [True]
    assert (await market.call(ada, RECEIVE)).count == 0, "not to oneself"
    assert (await market.call(late, RECEIVE)).count == 0
    marked = await market.call(bob, MARK, message_ids=[receipt.message_id], status="acknowledged")
    assert marked.updated == 1
    assert [m.status for m in (await market.call(bob, RECEIVE)).messages] == ["acknowledged"]
    assert (await market.call(bob, RECEIVE, unread=True)).count == 0


async def test_message_waits_for_an_unregistered_name(market: Market) -> None:
    ada = await market.agent("Ada")
    receipt = await market.call(ada, SEND, to_agent="DocSystemAgent", content="early")
    assert receipt.status == "queued"
    assert "DocSystemAgent" in receipt.warning
    registration = await market.call(market.operator, "agent.register", agent_name="DocSystemAgent")
    assert registration.pending_messages == 1
    doc = await market.app.authenticator.authenticate(registration.token)
    (message,) = (await market.call(doc, RECEIVE)).messages
    assert (message.content, message.status) == ("early", "queued")
    (event,) = market.of_type("agora.message.received")
    assert event.audience == (ada.subject, doc.subject)
    assert from_json(event.data)["content"] == "early"


async def test_waiting_messages_are_bounded(market: Market) -> None:
    ada = await market.agent("Ada")
    await asyncio.gather(
        *(market.call(market.operator, SEND, to_agent="Zed", content="x") for _ in range(MAX_HELD_MESSAGES))
    )
    with pytest.raises(Conflict, match="Zed"):
        await market.call(ada, SEND, to_agent="Zed", content="x")


async def test_unknown_or_deregistered_id_is_refused(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    with pytest.raises(NotFound, match="agent_0000") as failure:
        await market.call(ada, SEND, to_agent="agent_" + "0" * 32, content="x")
    assert failure.value.errors[0]["field"] == "to_agent"
    await market.call(bob, "agent.deregister", agent_id=bob.subject)
    with pytest.raises(NotFound, match="left the marketplace"):
        await market.call(ada, SEND, to_agent=bob.subject, content="x")


async def test_sender_cannot_be_forged(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    with pytest.raises(PermissionDenied):
        await market.call(ada, SEND, to_agent="Ada", content="x", from_agent="Bob")
    with pytest.raises(PermissionDenied):
        await market.call(ada, RECEIVE, agent_id="Bob")
    with pytest.raises(PermissionDenied):
        await market.call(ada, MARK, message_ids=["msg_" + "0" * 32], agent_id="Bob")
    await market.call(ada, SEND, to_agent="Bob", content="as myself", from_agent="Ada")
    await market.call(market.operator, SEND, to_agent="Bob", content="on behalf", from_agent="Ada")
    found = (await market.call(market.operator, RECEIVE, agent_id="Bob")).messages
    assert [m.from_agent for m in found] == [ada.subject, ada.subject]
    assert bob.subject != ada.subject


async def test_reply_joins_the_conversation(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    question = await market.call(ada, SEND, to_agent="Bob", content="?")
    answer = await market.call(bob, SEND, to_agent=ada.subject, content="!", reply_to=question.message_id)
    page = await market.call(ada, RECEIVE, correlation_id=question.message_id)
    assert [m.message_id for m in page.messages] == [answer.message_id]
    assert page.messages[0].reply_to == question.message_id
    with pytest.raises(NotFound):
        await market.call(bob, SEND, to_agent="Ada", content="!", reply_to="msg_" + "0" * 32)


async def test_messages_are_filtered_and_paged(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    for number in range(7):
        kind = "alert" if number % 2 else "info"
        await market.call(ada, SEND, to_agent="Bob", content=str(number), message_type=kind)
    market.clock.advance(60)
    middle = datetime.now(UTC) + timedelta(seconds=30)
    await market.call(ada, SEND, to_agent="Bob", content="7", priority="urgent")
    assert [m.content for m in (await market.call(bob, RECEIVE, message_type="alert")).messages] == ["1", "3", "5"]
    assert [m.content for m in (await market.call(bob, RECEIVE, since=middle)).messages] == ["7"]
    assert [m.content for m in (await market.call(bob, RECEIVE, priority="urgent")).messages] == ["7"]
    assert (await market.call(bob, RECEIVE, from_agent="Ada")).count == 8
    assert (await market.call(bob, RECEIVE, from_agent="Nobody")).count == 0
    seen, cursor = [], None
    while True:
        page = await market.call(bob, RECEIVE, limit=3, cursor=cursor)
        assert page.total == 8
        seen += [m.content for m in page.messages]
        if not page.has_more:
            break
        cursor = page.next_cursor
    assert seen == [str(number) for number in range(8)]
    assert [m.content for m in (await market.call(bob, RECEIVE, limit=2, offset=5)).messages] == ["5", "6"]
    with pytest.raises(InvalidRequest, match="cursor"):
        await market.call(bob, RECEIVE, cursor="bm9uc2Vuc2U")


async def test_expired_messages_are_not_received(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    await market.call(ada, SEND, to_agent="Bob", content="brief", expires_in=10)
    await market.call(ada, SEND, to_agent="broadcast", content="brief", expires_in=10)
    assert (await market.call(bob, RECEIVE)).count == 2
    market.clock.advance(11)
    assert (await market.call(bob, RECEIVE)).count == 0


async def test_bulk_marking_reports_unknown_messages(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    sent = [(await market.call(ada, SEND, to_agent="Bob", content=str(n))).message_id for n in range(20)]
    stranger = (await market.call(bob, SEND, to_agent="Ada", content="not Bob's")).message_id
    marked = await market.call(bob, MARK, message_ids=[*sent, stranger], status="acknowledged")
    assert (marked.updated, marked.unknown) == (20, [stranger])
    (event,) = market.of_type("agora.message.marked")
    assert set(event.audience or ()) == {ada.subject, bob.subject}


async def test_receive_waits_for_a_message(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    waiting = asyncio.create_task(market.call(bob, RECEIVE, wait=30))
    other = asyncio.create_task(market.call(ada, RECEIVE, wait=0.05))
    await market.call(ada, SEND, to_agent="Bob", content="at last")
    assert [m.content for m in (await waiting).messages] == ["at last"]
    assert (await other).count == 0


async def test_repeated_sends_with_an_idempotency_key_create_one_message(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    answers = await asyncio.gather(
        *(market.call(ada, SEND, key="order-1", to_agent="Bob", content="once") for _ in range(20))
    )
    assert len({answer.message_id for answer in answers}) == 1
    assert (await market.call(bob, RECEIVE)).count == 1
    with pytest.raises(IdempotencyConflict):
        await market.call(ada, SEND, key="order-1", to_agent="Bob", content="twice")
    await market.call(bob, SEND, key="order-1", to_agent="Ada", content="another caller's key is another key")


async def test_race_between_send_and_registration_loses_no_message(market: Market) -> None:
    ada = await market.agent("Ada")
    for number in range(10):
        name = f"Racer{number}"
        sends = [market.call(ada, SEND, to_agent=name, content=str(i)) for i in range(5)]
        results = await asyncio.gather(*sends[:3], market.agent(name), *sends[3:])
        found = await market.call(results[3], RECEIVE)
        assert sorted(m.content for m in found.messages) == ["0", "1", "2", "3", "4"]


async def test_operator_has_an_inbox(market: Market) -> None:
    ada = await market.agent("Ada")
    receipt = await market.call(ada, SEND, to_agent="operator", content="help")
    assert receipt.warning is None
    inbox = await market.call(market.operator, RECEIVE, agent_id="operator")
    assert [message.content for message in inbox.messages] == ["help"]
    with pytest.raises(InvalidRequest, match="agent_id is required"):
        await market.call(market.operator, RECEIVE)


async def test_inbox_of_an_unknown_agent_is_refused(market: Market) -> None:
    with pytest.raises(NotFound):
        await market.call(market.operator, RECEIVE, agent_id="Nobody")


async def test_page_of_long_messages_is_shorter_and_has_a_cursor(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    await asyncio.gather(*(market.call(ada, SEND, to_agent="Bob", content=12 * "x" * 8_000) for _ in range(13)))
    page = await market.call(bob, RECEIVE, limit=500)
    assert (page.count, page.total, page.has_more) == (10, 13, True)  # a page has 1,048,576 bytes
    rest = await market.call(bob, RECEIVE, limit=500, cursor=page.next_cursor)
    assert (rest.count, rest.total, rest.has_more) == (3, 13, False)
    assert len({message.message_id for message in (*page.messages, *rest.messages)}) == 13


async def test_page_is_bounded_in_bytes_of_json(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    await asyncio.gather(*(market.call(ada, SEND, to_agent="Bob", content="\x01" * 30_000) for _ in range(11)))
    page = await market.call(bob, RECEIVE, limit=500)
    assert (page.count, page.has_more) == (5, True)  # each character takes six bytes


async def test_page_may_span_several_reads(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    for name in ("Bob", "broadcast"):
        await asyncio.gather(*(market.call(ada, SEND, to_agent=name, content="x") for _ in range(60)))
    everything = (await market.call(bob, RECEIVE, limit=500)).messages
    ids = [message.message_id for message in everything]
    assert ids == sorted(set(ids))
    assert len(ids) == 120
    for limit, offset in ((51, 0), (50, 1), (52, 30), (102, 0), (103, 17), (119, 0), (120, 0)):
        page = await market.call(bob, RECEIVE, limit=limit, offset=offset)
        assert [message.message_id for message in page.messages] == ids[offset : offset + limit]
        assert (page.has_more, page.total) == (offset + limit < 120, 120)
