"""Server-sent events with a real server and a real client."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import httpx
import pytest

from tests.harness import Running
from tests.polling import wait_until
from tests.unit.protocols.streaming.stream_clients import call, deaf, event_source, flood, prune, publish


async def taken(messages: Any, count: int) -> list[dict[str, str]]:
    """Return the next messages with events."""
    found: list[dict[str, str]] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            message = await anext(messages)
            if "event" in message:
                found.append(message)
    return found


async def test_events_arrive_as_messages(server: Running) -> None:
    async with event_source(server) as (response, messages):
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-accel-buffering"] == "no"
        assert await anext(messages) == {"retry": "2000", "id": "0", "": "connected"}
        await publish(server, "build.finished", data={"text": "line\nbreak"})
        (message,) = await taken(messages, 1)
    page = await call(server, "event.list")
    assert (message["id"], message["event"]) == ("1", "build.finished")
    assert json.loads(message["data"]) == json.loads(page.model_dump_json())["events"][0]


async def test_stream_resumes_by_header_or_parameter(server: Running) -> None:
    ids = await publish(server, "a", "b", "c")
    async with event_source(server, {"Last-Event-ID": "1"}) as (_, messages):
        assert [message["id"] for message in await taken(messages, 2)] == ["2", "3"]
    async with event_source(server, last_event_id=ids[1]) as (_, messages):
        await publish(server, "d")
        assert [message["id"] for message in await taken(messages, 2)] == ["3", "4"]


async def test_stream_is_filtered(server: Running) -> None:
    async with event_source(server, types=["a.*", "b"]) as (_, messages):
        await publish(server, "a.x", "c", "b")
        assert [message["event"] for message in await taken(messages, 2)] == ["a.x", "b"]


@pytest.mark.limits(heartbeat_interval=0.1)
async def test_heartbeats_carry_the_resume_position(server: Running) -> None:
    async with event_source(server, types="never") as (_, messages):
        await publish(server, "a", "b")
        while (message := await anext(messages)).get("id") != "2":
            pass
        assert message == {"": "heartbeat", "id": "2"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"last_event_id": "99"}, 422),
        ({"colour": "red"}, 422),
        ({"types": "no spaces"}, 422),
        ({"last_event_id": "evt_" + "f" * 32}, 404),
        ({"access_token": "agt_forged"}, 401),
        ({"agent": "Nobody"}, 404),
        ({"subject": ["a", "b"]}, 422),
        ({"subject": "x" * 20_000}, 422),
    ],
)
async def test_refusals_are_problem_documents(server: Running, query: dict[str, Any], status: int) -> None:
    await publish(server, "a")
    async with httpx.AsyncClient(base_url=server.url) as client:
        response = await client.get("/events", params=query)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["fix"]


async def test_undecodable_query_is_malformed(server: Running) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        response = await client.get("/events?subject=%ff")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "query")


async def test_position_older_than_the_log_error_names_the_oldest(server: Running) -> None:
    await publish(server, "a", "b", "c")
    oldest = await prune(server)
    async with httpx.AsyncClient(base_url=server.url) as client:
        response = await client.get("/events", headers={"Last-Event-ID": "1"})
    assert (response.status_code, response.json()["oldest"]) == (410, oldest)


async def test_token_in_the_query_is_not_logged(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    token = (await call(server, "agent.register", agent_name="Worker")).token
    with caplog.at_level(logging.INFO):
        async with event_source(server, access_token=token) as (_, messages):
            await anext(messages)
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert any("GET /events" in line for line in logged)
    assert not any(token in line for line in logged)


async def test_draining_ends_the_stream_with_a_message(server: Running) -> None:
    async with event_source(server) as (_, messages):
        await publish(server, "a", "b")
        await taken(messages, 2)
        server.app.feed.end_streams_and_refuse_new()
        (message,) = await taken(messages, 1)
        assert (message["event"], message["id"]) == ("closing", "2")
        assert json.loads(message["data"]) == {
            "control": "closing",
            "type": "closing",
            "code": 1012,
            "reason": "resume later",
            "sequence": 2,
        }
        with pytest.raises(StopAsyncIteration):
            await anext(messages)


async def test_disconnected_client_is_released(server: Running) -> None:
    async with event_source(server) as (_, messages):
        await anext(messages)
        assert server.app.feed.live["subscribers"] == 1
    await wait_until(lambda: server.app.feed.live["subscribers"] == 0)
    assert server.app.feed.live["cut_off"] == 0


@pytest.mark.limits(stream_buffer=65_536)
@pytest.mark.parametrize("server", ["transport"], indirect=True)
async def test_client_that_stops_reading_is_disconnected(server: Running) -> None:
    server.app.feed.grace_seconds = 0.01
    async with deaf(server, "/events"):
        (transport,) = server.transports
        await flood(server)
        await wait_until(transport.is_closing)
        assert transport.get_write_buffer_size() == 0, "data that will not be read is freed"


@pytest.mark.limits(stream_buffer=65_536)
async def test_slow_client_is_disconnected_and_resumes(server: Running) -> None:
    feed = server.app.feed
    async with event_source(server) as (_, messages):
        await anext(messages)
        published = await flood(server)
        assert feed.live["subscribers"] == 0
        seen = []
        while (message := (await taken(messages, 1))[0])["event"] != "closing":
            seen.append(int(message["id"]))
        assert json.loads(message["data"])["code"] == 4508
        assert message["id"] == str(seen[-1])
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) < published
    async with event_source(server, {"Last-Event-ID": str(seen[-1])}) as (_, messages):
        rest = await taken(messages, published - len(seen))
        assert [int(message["id"]) for message in rest] == list(range(len(seen) + 1, published + 1))
