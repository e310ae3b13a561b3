"""A server killed while it forwards tasks and posts notifications: each is done once, and every update is delivered."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.a2a.push_receiver import receiver
from tests.faults.server_process import Victim
from tests.polling import passing
from tests.unit.builtin_agents.remote.scripted_agent import Elsewhere, elsewhere

TASKS = int(os.environ.get("AGORA_FAULT_TASKS", "40"))
KILLS = int(os.environ.get("AGORA_FAULT_KILLS", "2"))
SECONDS = 60
SETTINGS = {"a2a_private_networks": "true", "builtin_agents": "false"}


async def _send(http: httpx.AsyncClient, number: int, **more: Any) -> str:
    """Send the same message repeatedly until it is answered."""
    message = {"messageId": f"m{number}", "role": "ROLE_USER", "parts": [{"text": f"echo {number}"}]}
    body = {"message": message, "agent": "Far", "return_immediately": True, **more}
    while True:
        try:
            answer = await http.post("/agora/a2a/send", json=body)
            assert answer.status_code == 200, answer.text
            return str(answer.json()["task"]["id"])
        except httpx.TransportError:
            await passing(0.05)


async def _kill(victim: Victim) -> None:
    for _ in range(KILLS):
        await passing(0.25)
        await asyncio.to_thread(victim.kill)
        await victim.start()


async def _done(http: httpx.AsyncClient, task_id: str) -> Any:
    """Return the task when it has ended."""
    async with asyncio.timeout(SECONDS):
        while True:
            answer = await http.get("/agora/a2a/get", params={"task_id": task_id, "wait": 10})
            task = answer.json()
            if task["status"]["state"] not in ("TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"):
                return task


async def _add(http: httpx.AsyncClient, far: Elsewhere) -> None:
    added = await http.post("/agora/a2a/add_remote", json={"url": far.url, "name": "Far"})
    assert added.status_code == 200, added.text


@pytest.mark.long
async def test_remote_tasks_survive_a_kill(tmp_path: Path) -> None:
    """Tasks begun at the remote agent are continued there: the answer arrives once, and complete."""
    victim = Victim(tmp_path / "data", **SETTINGS)
    await victim.start()
    try:
        async with elsewhere() as far, httpx.AsyncClient(base_url=victim.url, timeout=60) as http:
            await _add(http, far)
            waiting = (await http.post("/agora/a2a/send", json=_waiting())).json()["task"]["id"]
            await asyncio.wait_for(far.script.waiting.wait(), SECONDS)
            killing = asyncio.create_task(_kill(victim))
            ids = [await _send(http, number) for number in range(TASKS)]
            await killing
            far.script.go_on.set()
            tasks = [await _done(http, task_id) for task_id in ids]
            first = await _done(http, waiting)
        assert "".join(part["text"] for part in first["artifacts"][0]["parts"]) == "before after"
        texts = ["".join(part["text"] for part in task["artifacts"][0]["parts"]) for task in tasks]
        assert texts == [f"echo {number}" for number in range(TASKS)]
        sent = Counter(said["parts"][0]["text"] for said in far.script.heard)
        assert sent["wait here"] == 1, "it was begun again, though it was known to be there"
        assert await asyncio.to_thread(victim.terminate) == 0
    finally:
        _end(victim)


def _waiting() -> dict[str, Any]:
    message = {"messageId": "w", "role": "ROLE_USER", "parts": [{"text": "wait here"}]}
    return {"message": message, "agent": "Far", "return_immediately": True}


@pytest.mark.long
async def test_notifications_survive_a_kill(tmp_path: Path) -> None:
    """Each update is posted at least once, in order; repeated posts are identical."""
    victim = Victim(tmp_path / "data", **SETTINGS)
    await victim.start()
    try:
        async with (
            elsewhere() as far,
            receiver() as there,
            httpx.AsyncClient(base_url=victim.url, timeout=60) as http,
        ):
            await _add(http, far)
            killing = asyncio.create_task(_kill(victim))
            ids = [await _send(http, number, push={"url": there.url}) for number in range(TASKS)]
            await killing
            for task_id in ids:
                await _done(http, task_id)
            await _told(there, ids)
            assert await asyncio.to_thread(victim.terminate) == 0
        for task_id in ids:
            _check([body for body in there.bodies if next(iter(body.values()))["taskId"] == task_id])
    finally:
        _end(victim)


async def _told(there: Any, ids: list[str]) -> None:
    """Wait until the end of every task was posted."""
    async with asyncio.timeout(SECONDS):
        while True:
            ended = {
                body["statusUpdate"]["taskId"]
                for body in there.bodies
                if body.get("statusUpdate", {}).get("status", {}).get("state") == "TASK_STATE_COMPLETED"
            }
            if ended >= set(ids):
                return
            there.arrived.clear()
            await there.arrived.wait()


def _check(bodies: list[Any]) -> None:
    """Check that, without repetitions, updates of one task arrive in order."""
    seen: list[str] = []
    for body in bodies:
        text = json.dumps(body)
        if text in seen:
            assert text == seen[-1], "an older update was posted after a newer one"
        else:
            seen.append(text)
    kinds = [next(iter(json.loads(text))) for text in seen]
    assert kinds[-1] == "statusUpdate"
    assert "artifactUpdate" in kinds[:-1]


def _end(victim: Victim) -> None:
    if victim.process is not None and victim.process.poll() is None:
        victim.kill()
