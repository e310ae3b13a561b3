"""A request that does not arrive: whoever holds a socket without asking anything is sent away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from agora.app import App
from tests.harness import Running, make_settings, running

HEAD = b"POST /agora/messaging/send HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500\r\n"


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Running]:
    """A server that waits a second for a request."""
    async with running(App(make_settings(tmp_path, request_timeout=1, heartbeat_interval=0.5))) as server:
        yield server


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", HEAD, HEAD + b'\r\n{"to_agent": "A', b"GET /health HTTP/1.1\r\nhost: x\r\n\r\nGET /he"]
)
async def test_an_unfinished_request_is_given_up(hasty: Running, sent: bytes) -> None:
    url = httpx.URL(hasty.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 10)
    assert b"HTTP/1.1 408 Request Timeout" in answer
    assert answer.endswith(b"The request did not arrive in time.\n")
    writer.close()
    await writer.wait_closed()


async def test_what_arrives_in_time_may_take_longer_to_answer(hasty: Running) -> None:
    async with (
        httpx.AsyncClient(base_url=hasty.url) as client,
        client.stream("GET", "/events", timeout=10) as events,
    ):
        beats = 0
        async for line in events.aiter_lines():
            beats += line.startswith(":") or "heartbeat" in line
            if beats > 4:  # more than two seconds
                break
        assert (await client.get("/health")).status_code == 200
    assert beats > 4


@pytest.mark.parametrize("each", [2])
async def test_one_caller_has_a_share_of_the_streams(tmp_path: Path, each: int) -> None:
    async with (
        running(App(make_settings(tmp_path, max_streams_each=each))) as server,
        httpx.AsyncClient(base_url=server.url, timeout=10) as client,
    ):
        tokens = [
            (await client.post("/agents/register", json={"agent_name": name})).json()["token"] for name in ("Ada", "Bo")
        ]
        ada, bo = ({"Authorization": f"Bearer {token}"} for token in tokens)
        inbox = "/agora/messaging/receive"
        waiting = asyncio.create_task(client.get(inbox, params={"wait": 30}, headers=ada))
        async with client.stream("GET", "/events", headers=ada) as first:
            assert first.status_code == 200
            while not server.app.feed._waiting:
                await asyncio.sleep(0)
            refused = await client.get("/events", headers=ada)
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert "2 of your streams" in refused.json()["detail"]
            assert (await client.get(inbox, params={"wait": 1}, headers=ada)).status_code == 503
            async with client.stream("GET", "/events", headers=bo) as other:
                assert other.status_code == 200
        await client.post("/agora/messaging/send", json={"to_agent": "Ada", "content": "x"}, headers=bo)
        assert len((await waiting).json()["messages"]) == 1
        async with client.stream("GET", "/events", headers=ada) as again:
            assert again.status_code == 200
