"""Retention: old rows are deleted, on every engine."""

from __future__ import annotations

from agora.core.jobs import JobContext
from agora.domains.admin.retention import RetentionController
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.job_fixtures import DAY, MARK, RECEIVE, SEND, context, count
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

__all__ = ["context"]


async def test_old_events_are_deleted_except_the_newest(market: Market, context: JobContext, engine: Engine) -> None:
    for _ in range(10):  # no agent: it would go offline meanwhile, which is an event, too
        await market.call(market.operator, "event.publish", event_type="tick", data={})
    retention = RetentionController(context)
    retention.batch = 3
    await retention.step()
    assert await count(engine, "events") == 10
    market.clock.advance(31 * DAY)
    await market.call(market.operator, "event.publish", event_type="late", data={})
    await retention.step()
    assert [row["seq"] for row in await engine.run("select seq from events")] == [11]
    market.clock.advance(31 * DAY)
    await retention.step()
    assert [row["seq"] for row in await engine.run("select seq from events")] == [11], "its number is needed"
    await market.call(market.operator, "event.publish", event_type="later", data={})
    assert [row["seq"] for row in await engine.run("select seq from events order by seq")] == [11, 12]


async def test_stored_answers_and_audit_entries_expire(market: Market, context: JobContext, engine: Engine) -> None:
    ada, _ = await market.agent("Ada"), await market.agent("Bob")
    for number in range(5):
        await market.call(ada, SEND, to_agent="Bob", content="x", key=f"key-{number}")
    market.clock.advance(DAY - 60)
    await market.call(ada, SEND, to_agent="Bob", content="x", key="young")
    retention = RetentionController(context)
    retention.batch = 2
    market.clock.advance(61)
    await retention.step()
    assert [row["key"] for row in await engine.run("select key from idempotency")] == ["young"]
    assert await count(engine, "audit") == 8
    market.clock.advance(365 * DAY - 122)
    await retention.step()
    assert await count(engine, "audit") == 1, "the youngest is a minute short of a year"


async def test_messages_are_deleted_with_their_deliveries(market: Market, context: JobContext, engine: Engine) -> None:
    ada, bob, _ = [await market.agent(name) for name in ("Ada", "Bob", "Cyd")]
    for _ in range(5):
        await market.call(ada, SEND, to_agent=["Bob", "Cyd"], content="old")
    shout = await market.call(ada, SEND, to_agent="broadcast", content="all")
    await market.call(bob, MARK, message_ids=[shout.message_id])
    lasting = await market.call(ada, SEND, to_agent="Bob", content="lasting", expires_in=200 * DAY)
    retention = RetentionController(context)
    retention.batch, retention.sweep = 2, 3
    market.clock.advance(59 * DAY)
    await retention.step()
    assert (await count(engine, "messages"), await count(engine, "deliveries")) == (7, 12)
    market.clock.advance(2 * DAY)
    young = await market.call(ada, SEND, to_agent="Bob", content="young")
    await retention.step()
    left = {row["message_id"] for row in await engine.run("select message_id from messages")}
    assert left == {lasting.message_id, young.message_id}
    assert {row["message_id"] for row in await engine.run("select message_id from deliveries")} == left
    assert (await market.call(bob, RECEIVE)).count == 2


async def test_interrupted_deletion_is_finished_later(market: Market, context: JobContext, engine: Engine) -> None:
    ada, _ = await market.agent("Ada"), await market.agent("Bob")
    await market.call(ada, SEND, to_agent="Bob", content="old")
    market.clock.advance(61 * DAY)

    class StoppingRetention(RetentionController):
        is_stopping = True

    await StoppingRetention(context).step()
    assert await count(engine, "messages") == 1
    await RetentionController(context).step()
    assert (await count(engine, "messages"), await count(engine, "deliveries")) == (0, 0)
