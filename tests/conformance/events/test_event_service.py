"""Rules of the event service, through the dispatcher."""

from __future__ import annotations

from typing import Any

import pytest

from agora.core import pagination as paging
from agora.core.call import Caller
from agora.domains.admin import retention_queries as upkeep
from agora.domains.events.service import MAX_SUBSCRIPTIONS
from agora_sdk.contract.events import Events
from agora_sdk.errors import CursorTooOld, InvalidRequest, NotFound, PayloadTooLarge, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH

STREAM = Events.operations["stream"]


async def listed(market: Market, caller: Caller, **wishes: Any) -> list[str]:
    page = await market.call(caller, "event.list", types=wishes.pop("types", ["own.*"]), **wishes)
    return [event.type for event in page]


async def test_published_events_are_stored_in_the_log(market: Market) -> None:
    agent = await market.agent("Worker")
    receipt = await market.call(agent, "event.publish", event_type="own.done", data={"n": 1}, subject="task_1")
    (event,) = (await market.call(agent, "event.list", types=["own.done"])).events
    assert (event.id, event.type, event.time) == (receipt.event_id, receipt.event_type, receipt.timestamp)
    assert (event.source, event.subject, event.data) == (f"/agora/agents/{agent.subject}", "task_1", {"n": 1})


@pytest.mark.parametrize("name", ["agora.message.received", "AGORA.own", "agora."])
async def test_reserved_event_types_cannot_be_published(market: Market, name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await market.call(market.operator, "event.publish", event_type=name)
    assert refused.value.errors[0]["field"] == "event_type"
    assert refused.value.fix
    assert market.events == []


async def test_event_data_is_bounded(market: Market) -> None:
    limit = market.app.settings.body_limit
    await market.call(market.operator, "event.publish", event_type="own.fits", data="x" * (limit - 2))
    with pytest.raises(PayloadTooLarge):
        await market.call(market.operator, "event.publish", event_type="own.large", data="x" * (limit - 1))
    assert await listed(market, market.operator) == ["own.fits"]


async def test_event_with_an_audience_is_visible_only_to_it(market: Market) -> None:
    sender, named, identified, stranger = [await market.agent(name) for name in ("A", "B", "C", "D")]
    await market.call(sender, "event.publish", event_type="own.secret", to=["B", identified.subject])
    for caller in (sender, named, identified, market.operator):
        assert await listed(market, caller) == ["own.secret"]
    assert await listed(market, stranger) == []
    with pytest.raises(NotFound) as unknown:
        await market.call(sender, "event.publish", event_type="own.secret", to=["Nobody"])
    assert unknown.value.errors[0]["field"] == "to"


async def test_list_is_paged(market: Market) -> None:
    for n in range(5):
        await market.call(market.operator, "event.publish", event_type=f"own.{n}")
        await market.call(market.operator, "event.publish", event_type="other")
    first = await market.call(market.operator, "event.list", types=["own.*"], limit=3)
    assert [event.type for event in first.events] == ["own.0", "own.1", "own.2"]
    assert (first.has_more, first.last_sequence) == (True, 10)
    for place in ({"cursor": first.next_cursor}, {"after": first.events[-1].sequence}):
        second = await market.call(market.operator, "event.list", types=["own.*"], limit=3, **place)
        assert [event.type for event in second.events] == ["own.3", "own.4"]
        assert (second.has_more, second.next_cursor) == (False, None)
    for cursor in ("x", paging.encode_cursor("x"), paging.encode_cursor(-1), paging.encode_cursor(1, 2)):
        with pytest.raises(InvalidRequest) as refused:
            await market.call(market.operator, "event.list", cursor=cursor)
        assert refused.value.errors[0]["field"] == "cursor"


async def test_full_last_page_has_no_more(market: Market) -> None:
    for n in range(3):
        await market.call(market.operator, "event.publish", event_type=f"own.{n}")
    page = await market.call(market.operator, "event.list", limit=3)
    assert (page.count, page.has_more) == (3, False)


async def test_list_filters_by_agent_and_subject(market: Market) -> None:
    one, two = await market.agent("One"), await market.agent("Two")
    await market.call(one, "event.publish", event_type="own.a")
    await market.call(two, "event.publish", event_type="own.b", subject="task_1")
    await market.call(two, "event.publish", event_type="own.c", subject=one.subject)
    assert await listed(market, market.operator, agent="One") == ["own.a", "own.c"]
    assert await listed(market, market.operator, agent=two.subject) == ["own.b", "own.c"]
    assert await listed(market, market.operator, subject="task_1") == ["own.b"]
    assert await listed(market, one, agent=one.subject, subject=one.subject) == ["own.c"]
    with pytest.raises(NotFound) as unknown:
        await listed(market, market.operator, agent="Nobody")
    assert unknown.value.errors[0]["field"] == "agent"


async def test_list_from_before_the_retention_names_the_earliest_position(market: Market) -> None:
    for n in range(4):
        await market.call(market.operator, "event.publish", event_type=f"own.{n}")

    async def prune(call: Any) -> None:
        await call.tx.execute(upkeep.delete_old_events, before=market.clock.now() + 1, limit=1000)

    await market.app.dispatcher.write_as_system("default", prune)
    with pytest.raises(CursorTooOld) as gone:
        await market.call(market.operator, "event.list", after=1)
    assert gone.value.oldest == 4
    assert await listed(market, market.operator) == ["own.3"]


async def test_subscription_returns_url_and_position(market: Market) -> None:
    agent = await market.agent("Worker")
    receipt = await market.call(agent, "event.subscribe", types=["task_assigned", "own.*"])
    assert receipt.subscription_id.startswith("sub_")
    assert receipt.status == "active"
    assert receipt.event_types == ["task_assigned", "own.*"]
    assert receipt.stream_url == f"/events?subscription_id={receipt.subscription_id}"
    assert receipt.position == market.events[-1].seq - 1
    (created,) = market.of_type("agora.subscription.created")
    assert created.audience == (agent.subject,)


async def test_subscription_streams_with_its_filter_from_its_position(market: Market) -> None:
    agent = await market.agent("Worker")
    await market.call(agent, "event.publish", event_type="own.before")
    receipt = await market.call(agent, "event.subscribe", types=["own.*"], agent="Worker")
    await market.call(market.operator, "event.publish", event_type="own.another")
    await market.call(agent, "event.publish", event_type="own.after")
    stream = await market.app.dispatcher.open_stream(STREAM, agent, {"subscription_id": receipt.subscription_id})
    async for event in stream:
        assert event.type == "own.after"
        break
    stream.close()


async def test_messaging_subscription_is_for_one_agent(market: Market) -> None:
    agent, other = await market.agent("Worker"), await market.agent("Other")
    receipt = await market.call(agent, "messaging.subscribe", event_types=["message_received"])
    await market.call(agent, "messaging.send", to_agent="Other", content="not about this one only")
    sent = await market.call(other, "messaging.send", to_agent="Worker", content="hello")
    stream = await market.app.dispatcher.open_stream(STREAM, agent, {"subscription_id": receipt.subscription_id})
    async for event in stream:
        assert isinstance(event.data, dict)
        if event.data["message_id"] == sent.message_id:
            break
    stream.close()


async def test_subscription_is_usable_only_by_its_owner(market: Market) -> None:
    owner, other = await market.agent("Owner"), await market.agent("Other")
    receipt = await market.call(owner, "event.subscribe")
    wish = {"subscription_id": receipt.subscription_id}
    with pytest.raises(PermissionDenied):
        await market.app.dispatcher.open_stream(STREAM, other, wish)
    (await market.app.dispatcher.open_stream(STREAM, market.operator, wish)).close()
    with pytest.raises(NotFound):
        await market.app.dispatcher.open_stream(STREAM, owner, {"subscription_id": "sub_" + "0" * 32})
    with pytest.raises(InvalidRequest, match="its own filter"):
        await market.app.dispatcher.open_stream(STREAM, owner, wish | {"types": ["a.b"]})


async def test_oldest_subscription_beyond_the_limit_ends(market: Market) -> None:
    agent, other = await market.agent("Restless"), await market.agent("Other")
    kept = await market.call(other, "event.subscribe")
    receipts = [await market.call(agent, "event.subscribe") for _ in range(MAX_SUBSCRIPTIONS + 1)]
    with pytest.raises(NotFound):
        await market.app.dispatcher.open_stream(STREAM, agent, {"subscription_id": receipts[0].subscription_id})
    for caller, receipt in ((agent, receipts[1]), (agent, receipts[-1]), (other, kept)):
        wish = {"subscription_id": receipt.subscription_id}
        (await market.app.dispatcher.open_stream(STREAM, caller, wish)).close()
