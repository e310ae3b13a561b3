"""Connections that are cut at chosen words, by a proxy in front of PostgreSQL.

Whatever was cut before COMMIT was sent is run again on another connection, once; what was cut while committing is
told to be unknown, and was stored once or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agora.store.port import StoredEvent, Tx
from agora.store.postgres import ConnectionLost, OutcomeUnknown, PostgresStore
from tests.conformance.engines import PostgresEngine
from tests.conformance.work import (
    SETTINGS,
    TENANT,
    append_if_absent,
    event,
    get,
    increment,
    listed,
    logged,
    read_all,
    setting,
    value_of,
)

# As they go over the wire: Q is a query without parameters, with its length in four bytes.
BEGIN, COMMIT, READ, INSERT = rb"Q.{4}begin", rb"Q.{4}commit", b"from settings", b"insert into settings"


class Proxy:
    """Passes bytes on, until a client says certain words: then that connection is cut.

    before: the words do not reach the server. Else they do, and its answer does not reach the client.
    """

    def __init__(self, server: Path, here: Path) -> None:
        self._server, self._here = server, here
        self._words, self._times, self._before = b"", 0, True
        self.cuts = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self, words: bytes, *, times: int = 1, before: bool = True) -> None:
        self._words, self._times, self._before = words, times, before

    async def serve(self) -> asyncio.AbstractServer:
        return await asyncio.start_unix_server(self._connected, self._here)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_read, to_write = await asyncio.open_unix_connection(self._server)
        answering = asyncio.create_task(_pass(to_read, writer))
        self._tasks.add(answering)
        answering.add_done_callback(self._tasks.discard)
        try:
            while data := await reader.read(65536):
                if self._times and re.search(self._words, data, re.DOTALL):
                    await self._cut(data, to_read, to_write, answering)
                    break
                to_write.write(data)
        except ConnectionError:
            pass
        finally:
            answering.cancel()
            for end in (writer, to_write):
                end.transport.abort()

    async def _cut(
        self, data: bytes, answers: asyncio.StreamReader, server: asyncio.StreamWriter, answering: asyncio.Task[None]
    ) -> None:
        self._times -= 1
        self.cuts += 1
        if not self._before:
            answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answering
            server.write(data)
            await answers.read(1)  # the server has done it


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


@pytest.fixture
async def proxy(postgres: PostgresEngine, tmp_path: Path) -> AsyncIterator[tuple[Proxy, PostgresStore]]:
    """A proxy, and a store that reaches its database through it."""
    directory = Path(postgres.url.partition("host=")[2])
    proxy = Proxy(directory / ".s.PGSQL.5432", tmp_path / ".s.PGSQL.5432")
    listening = await proxy.serve()
    await postgres.run(f"insert into settings values ('{TENANT}', 'counter', '0', 0, 'x')")
    store = PostgresStore(postgres.url.replace(str(directory), str(tmp_path)))
    await store.start()
    yield proxy, store
    await store.close()
    listening.close()


async def batch(store: PostgresStore) -> list[Any]:
    """Calls that share a transaction."""
    calls = [store.write(TENANT, append_if_absent(f"n{n}", str(n))) for n in range(8)]
    return await asyncio.gather(*calls, return_exceptions=True)


async def solo(store: PostgresStore) -> list[Any]:
    """A call that has one of its own."""

    async def work(tx: Tx) -> str:
        await increment("counter")(tx)
        tx.append(SETTINGS, setting("alone"))
        return "done"

    return await asyncio.gather(store.write(TENANT, work), return_exceptions=True)


async def reading(store: PostgresStore) -> list[Any]:
    """Readers, two statements each."""

    async def work(reader: Any) -> list[str]:
        first = await reader.one(get, name="counter")
        return [first["value"], *[row["name"] for row in await reader.all(listed)]]

    return await asyncio.gather(*[store.read(TENANT, work) for _ in range(3)], return_exceptions=True)


Kind = Callable[[PostgresStore], Awaitable[list[Any]]]
EXPECTED: dict[Kind, list[Any]] = {
    batch: [str(n) for n in range(8)],
    solo: ["done"],
    reading: [["0", "counter"]] * 3,
}
STORED: dict[Kind, set[str]] = {batch: {f"n{n}" for n in range(8)}, solo: {"alone"}, reading: set()}
EVENTS: dict[Kind, int] = {batch: 8, solo: 1, reading: 0}


async def stored(store: PostgresStore) -> set[str]:
    return {row["name"] for row in await read_all(store, listed)} - {"counter"}


@pytest.mark.parametrize("before", [True, False], ids=["unsent", "unanswered"])
@pytest.mark.parametrize(
    ("kind", "words"),
    [(batch, BEGIN), (batch, READ), (batch, INSERT), (solo, READ), (solo, INSERT), (reading, BEGIN), (reading, READ)],
)
async def test_what_is_cut_before_its_commit_is_done_once(
    proxy: tuple[Proxy, PostgresStore], kind: Kind, words: bytes, before: bool
) -> None:
    wire, store = proxy
    published: list[StoredEvent] = []
    store.on_commit = published.extend
    wire.cut(words, before=before)
    assert await kind(store) == EXPECTED[kind]
    assert wire.cuts == 1
    assert await stored(store) == STORED[kind]
    assert (
        [stored.seq for stored in published]
        == [seq for seq, _ in await logged(store)]
        == list(range(1, EVENTS[kind] + 1))
    )
    if kind is solo:
        assert await value_of(store, "counter") == "1"


@pytest.mark.parametrize("before", [True, False], ids=["unsent", "unanswered"])
@pytest.mark.parametrize("kind", [batch, solo])
async def test_what_is_cut_in_its_commit_is_unknown(
    proxy: tuple[Proxy, PostgresStore], kind: Kind, before: bool
) -> None:
    wire, store = proxy
    published: list[StoredEvent] = []
    store.on_commit = published.extend
    wire.cut(COMMIT, before=before)
    assert [type(result) for result in await kind(store)] == [OutcomeUnknown] * len(EXPECTED[kind])
    assert wire.cuts == 1
    assert await stored(store) == (set() if before else STORED[kind])
    assert published == []
    done = EVENTS[kind] if not before else 0
    assert [seq for seq, _ in await logged(store)] == list(range(1, done + 1))

    async def after(tx: Tx) -> None:
        tx.emit(event("after"))

    await store.write(TENANT, after)
    assert published[-1].seq == done + 1, "the log goes on where it is"


@pytest.mark.parametrize("kind", [batch, solo, reading])
async def test_what_is_cut_again_and_again_fails_and_the_store_recovers(
    proxy: tuple[Proxy, PostgresStore], kind: Kind
) -> None:
    wire, store = proxy
    wire.cut(BEGIN, times=1000)
    results = await kind(store)
    assert {type(result) for result in results} == {ConnectionLost}
    wire.cut(b"", times=0)
    assert await kind(store) == EXPECTED[kind]
    assert await stored(store) == STORED[kind]
    async with asyncio.timeout(30):
        while (await store.check())["connections"]:  # each is given back after its call was answered
            await asyncio.sleep(0)
