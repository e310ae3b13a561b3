"""One server for a whole matrix, and persistent agents: every pair is tested without a server for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from agora.server.app import App
from tests.harness import Running, make_settings, running
from tests.interop.connectors import CONNECTORS, Connector

__all__ = ["Parties", "bus", "marketplace", "parties"]


class Parties:
    """The agents of a matrix. Each protocol takes part once in each role, created at first use.

    Each runs in a separate asyncio task: some clients must be closed in the task that opened them.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._there: dict[tuple[str, str], Connector] = {}
        self._lives: list[asyncio.Task[None]] = []
        self._over = asyncio.Event()

    async def get(self, kind: str, role: str) -> Connector:
        found = self._there.get((kind, role))
        if found is None:
            arrived: asyncio.Future[Connector] = asyncio.get_running_loop().create_future()
            self._lives.append(asyncio.create_task(self._live(CONNECTORS[kind](self._url, f"{role} {kind}"), arrived)))
            found = self._there[kind, role] = await arrived
        return found

    async def _live(self, party: Connector, arrived: asyncio.Future[Connector]) -> None:
        try:
            async with party:
                arrived.set_result(party)
                await self._over.wait()
        except Exception as error:
            if arrived.done():
                raise
            arrived.set_exception(error)

    async def close(self) -> None:
        self._over.set()
        await asyncio.gather(*self._lives)


@pytest.fixture(scope="module")
def bus() -> str | None:
    """The URL of a broker; overridden by modules that need one."""
    return None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def marketplace(tmp_path_factory: pytest.TempPathFactory, bus: str | None) -> AsyncIterator[Running]:
    directory: Path = tmp_path_factory.mktemp("matrix") / "data"
    async with running(App(make_settings(directory, **({"bus": bus} if bus else {})))) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def parties(marketplace: Running) -> AsyncIterator[Parties]:
    parties = Parties(marketplace.url)
    yield parties
    await parties.close()
