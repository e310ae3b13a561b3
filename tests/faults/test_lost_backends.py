"""A server that loses its database or broker recovers without intervention; meanwhile /ready reports it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from agora.server.app import App
from agora.store.postgres import PostgresStore
from tests.faults.tcp_proxy import Wire, wire
from tests.harness import local_client, make_settings
from tests.polling import eventually
from tests.postgres import PostgresServer, postgres_server
from tests.valkey import Broker, empty_database, valkey_server

__all__ = ["postgres_server", "valkey_server"]


async def until_ready(client: httpx.AsyncClient, wanted: bool) -> float:
    """Return the time until /ready succeeded."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await eventually(lambda: client.get("/ready"), lambda answer: (answer.status_code == 200) is wanted)
    return loop.time() - began


@pytest.fixture
async def database(postgres_server: PostgresServer) -> AsyncIterator[tuple[Wire, str]]:
    """A database behind a wire."""
    async with postgres_server.database() as url:
        parts = urlsplit(url)
        directory = parse_qs(parts.query)["host"][0]
        async with wire(lambda: asyncio.open_unix_connection(f"{directory}/.s.PGSQL.5432")) as line:
            yield line, f"postgresql://postgres:@127.0.0.1:{line.port}{parts.path}"


@pytest.mark.parametrize("breaks", [pytest.param(True, marks=pytest.mark.long), False], ids=["broken", "hanging"])
async def test_server_recovers_from_losing_postgresql(database: tuple[Wire, str], tmp_path: Path, breaks: bool) -> None:
    line, url = database
    app = App(make_settings(tmp_path / "data", store=url), store=PostgresStore(url))
    await app.start()
    async with local_client(app, timeout=60) as client:
        await until_ready(client, True)
        sent: dict[str, Any] = {"to_agent": "Later", "content": "before"}
        assert (await client.post("/agora/messaging/send", json=sent)).status_code == 200
        line.cut(breaks=breaks)
        await until_ready(client, False)
        answer = await client.post("/agora/messaging/send", json=sent | {"content": "meanwhile"})
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable"), answer.text
        line.mend()
        await until_ready(client, True)
        answer = await client.post("/agora/messaging/send", json=sent | {"content": "after"})
        assert answer.status_code == 200, answer.text
        token = (await client.post("/agents/register", json={"agent_name": "Later"})).json()["token"]
        inbox = await client.get("/agora/messaging/receive", headers={"Authorization": f"Bearer {token}"})
        assert {"before", "after"} <= {message["content"] for message in inbox.json()["messages"]}
    await app.stop()


async def test_server_keeps_working_without_redis(valkey_server: Broker, tmp_path: Path) -> None:
    """The store is the source of truth: the marketplace keeps working, and reports that its bus does not."""
    address = urlsplit(empty_database(valkey_server))
    async with wire(lambda: asyncio.open_connection("127.0.0.1", address.port)) as line:
        app = App(make_settings(tmp_path / "data", bus=f"redis://127.0.0.1:{line.port}{address.path}"))
        await app.start()
        async with local_client(app, timeout=60) as client:

            async def bus() -> str:
                shown = (await client.get("/health/detail")).json()["components"]["bus"]["status"]
                return str(shown)

            await eventually(bus, lambda status: status == "healthy")
            line.cut()
            await eventually(bus, lambda status: status != "healthy")
            assert (await client.post("/agents/register", json={"agent_name": "Ada"})).status_code == 200
            line.mend()
            await eventually(bus, lambda status: status == "healthy")
        await app.stop()
