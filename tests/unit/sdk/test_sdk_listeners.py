"""Listeners to another agent's events, on a real server, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agora.core.events.frames import CLOSE_RESTARTING, CloseReason
from agora_sdk import AgoraClient
from agora_sdk.errors import InvalidRequest
from tests.failing_stores import failing_store
from tests.harness import Running
from tests.polling import wait_until

WAIT = 60


@pytest.fixture
async def operator(server: Running) -> AsyncIterator[AgoraClient]:
    async with AgoraClient(server.url) as client:
        yield client


async def test_listener_gets_one_type_of_one_agent_for_any_start_order(server: Running, operator: AgoraClient) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()
    listener = await operator.subscribe_to_agent_events("Ada", "done", lambda type, data: heard.put_nowait(data))
    assert repr(listener) == "<Listener to done of Ada>"
    async with AgoraClient(server.url) as ada, AgoraClient(server.url) as bob:
        await bob.register("Bob")
        registration = await ada.register("Ada")
        await bob.publish_event("done", "bob's")
        await ada.publish_event("begun", "of another type")
        await ada.publish_event("done", 1)
        assert await asyncio.wait_for(heard.get(), WAIT) == 1
        for stream in server.app.feed.list_streams():
            stream.end(CloseReason(CLOSE_RESTARTING))
        await ada.publish_event("done", 2)
        assert await asyncio.wait_for(heard.get(), WAIT) == 2
        await ada.agent.deregister(registration.agent_id)
        await ada.register("Ada")
        await ada.publish_event("done", 3)
        assert await asyncio.wait_for(heard.get(), WAIT) == 3
    assert heard.empty()


async def test_listener_outlasts_a_failed_look_up_of_an_agent(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()
    async with AgoraClient(server.url, retries=0) as client, AgoraClient(server.url) as ada:
        await client.subscribe_to_agent_events("Ada", "done", lambda type, data: heard.put_nowait(data))
        await ada.register("Ada")
        await ada.publish_event("begun")  # from now on, the server knows her token without the store
        with failing_store(server.app).failing(writes=False):
            await ada.publish_event("done", 1)
            await wait_until(lambda: "cannot look up" in caplog.text)
        assert await asyncio.wait_for(heard.get(), WAIT) == 1


async def test_listener_ends_when_unsubscribed(operator: AgoraClient) -> None:
    def one(type: str, data: Any) -> None:
        """Never called."""

    def other(type: str, data: Any) -> None:
        """Never called."""

    for handler in (one, other, other):
        await operator.subscribe_to_agent_events("Ada", "done", handler)
    assert (await operator.unsubscribe_from_agent_events("Ada", "done", one)).ended == 1
    assert (await operator.unsubscribe_from_agent_events("Ada", "begun")).ended == 0
    assert (await operator.unsubscribe_from_agent_events("Ada", "done")).ended == 2


async def test_synchronous_listener_runs_in_a_thread(server: Running, operator: AgoraClient) -> None:
    def work() -> list[Any]:
        heard: queue.Queue[Any] = queue.Queue()
        with AgoraClient(server.url) as ada:
            ada.register("Ada")
            listener = ada.subscribe_to_agent_events("Ada", "done", lambda type, data: heard.put(data))
            ada.publish_event("done", 1)
            first = heard.get(timeout=WAIT)
            listener.close()
            return [first, heard.qsize()]

    assert await asyncio.to_thread(work) == [1, 0]


def test_synchronous_code_cannot_run_a_coroutine_function() -> None:
    async def handler(type: str, data: Any) -> None:
        """Never called."""

    with AgoraClient("http://127.0.0.1:1") as client, pytest.raises(InvalidRequest, match="coroutine function"):
        client.subscribe_to_agent_events("Ada", "done", handler)
