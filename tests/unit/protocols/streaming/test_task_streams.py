"""Task logs followed to their end over SSE and WebSocket, with a real server, real clients and real tasks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from agora.protocols.streaming import call_streams
from tests.harness import Running
from tests.polling import wait_until
from tests.unit.protocols.streaming.stream_clients import call, event_source, events_of, publish, receive, socket

SOURCE_ROUTE = "/v1/agent/tasks/{}/output/stream"


async def begun(server: Running, *pieces: str) -> str:
    """Create a task that writes. Returns its id."""
    task_id: str = (await call(server, "task.assign", task_type="poem")).task_id
    await call(server, "task.update", task_id=task_id, status="in_progress")
    await write(server, task_id, *pieces)
    return task_id


async def write(server: Running, task_id: str, *pieces: str) -> None:
    for piece in pieces:
        await call(server, "task.append", task_id=task_id, content=piece)


async def complete(server: Running, task_id: str) -> None:
    await call(server, "task.complete", task_id=task_id)


async def log_of(server: Running, task_id: str) -> list[Any]:
    """Return every entry of a task in the stream's format."""
    operation = server.app.registry.resolve("agora.task.stream")
    stream = await server.app.dispatcher.open_stream(operation, server.app.authenticator.operator, {"task_id": task_id})
    return [json.loads(entry.json) async for entry in stream]


# -- server-sent events --------------------------------------------------------------------------


async def rest_of(messages: Any) -> list[dict[str, str]]:
    """Return the messages up to the end of the response, without the greeting."""
    async with asyncio.timeout(60):
        return [message async for message in messages if "data" in message]


async def taken(messages: Any, text: str) -> list[dict[str, str]]:
    """Return the messages up to the one with this output."""
    found = []
    async with asyncio.timeout(60):
        async for message in messages:
            found.append(message)
            if json.loads(message.get("data", "{}")).get("content") == text:
                return found
    raise AssertionError(f"the stream ended without {text!r}")


@pytest.mark.parametrize("route", [SOURCE_ROUTE, "/agora/task/stream?task_id={}"])
async def test_log_is_streamed_live_to_its_end(server: Running, route: str) -> None:
    task_id = await begun(server, "one")
    async with event_source(server, path=route.format(task_id)) as (response, messages):
        assert response.headers["content-type"].startswith("text/event-stream")
        assert await anext(messages) == {"retry": "2000", "id": "0", "": "connected"}
        seen = await taken(messages, "one")
        await write(server, task_id, "two")
        seen += await taken(messages, "two")
        await complete(server, task_id)
        *rest, closing = await rest_of(messages)
    seen += rest
    entries = [json.loads(message["data"]) for message in seen]
    assert entries == await log_of(server, task_id)
    assert [message["id"] for message in seen] == [str(n) for n in range(1, len(seen) + 1)]
    assert [message["event"] for message in seen] == [entry["type"] for entry in entries]
    assert [entry["content"] for entry in entries if entry["type"] == "output"] == ["one", "two"]
    assert entries[-1]["type"] == "done"
    assert (closing["event"], closing["id"]) == ("closing", str(len(seen)))
    assert json.loads(closing["data"]) == {
        "control": "closing",
        "type": "closing",
        "code": 1000,
        "reason": "the log has ended",
        "sequence": len(seen),
    }
    assert server.app.feed.live["subscribers"] == 0


async def test_data_lines_suffice_for_a_client(server: Running) -> None:
    text = "line\nbreak, next\u0085line, line\u2028separator, paragraph\u2029separator"
    task_id = await begun(server, text)
    await complete(server, task_id)
    found = []
    async with (
        httpx.AsyncClient(timeout=60) as client,
        client.stream("GET", server.url + SOURCE_ROUTE.format(task_id)) as response,
    ):
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                data = json.loads(line[6:])
                found.append((data["type"], data.get("content")))
    assert ("output", text) in found
    assert [type for type, _ in found[-2:]] == ["done", "closing"]


async def test_stream_resumes_by_header_or_parameter(server: Running) -> None:
    task_id = await begun(server, "one", "two")
    await complete(server, task_id)
    last = len(await log_of(server, task_id))
    path = SOURCE_ROUTE.format(task_id)
    async with event_source(server, {"Last-Event-ID": "1"}, path=path, last_event_id="0") as (_, messages):
        assert [message["id"] for message in await rest_of(messages)] == [*map(str, range(2, last + 1)), str(last)]
    async with event_source(server, path=path, last_event_id=last) as (_, messages):
        (closing,) = await rest_of(messages)
        assert (closing["event"], closing["id"]) == ("closing", str(last))


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (SOURCE_ROUTE.format("task_" + "0" * 32), {}, 404),
        (SOURCE_ROUTE.format("nonsense"), {}, 422),
        (SOURCE_ROUTE.format("task_" + "0" * 32), {"task_id": "task_" + "1" * 32}, 422),
        ("/agora/task/stream", {}, 422),
        ("/agora/task/stream", {"task_id": "task_" + "0" * 32, "types": "a"}, 422),
        (SOURCE_ROUTE.format("task_" + "0" * 32), {"access_token": "agt_forged"}, 401),
    ],
)
async def test_refusals_are_problem_documents(server: Running, path: str, query: dict[str, Any], status: int) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        response = await client.get(path, params=query)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert server.app.feed.live["subscribers"] == 0


async def test_draining_ends_the_stream_with_a_resume_position(server: Running) -> None:
    task_id = await begun(server, "one")
    async with event_source(server, path=SOURCE_ROUTE.format(task_id)) as (_, messages):
        seen = await taken(messages, "one")
        server.app.feed.end_streams_and_refuse_new()
        (closing,) = await rest_of(messages)
        assert (json.loads(closing["data"])["code"], closing["id"]) == (1012, seen[-1]["id"])


async def test_stream_ends_with_its_credential(server: Running) -> None:
    agent = await call(server, "agent.register", agent_name="Worker")
    task_id = (await call(server, "task.assign", task_type="poem", assignee="Worker")).task_id
    async with event_source(server, path=SOURCE_ROUTE.format(task_id), access_token=agent.token) as (_, messages):
        await anext(messages)
        await call(server, "agent.deregister", agent_id="Worker")
        *_, closing = await rest_of(messages)
        assert json.loads(closing["data"])["error"]["code"] == "unauthenticated"


@pytest.mark.limits(heartbeat_interval=0.1)
async def test_heartbeats_carry_the_resume_position(server: Running) -> None:
    task_id = await begun(server, "one")
    async with event_source(server, path=SOURCE_ROUTE.format(task_id)) as (_, messages):
        seen = await taken(messages, "one")
        assert await anext(messages) == {"": "heartbeat", "id": seen[-1]["id"]}


async def test_disconnected_client_is_released(server: Running) -> None:
    task_id = await begun(server)
    async with event_source(server, path=SOURCE_ROUTE.format(task_id)) as (_, messages):
        await anext(messages)
        assert server.app.feed.live["subscribers"] == 1
    await wait_until(lambda: server.app.feed.live["subscribers"] == 0)
    await wait_until(lambda: not server.app.feed.has_readers("default"))  # calls that wait at the start read it too


# -- WebSocket -----------------------------------------------------------------------------------


class Wire:
    """A socket whose own stream is ignored, and the streams opened over it."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def send(self, **frame: Any) -> None:
        await self.connection.send(json.dumps(frame))

    async def open(self, id: Any, task_id: str, **arguments: Any) -> Any:
        """Open a task's stream. Returns the first answer."""
        await self.send(id=id, operation="agora.task.stream", arguments={"task_id": task_id, **arguments})
        return await self.next()

    async def next(self) -> Any:
        """Return the next answer, without heartbeats of the socket's own stream."""
        while "control" in (frame := await receive(self.connection)):
            pass
        return frame

    async def rest(self, id: Any) -> tuple[list[Any], Any]:
        """Return the items of a stream, and its last answer."""
        items = []
        while "item" in (answer := await self.next()):
            assert answer["id"] == id
            items.append(answer["item"])
        return items, answer


@asynccontextmanager
async def wired(server: Running, **query: Any) -> AsyncIterator[Wire]:
    async with socket(server, **({"types": "never"} | query)) as connection:
        yield Wire(connection)


async def test_call_opens_a_stream(server: Running) -> None:
    task_id = await begun(server, "one")
    async with wired(server) as wire:
        assert await wire.open(7, task_id) == {"id": 7, "position": 0}
        items = []
        while not items or items[-1].get("content") != "one":
            items.append((await wire.next())["item"])
        await write(server, task_id, "two")
        await complete(server, task_id)
        rest, last = await wire.rest(7)
    assert items + rest == await log_of(server, task_id)
    assert last == {"id": 7, "result": None, "done": True}
    assert server.app.feed.live["subscribers"] <= 1


async def test_stream_over_a_socket_resumes(server: Running) -> None:
    task_id = await begun(server, "one")
    await complete(server, task_id)
    log = await log_of(server, task_id)
    async with wired(server) as wire:
        assert await wire.open("a", task_id, last_event_id="2") == {"id": "a", "position": 2}
        assert await wire.rest("a") == (log[2:], {"id": "a", "result": None, "done": True})


async def test_events_calls_and_streams_share_a_socket(server: Running) -> None:
    tasks = [await begun(server), await begun(server)]
    async with socket(server, types="news") as connection:
        wire = Wire(connection)
        for number, task_id in enumerate(tasks):
            await wire.send(id=number, operation="agora.task.stream", arguments={"task_id": task_id})
        await publish(server, "news")
        await wire.send(id="call", operation="agora.event.list")
        for task_id in tasks:
            await complete(server, task_id)
        frames: list[Any] = []
        while sum("done" in frame for frame in frames) < 2 or not any(f.get("id") == "call" for f in frames):
            frames.append(await wire.next())
    for number, task_id in enumerate(tasks):
        items = [frame["item"] for frame in frames if frame.get("id") == number and "item" in frame]
        assert items == await log_of(server, task_id)
    assert [frame["type"] for frame in frames if "specversion" in frame] == ["news"]


async def test_cancellation_ends_a_stream_and_frees_its_id(server: Running) -> None:
    task_id = await begun(server)
    async with wired(server) as wire:
        for _ in range(2):
            assert (await wire.open(7, task_id))["position"] == 0
            await wire.send(cancel=7)
            assert (await wire.rest(7))[1] == {"id": 7, "result": None, "done": False}
        await wait_until(lambda: server.app.feed.live["subscribers"] == 1)
        await wire.send(cancel=7)
        await wire.send(id=8, operation="agora.event.list")
        assert (await wire.next())["id"] == 8, "to cancel what is not open is no mistake"


async def test_stream_can_be_cancelled_before_it_is_open(server: Running) -> None:
    task_id = await begun(server)
    async with wired(server) as wire:
        await wire.send(id=7, operation="agora.task.stream", arguments={"task_id": task_id})
        await wire.send(cancel=7)
        assert (await wire.next())["position"] == 0
        assert (await wire.rest(7))[1] == {"id": 7, "result": None, "done": False}


async def test_streams_of_a_socket_are_bounded(server: Running) -> None:
    task_id = await begun(server)
    async with wired(server) as wire:
        for number in range(call_streams.MAX_STREAMS + 1):
            await wire.send(id=number, operation="agora.task.stream", arguments={"task_id": task_id})
        while "error" not in (refused := await wire.next()):
            pass
        assert (refused["error"]["code"], "cancel" in refused["error"]["fix"].lower()) == ("overloaded", True)
        assert server.app.feed.live["subscribers"] == call_streams.MAX_STREAMS + 1, "one is the socket's own"
        free = 0 if refused["id"] else 1
        await wire.send(cancel=free)
        while (await wire.next()).get("done") is not False:
            pass
        await wire.send(id="again", operation="agora.task.stream", arguments={"task_id": task_id})
        while (answer := await wire.next()).get("id") != "again":
            pass
        assert "position" in answer


@pytest.mark.parametrize(
    ("id", "arguments", "code"),
    [
        (None, {"task_id": "task_" + "0" * 32}, "invalid_request"),
        (1, {"task_id": "task_" + "0" * 32}, "not_found"),
        (1, {}, "invalid_request"),
    ],
)
async def test_refused_stream_is_answered_with_a_problem(
    server: Running, id: Any, arguments: dict[str, Any], code: str
) -> None:
    async with wired(server) as wire:
        await wire.send(id=id, operation="agora.task.stream", arguments=arguments)
        answer = await wire.next()
        assert (answer["id"], answer["error"]["code"]) == (id, code)
        assert server.app.feed.live["subscribers"] == 1


async def test_open_streams_need_distinct_ids(server: Running) -> None:
    task_id = await begun(server)
    async with wired(server) as wire:
        await wire.open(7, task_id)
        await wire.send(id=7, operation="agora.task.stream", arguments={"task_id": task_id})
        while "error" not in (answer := await wire.next()):
            pass
        assert (answer["id"], answer["error"]["errors"][0]["field"]) == (7, "id")
        await complete(server, task_id)
        assert (await wire.rest(7))[1]["done"], "the first one continues"


async def test_events_are_streamed_by_a_call(server: Running) -> None:
    async with wired(server) as wire:
        await wire.send(id=1, operation="agora.event.stream", arguments={"types": ["work.*"], "last_event_id": "0"})
        assert await wire.next() == {"id": 1, "position": 0}
        await publish(server, "work.a", "rest", "work.b")
        items = [(await wire.next())["item"] for _ in range(2)]
        assert [(item["type"], item["sequence"]) for item in items] == [("work.a", 1), ("work.b", 3)]


async def test_draining_ends_each_stream_before_the_socket_closes(server: Running) -> None:
    task_id = await begun(server)
    async with wired(server) as wire:
        await wire.open(7, task_id)
        server.app.feed.end_streams_and_refuse_new()
        _, last = await wire.rest(7)
        assert (last["id"], last["error"]["code"]) == (7, "overloaded")
        with pytest.raises(ConnectionClosed):
            await wire.next()
        assert wire.connection.close_code == 1012


async def test_disconnection_ends_the_streams_of_a_socket(server: Running) -> None:
    task_id = await begun(server)
    async with wired(server) as wire:
        await wire.open(7, task_id)
        await wire.open(8, task_id)
        wire.connection.transport.abort()
        await wait_until(lambda: server.app.feed.live["subscribers"] == 0)
        await wait_until(lambda: not server.app.feed.has_readers("default"))


@pytest.mark.limits(stream_buffer=65_536)
async def test_long_log_does_not_delay_events_of_the_socket(server: Running) -> None:
    task_id = await begun(server, *("x" * 100_000 for _ in range(30)))
    await complete(server, task_id)
    async with socket(server, types="news", max_queue=1) as connection:
        wire = Wire(connection)
        await wire.send(id=1, operation="agora.task.stream", arguments={"task_id": task_id})
        frames = [await wire.next()]
        while not frames[-1].get("done"):
            frames.append(await wire.next())
            if len(frames) == 5:
                await publish(server, "news")
        assert sum(len(frame["item"]["content"] or "") for frame in frames if "item" in frame) >= 3_000_000
        if not any("specversion" in frame for frame in frames):
            assert len(await events_of(connection, 1)) == 1
