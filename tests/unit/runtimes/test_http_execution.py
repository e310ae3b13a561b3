"""The pool of HTTP clients for instances: bounded, without closing clients in use."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from agora.runtimes import http_execution as module
from agora.runtimes.http_execution import InstanceAnswer, InstanceClient, InstanceHttpRequest
from tests.hostile_upstream import Heard, listening, whole
from tests.polling import wait_until


async def test_least_recently_used_idle_clients_are_evicted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CLIENTS", 2)
    busy, released, writers = asyncio.Event(), asyncio.Event(), dict[str, asyncio.StreamWriter]()

    async def answer(heard: Heard) -> None:
        writers[heard.headers["host"]] = heard.writer
        if "/slow" in heard.head:
            busy.set()
            await released.wait()
        await heard.say(whole(b"done"))

    async def send(address: str, target: str = "/") -> InstanceAnswer:
        return await client.send_request(InstanceHttpRequest(address, "GET", target, {}, b"", 1000))

    client = InstanceClient()
    async with AsyncExitStack() as stack:
        urls = [(await stack.enter_async_context(listening(answer))).removesuffix("/mcp") for _ in range(4)]
        slow = asyncio.create_task(send(urls[0], "/slow"))
        await busy.wait()
        for url in urls[1:]:  # all clients stay connected, because idle connections are kept
            assert (await send(url)).body == b"done"
            assert len(client._clients) <= 2
        first, second, third, fourth = (writers[url.removeprefix("http://")] for url in urls)
        await wait_until(lambda: second.is_closing() and third.is_closing())
        assert not first.is_closing()
        released.set()
        assert (await slow).body == b"done"
        assert not fourth.is_closing()
        await client.close()
