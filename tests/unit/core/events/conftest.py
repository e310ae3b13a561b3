"""Fixtures for tests of the feed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agora.core.events.feed import Feed
from agora.store.sqlite import SqliteStore
from tests.unit.core.events.feed_parts import Journal, ManualTime


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "agora.db")
    await store.start()
    yield store
    await store.close()


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


@pytest.fixture
async def feed(store: SqliteStore, time: ManualTime) -> AsyncIterator[Feed]:
    """A feed whose time stands still until the test moves it."""
    feed = Feed(store, sleep=time.sleep)
    await feed.start()
    yield feed
    await feed.stop()


@pytest.fixture
def journal(store: SqliteStore, feed: Feed) -> Journal:
    """A log whose commits are published at once."""
    journal = Journal(store)
    journal.watch(feed.publish)
    return journal
