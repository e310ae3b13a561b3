"""The stream of a task: no entry is lost or repeated, whoever disconnects at any time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agora.server.app import App
from agora_sdk import AgoraClient
from tests.conformance.engines import Engine, RunsOn
from tests.harness import ManualClock, Running, free_port, make_settings, running
from tests.polling import wait_until
from tests.unit.protocols.streaming.stream_clients import call, event_source, receive, socket

RUNS_ON = RunsOn.BOTH_IF_LONG

PIECES = 120


@pytest.fixture
async def server(engine: Engine, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Running]:
    """A server on a socket, on each engine."""
    app = App(make_settings(tmp_path / "data"), clock=clock, store=engine.store(clock))
    async with running(app) as server:
        yield server


async def begun(server: Running) -> str:
    task_id: str = (await call(server, "task.assign", task_type="poem")).task_id
    await call(server, "task.update", task_id=task_id, status="in_progress")
    return task_id


async def work_on(server: Running, task_id: str, begin: int = 0, end: int = PIECES) -> None:
    """Append chunks, alone and together, with some progress between them."""
    for number in range(begin, end, 3):
        await asyncio.gather(
            call(server, "task.append", task_id=task_id, content=f"{number};"),
            call(server, "task.update", task_id=task_id, progress=number * 100 / PIECES),
        )
        await call(server, "task.append", task_id=task_id, content=f"{number + 1};")
        await call(server, "task.append", task_id=task_id, content=f"{number + 2};")


async def complete(server: Running, task_id: str) -> None:
    await call(server, "task.complete", task_id=task_id)


async def stored(server: Running, task_id: str) -> list[Any]:
    """Return every stored entry."""
    async with event_source(server, path="/agora/task/stream", task_id=task_id) as (_, messages):
        return [
            json.loads(message["data"])
            async for message in messages
            if message.get("event") != "closing" and "data" in message
        ]


async def over_sse(server: Running, task_id: str, after: int) -> AsyncIterator[Any]:
    headers = {"Last-Event-ID": str(after)}
    path = f"/v1/agent/tasks/{task_id}/output/stream"
    async with event_source(server, headers, path=path) as (_, messages):
        async for message in messages:
            if "data" in message and message["event"] != "closing":
                yield json.loads(message["data"])


async def over_socket(server: Running, task_id: str, after: int) -> AsyncIterator[Any]:
    arguments = {"task_id": task_id, "last_event_id": str(after)}
    async with socket(server, types="never") as connection:
        await connection.send(json.dumps({"id": 1, "operation": "agora.task.stream", "arguments": arguments}))
        while not (answer := await receive(connection)).get("done"):
            if "item" in answer:
                yield answer["item"]


async def restless(server: Running, task_id: str, way: Any, chance: random.Random) -> list[Any]:
    """Return the entries of a reader that disconnects at random and resumes after the last entry."""
    seen: list[Any] = []
    while not seen or seen[-1]["type"] != "done":
        patience = chance.randrange(1, 40)
        async with contextlib.aclosing(way(server, task_id, len(seen))) as entries:
            async for entry in entries:
                seen.append(entry)
                patience -= 1
                if not patience:
                    break
    return seen


@pytest.mark.parametrize("way", [over_sse, over_socket])
async def test_randomly_disconnecting_readers_get_every_entry_once(server: Running, way: Any) -> None:
    task_id = await begun(server)
    readers = [asyncio.create_task(restless(server, task_id, way, random.Random(seed))) for seed in range(4)]
    await work_on(server, task_id)
    await complete(server, task_id)
    async with asyncio.timeout(60):
        found = await asyncio.gather(*readers)
    expected = await stored(server, task_id)
    assert [entry["number"] for entry in expected] == list(range(1, len(expected) + 1))
    assert all(seen == expected for seen in found)
    written = "".join(entry["content"] for entry in expected if entry["type"] == "output")
    assert sorted(written.split(";")[:-1], key=int) == [str(number) for number in range(PIECES)]
    assert (await call(server, "task.output", task_id=task_id)).content == written
    assert [entry["type"] for entry in expected].count("done") == 1
    await wait_until(lambda: server.app.feed.live["subscribers"] == 0)


async def test_stream_resumes_at_its_position_after_a_server_restart(
    engine: Engine, tmp_path: Path, clock: ManualClock
) -> None:
    port, settings, half = free_port(), make_settings(tmp_path / "data"), PIECES // 2
    async with AgoraClient(f"http://127.0.0.1:{port}") as client:
        entries: list[Any] = []

        async def read() -> None:
            async for entry in client.task.stream(task_id):
                entries.append(entry)
                if entry.content == f"{half - 1};":
                    middle.set()

        middle = asyncio.Event()
        async with running(App(settings, clock=clock, store=engine.store(clock)), port) as server:
            task_id = await begun(server)
            reading = asyncio.create_task(read())
            await work_on(server, task_id, 0, half)
            async with asyncio.timeout(60):
                await middle.wait()
        async with running(App(settings, clock=clock, store=engine.store(clock)), port) as server:
            await work_on(server, task_id, half)
            await complete(server, task_id)
            async with asyncio.timeout(60):
                await reading
            expected = await stored(server, task_id)
    assert [json.loads(entry.model_dump_json()) for entry in entries] == expected
    assert sum(entry.type == "output" for entry in entries) == PIECES
