"""A server killed while its built-in agents work: every task is done once, none is lost or answered twice."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.server_process import Victim
from tests.polling import eventually, passing

TASKS = int(os.environ.get("AGORA_FAULT_TASKS", "300"))
KILLS = int(os.environ.get("AGORA_FAULT_KILLS", "2"))
GIVERS = 8
AT_MOST = 60 + TASKS / 10  # seconds until all tasks are done


async def _post(client: httpx.AsyncClient, path: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """Repeat a request with an idempotency key until it is answered."""
    while True:
        try:
            answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found
        except httpx.TransportError:
            await passing(0.05)


async def _give(client: httpx.AsyncClient, numbers: range, given: dict[str, int]) -> None:
    """Send half of them as tasks, half as messages to the agent's inbox."""
    for number in numbers:
        text = f"Calculate {number} * 3"
        if number % 2:
            body = {"to_agent": "Calculator Agent", "content": text, "correlation_id": f"c{number}"}
            await _post(client, "/agora/messaging/send", f"message-{number}", body)
        else:
            task = {"task_type": "calculate", "assignee": "Calculator Agent", "payload": {"text": text}}
            given[(await _post(client, "/agora/task/assign", f"task-{number}", task))["task_id"]] = number


async def _kill(victim: Victim, until: asyncio.Event) -> None:
    for _ in range(KILLS):
        await passing(0.4)
        await asyncio.to_thread(victim.kill)
        await victim.start()
    until.set()


async def _until_done(client: httpx.AsyncClient) -> None:

    async def count_completed() -> int:
        counts: dict[str, int] = (await client.get("/agora/task/statistics")).json()["by_status"]
        assert set(counts) <= {"pending", "in_progress", "completed"}, counts
        return counts.get("completed", 0)

    await eventually(count_completed, lambda count: count == TASKS, AT_MOST)


@pytest.mark.long
async def test_tasks_of_built_in_agents_survive_a_kill(tmp_path: Path) -> None:
    victim = Victim(tmp_path / "data")
    await victim.start()
    given: dict[str, int] = {}
    killed = asyncio.Event()
    try:
        async with httpx.AsyncClient(base_url=victim.url, timeout=60) as client:
            killing = asyncio.create_task(_kill(victim, killed))
            await asyncio.gather(*(_give(client, range(n, TASKS, GIVERS), given) for n in range(GIVERS)))
            await killing
            await _until_done(client)
        assert await asyncio.to_thread(victim.terminate) == 0
    finally:
        if victim.process is not None and victim.process.poll() is None:
            victim.kill()
    _check(victim.database, given)


def _check(database: Path, given: dict[str, int]) -> None:
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    try:
        rows = connection.execute("select t.*, d.result from tasks t join task_data d using (tenant_id, task_id)")
        tasks = {row["task_id"]: dict(row) for row in rows}
        ends = Counter(
            row[0] for row in connection.execute("select subject from events where type = 'agora.task.completed'")
        )
        replies = Counter(
            row[0] for row in connection.execute("select correlation_id from messages where reply_to is not null")
        )
    finally:
        connection.close()
    assert len(tasks) == TASKS, "a task or a message was lost or duplicated"
    assert given.keys() <= tasks.keys()
    assert {task["status"] for task in tasks.values()} == {"completed"}
    assert ends == Counter(tasks.keys()), "a task was completed twice"
    assert all(tasks[name]["result"] == f'"The result is {number * 3}"' for name, number in given.items())
    assert replies == Counter(f"c{number}" for number in range(1, TASKS, 2)), "a message was answered twice, or not"
