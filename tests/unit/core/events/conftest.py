"""Fixtures for tests of the feed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agora.core.events.feed import Feed
from tests.failing_stores import FailingSqliteStore
from tests.harness import with_tables
from tests.unit.core.events.feed_parts import Journal, ManualTime


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FailingSqliteStore]:
    store = FailingSqliteStore(with_tables(tmp_path / "agora.db"))
    await store.start()
    yield store
    await store.close()


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


@pytest.fixture
async def feed(store: FailingSqliteStore, time: ManualTime) -> AsyncIterator[Feed]:
    """A feed whose time advances only by the test."""
    feed = Feed(store, sleep=time.sleep)
    await feed.load_heads_and_start_heartbeats()
    yield feed
    await feed.stop()


@pytest.fixture
def journal(store: FailingSqliteStore, feed: Feed) -> Journal:
    """A log whose commits are published immediately."""
    journal = Journal(store)
    journal.watch(feed.publish)
    return journal
