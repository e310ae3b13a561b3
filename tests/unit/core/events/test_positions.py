"""Positions of durable subscriptions: collected, stored, never decreasing."""

from __future__ import annotations

import pytest

from agora.core.call import EventStreamSpec
from agora.core.events import queries as statements
from agora.core.events.feed import Feed
from agora.core.events.filter import OPERATOR_VIEWER, EventFilter
from agora.core.events.positions import Positions
from agora.core.events.records import SUBSCRIPTIONS, SubscriptionRow
from agora.store.port import Reader as StoreReader
from agora.store.port import Tx
from agora.store.sqlite import SqliteStore
from agora_sdk.errors import InvalidRequest
from tests.failing_stores import FailingSqliteStore
from tests.unit.core.events.feed_parts import Journal, Reader, open_stream

SUBSCRIPTION = "sub_" + "0" * 32


@pytest.fixture
async def subscribed(store: SqliteStore) -> SqliteStore:
    async def work(tx: Tx) -> None:
        row = SubscriptionRow(
            tenant_id="default", subscription_id=SUBSCRIPTION, owner="agent_a", filter="{}", position=3, created_at=0
        )
        tx.append(SUBSCRIPTIONS, row)

    await store.write("default", work)
    return store


async def stored_position(store: SqliteStore) -> int:
    async def work(tx: StoreReader) -> int:
        row = await tx.one(statements.select_subscription, subscription_id=SUBSCRIPTION)
        assert row is not None
        return row.position

    return await store.read("default", work)


async def test_positions_are_collected_and_never_decrease(subscribed: SqliteStore) -> None:
    positions = Positions()
    for sequence in (5, 9, 7):
        positions.advance_position("default", SUBSCRIPTION, sequence)
    assert await stored_position(subscribed) == 3
    assert positions.get_latest_position("default", SUBSCRIPTION, 3) == 9
    assert await positions.flush_positions(subscribed) == 1
    assert await stored_position(subscribed) == 9
    positions.advance_position("default", SUBSCRIPTION, 4)
    await positions.flush_positions(subscribed)
    assert await stored_position(subscribed) == 9
    assert await positions.flush_positions(subscribed) == 0


async def test_failed_flush_is_retried_with_the_next(
    subscribed: FailingSqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    positions = Positions()
    positions.advance_position("default", SUBSCRIPTION, 5)
    with subscribed.failing():
        assert await positions.flush_positions(subscribed) == 0
    assert "could not be written" in caplog.text
    assert await positions.flush_positions(subscribed) == 1
    assert await stored_position(subscribed) == 5


def subscription(position: int, *, resumed: bool = False) -> EventStreamSpec:
    return EventStreamSpec(EventFilter(), OPERATOR_VIEWER, position, SUBSCRIPTION, resumed)


async def test_resuming_and_acknowledging_advance_a_subscription(
    subscribed: SqliteStore, feed: Feed, journal: Journal
) -> None:
    for _ in range(6):
        await journal.emit()
    resumed, reader = feed.open("default", subscription(4, resumed=True)), Reader()
    await resumed.attach(reader)
    assert reader.sequences == [5, 6]
    assert feed.open("default", subscription(3)).position == 4, "what was acknowledged counts before it is written"
    resumed.acknowledge(6)
    await feed.positions.flush_positions(subscribed)
    assert await stored_position(subscribed) == 6


async def test_only_delivered_events_can_be_acknowledged(feed: Feed, journal: Journal) -> None:
    await journal.emit()
    stream = feed.open("default", subscription(0))
    await stream.attach(Reader())
    with pytest.raises(InvalidRequest, match="not delivered"):
        stream.acknowledge(2)
    with pytest.raises(InvalidRequest, match="not delivered"):
        stream.acknowledge(-1)
    with pytest.raises(InvalidRequest, match="no durable subscription"):
        open_stream(feed, 0).acknowledge(0)
