"""SQLite batches interrupted by an exception of a signal handler: later writes continue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agora.clock import SystemClock
from agora.store.port import StoreFailure, Tx
from agora.store.sqlite import SqliteStore
from tests.conformance.store.store_calls import TENANT, append, listed, read_all, setting
from tests.harness import with_tables


class Interrupted(BaseException):
    """Raised by a handler of SIGALRM, anywhere in the program."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(with_tables(tmp_path / "agora.db"), clock=SystemClock())
    await store.start()
    yield store
    await store.close()


async def test_interrupted_batch_is_rolled_back_and_the_next_one_runs(store: SqliteStore) -> None:
    async def interrupt(tx: Tx) -> None:
        await append(setting("lost", "1"))(tx)
        raise Interrupted

    escaped: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: escaped.append(context))
    async with asyncio.timeout(60):
        interrupted = store.write(TENANT, interrupt)
        together = store.write(TENANT, append(setting("together", "2")))  # still queued, not started
        with pytest.raises(StoreFailure, match="interrupted"):
            await interrupted
        await together
        await store.write(TENANT, append(setting("after", "3")))
        assert [row.name for row in await read_all(store, listed)] == ["after", "together"]
    assert [type(context["exception"]) for context in escaped] == [Interrupted], "it ends where signals end, not here"
